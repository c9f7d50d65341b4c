"""Structure of closing and invoices."""

from billing.models.documents import InvoiceDocument
from billing.models.exports import UsageDownload
from billing.models.invoices import Invoice, InvoiceCorrection, InvoiceLine, InvoiceMailing, NumberSeries
from billing.models.one_off import OneOffRequest
from billing.models.periods import Period
from billing.states import DocumentKind, InvoiceKind, PeriodState

__all__ = [
    "DocumentKind",
    "Invoice",
    "InvoiceCorrection",
    "InvoiceDocument",
    "InvoiceKind",
    "InvoiceLine",
    "InvoiceMailing",
    "NumberSeries",
    "OneOffRequest",
    "Period",
    "PeriodState",
    "UsageDownload",
]
