"""Nouns for the pages of billing. Import them from here."""

from billing.queries.collecting import draft_lines, due_lines, open_charges, unset_charges
from billing.queries.exports import AMOUNT, LINE_COLUMNS, SCHEMA, exported_lines, line_cells, twin_invoice, twin_line
from billing.queries.face_sheet import face_rows
from billing.queries.faces import Draft, draft_invoice, draft_one_off, period_digest, preview
from billing.queries.invoices import ShownLine, document_of, invoice_lines, invoice_names, invoices, shown_line
from billing.queries.ledger import (
    LEDGER_COLUMNS,
    LedgerFilter,
    LedgerPreview,
    ledger_count_and_sum,
    ledger_csv,
    ledger_offices,
    ledger_preview,
)
from billing.queries.lines import DraftLine, numbered, with_payer
from billing.queries.obstacles import Obstacle
from billing.queries.periods import (
    PeriodRow,
    default_month,
    has_earlier_open,
    period_names,
    period_row,
    period_rows,
    preview_lines,
    shown_obstacles,
)
from billing.queries.tallies import Tallies, Tally, tally_invoice
from billing.queries.transfers import moved_lines, transfer_lines
from billing.queries.usage import (
    COLUMNS,
    Basis,
    UsageFilter,
    UsagePreview,
    usage_charges,
    usage_count_and_sum,
    usage_offices,
    usage_preview,
    usage_row,
    usage_unfit,
)
from billing.queries.work import work_items

__all__ = [
    "AMOUNT",
    "COLUMNS",
    "LEDGER_COLUMNS",
    "LINE_COLUMNS",
    "SCHEMA",
    "Basis",
    "Draft",
    "DraftLine",
    "LedgerFilter",
    "LedgerPreview",
    "Obstacle",
    "PeriodRow",
    "ShownLine",
    "Tallies",
    "Tally",
    "UsageFilter",
    "UsagePreview",
    "default_month",
    "document_of",
    "draft_invoice",
    "draft_lines",
    "draft_one_off",
    "due_lines",
    "exported_lines",
    "face_rows",
    "has_earlier_open",
    "invoice_lines",
    "invoice_names",
    "invoices",
    "ledger_count_and_sum",
    "ledger_csv",
    "ledger_offices",
    "ledger_preview",
    "line_cells",
    "moved_lines",
    "numbered",
    "open_charges",
    "period_digest",
    "period_names",
    "period_row",
    "period_rows",
    "preview",
    "preview_lines",
    "shown_line",
    "shown_obstacles",
    "tally_invoice",
    "transfer_lines",
    "twin_invoice",
    "twin_line",
    "unset_charges",
    "usage_charges",
    "usage_count_and_sum",
    "usage_offices",
    "usage_preview",
    "usage_row",
    "usage_unfit",
    "with_payer",
    "work_items",
]
