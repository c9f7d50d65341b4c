"""Verbs of billing. Import them from here or from the module that holds them."""

from billing.services.closing import carry_out_closing, close_period, prepare_closing, reopen_period, request_closing
from billing.services.documents import make_document, take_document
from billing.services.exports import ExportFile, InvoiceFormat, download_invoice, download_ledger
from billing.services.periods import open_periods
from billing.services.usage import CP932, ENCODINGS, UTF8, UsageFile, download_usage

__all__ = [
    "CP932",
    "ENCODINGS",
    "UTF8",
    "ExportFile",
    "InvoiceFormat",
    "UsageFile",
    "carry_out_closing",
    "close_period",
    "download_invoice",
    "download_ledger",
    "download_usage",
    "make_document",
    "open_periods",
    "prepare_closing",
    "reopen_period",
    "request_closing",
    "take_document",
]
