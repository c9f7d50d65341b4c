"""Verbs of billing. Import them from here or from the module that holds them."""

from billing.services.closing import carry_out_closing, close_period, prepare_closing, reopen_period, request_closing
from billing.services.corrections import ask_charge_correction, ask_charge_reversal, decide_charge_correction
from billing.services.documents import make_document, reissue_invoice, take_document
from billing.services.exports import ExportFile, InvoiceFormat, download_invoice, download_ledger
from billing.services.invoice_corrections import ask_invoice_correction, correct_invoice
from billing.services.one_off import ask_one_off, issue_one_off
from billing.services.periods import open_periods
from billing.services.sending import send_invoice
from billing.services.usage import CP932, ENCODINGS, UTF8, UsageFile, download_usage

__all__ = [
    "CP932",
    "ENCODINGS",
    "UTF8",
    "ExportFile",
    "InvoiceFormat",
    "UsageFile",
    "ask_charge_correction",
    "ask_charge_reversal",
    "ask_invoice_correction",
    "ask_one_off",
    "carry_out_closing",
    "close_period",
    "correct_invoice",
    "decide_charge_correction",
    "download_invoice",
    "download_ledger",
    "download_usage",
    "issue_one_off",
    "make_document",
    "open_periods",
    "prepare_closing",
    "reissue_invoice",
    "reopen_period",
    "request_closing",
    "send_invoice",
    "take_document",
]
