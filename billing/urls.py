"""Addresses of closing, invoices and usage data."""

from django.urls import path

from billing.views import invoices, papers, periods, usage

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
    path("invoices/<uuid:pk>/reissue/", papers.reissue, name="reissue"),
    path("invoices/<uuid:pk>/correct/", papers.correct, name="correct"),
    path("invoices/<uuid:pk>/correct/confirm/", papers.confirm_correction, name="confirm_correction"),
    path("invoices/<uuid:pk>/send/", papers.send, name="send"),
    path("invoices/documents/<uuid:pk>/pdf/", papers.document_pdf, name="document_pdf"),
    path("usage/", usage.usage, name="usage"),
    path("usage/csv/", usage.usage_csv, name="usage_csv"),
]
