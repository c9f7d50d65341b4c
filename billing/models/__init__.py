"""Structure of closing and invoices."""

from billing.models.exports import UsageDownload
from billing.models.invoices import Invoice, InvoiceDocument, InvoiceLine, NumberSeries
from billing.models.periods import Period
from billing.states import PeriodState

__all__ = ["Invoice", "InvoiceDocument", "InvoiceLine", "NumberSeries", "Period", "PeriodState", "UsageDownload"]
