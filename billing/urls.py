"""Addresses of closing, invoices, usage data and the ledger."""

from django.urls import path

from billing.services import InvoiceFormat
from billing.views import exports, invoices, periods, usage

app_name = "billing"
urlpatterns = [
    path("closing/", periods.periods, name="periods"),
    path("closing/<uuid:pk>/", periods.period, name="period"),
    path("closing/<uuid:pk>/prepare/", periods.prepare, name="prepare"),
    path("closing/<uuid:pk>/close/", periods.close, name="close"),
    path("closing/<uuid:pk>/progress/", periods.close_progress, name="close_progress"),
    path("invoices/", invoices.invoices, name="invoices"),
    path("invoices/<uuid:pk>/", invoices.invoice, name="invoice"),
    path("invoices/<uuid:pk>/pdf/", invoices.invoice_pdf, name="invoice_pdf"),
    path("invoices/<uuid:pk>/csv/", exports.invoice_file, {"form": InvoiceFormat.CSV}, name="invoice_csv"),
    path("invoices/<uuid:pk>/xlsx/", exports.invoice_file, {"form": InvoiceFormat.XLSX}, name="invoice_xlsx"),
    path("invoices/<uuid:pk>/json/", exports.invoice_file, {"form": InvoiceFormat.TWIN}, name="invoice_json"),
    path("usage/", usage.usage, name="usage"),
    path("usage/csv/", usage.usage_csv, name="usage_csv"),
    path("ledger/", exports.ledger, name="ledger"),
    path("ledger/csv/", exports.ledger_csv, name="ledger_csv"),
]
