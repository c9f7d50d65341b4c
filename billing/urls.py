"""Addresses of closing, invoices, usage data and the ledger."""

from django.urls import path

from billing.services import InvoiceFormat
from billing.views import charges, exports, invoices, one_off, papers, periods, usage

app_name = "billing"
urlpatterns = [
    path("closing/", periods.periods, name="periods"),
    path("closing/<uuid:pk>/", periods.period, name="period"),
    path("closing/<uuid:pk>/prepare/", periods.prepare, name="prepare"),
    path("closing/<uuid:pk>/close/", periods.close, name="close"),
    path("closing/<uuid:pk>/progress/", periods.close_progress, name="close_progress"),
    path("invoices/", invoices.invoices, name="invoices"),
    path("invoices/one-off/", one_off.one_off, name="one_off"),
    path("invoices/one-off/<uuid:pk>/", one_off.decide_one_off, name="decide_one_off"),
    path("invoices/<uuid:pk>/", invoices.invoice, name="invoice"),
    path("invoices/<uuid:pk>/pdf/", invoices.invoice_pdf, name="invoice_pdf"),
    path("invoices/<uuid:pk>/reissue/", papers.reissue, name="reissue"),
    path("invoices/<uuid:pk>/correct/", papers.correct, name="correct"),
    path("invoices/<uuid:pk>/correct/confirm/", papers.confirm_correction, name="confirm_correction"),
    path("invoices/<uuid:pk>/send/", papers.send, name="send"),
    path("invoices/documents/<uuid:pk>/pdf/", papers.document_pdf, name="document_pdf"),
    path("charges/", charges.charges, name="charges"),
    path("charges/<uuid:pk>/", charges.charge, name="charge"),
    path("charges/<uuid:pk>/correct/", charges.correct, name="correct_charge"),
    path("charges/<uuid:pk>/correct/decide/", charges.decide_correction, name="decide_correction"),
    path("invoices/<uuid:pk>/csv/", exports.invoice_file, {"form": InvoiceFormat.CSV}, name="invoice_csv"),
    path("invoices/<uuid:pk>/xlsx/", exports.invoice_file, {"form": InvoiceFormat.XLSX}, name="invoice_xlsx"),
    path("invoices/<uuid:pk>/json/", exports.invoice_file, {"form": InvoiceFormat.TWIN}, name="invoice_json"),
    path("usage/", usage.usage, name="usage"),
    path("usage/csv/", usage.usage_csv, name="usage_csv"),
    path("ledger/", exports.ledger, name="ledger"),
    path("ledger/csv/", exports.ledger_csv, name="ledger_csv"),
]
