"""Nouns for the pages of billing. Import them from here."""

from billing.queries.collecting import DraftLine, draft_lines, open_charges, unset_charges
from billing.queries.faces import Draft, draft_invoice
from billing.queries.invoices import ShownLine, document_of, invoice_lines, invoice_names, invoices
from billing.queries.periods import (
    Obstacle,
    PeriodRow,
    default_month,
    has_earlier_open,
    period_names,
    period_row,
    period_rows,
    preview,
    preview_lines,
    shown_obstacles,
)
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
    "COLUMNS",
    "Basis",
    "Draft",
    "DraftLine",
    "Obstacle",
    "PeriodRow",
    "ShownLine",
    "UsageFilter",
    "UsagePreview",
    "default_month",
    "document_of",
    "draft_invoice",
    "draft_lines",
    "has_earlier_open",
    "invoice_lines",
    "invoice_names",
    "invoices",
    "open_charges",
    "period_names",
    "period_row",
    "period_rows",
    "preview",
    "preview_lines",
    "shown_obstacles",
    "unset_charges",
    "usage_charges",
    "usage_count_and_sum",
    "usage_offices",
    "usage_preview",
    "usage_row",
    "usage_unfit",
    "work_items",
]
