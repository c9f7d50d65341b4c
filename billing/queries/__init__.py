"""Nouns for the pages of billing. Import them from here."""

from billing.queries.charge_page import ChargePage, charge_page
from billing.queries.charges import ChargeFilter, ChargeState, charges, charges_count_and_sum
from billing.queries.collecting import draft_lines, due_lines, open_charges, unset_charges
from billing.queries.corrections import correction_placement, reversal_placement, standing_of
from billing.queries.faces import Draft, draft_invoice, draft_one_off, period_digest, preview
from billing.queries.invoices import ShownLine, document_of, invoice_lines, invoice_names, invoices, shown_line
from billing.queries.lines import DraftLine, numbered, with_payer
from billing.queries.obstacles import Obstacle
from billing.queries.one_off import OneOffPreview, one_off_confirmation, one_off_due, one_off_preview, preview_request
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
    "COLUMNS",
    "Basis",
    "ChargeFilter",
    "ChargePage",
    "ChargeState",
    "Draft",
    "DraftLine",
    "Obstacle",
    "OneOffPreview",
    "PeriodRow",
    "ShownLine",
    "Tallies",
    "Tally",
    "UsageFilter",
    "UsagePreview",
    "charge_page",
    "charges",
    "charges_count_and_sum",
    "correction_placement",
    "default_month",
    "document_of",
    "draft_invoice",
    "draft_lines",
    "draft_one_off",
    "due_lines",
    "has_earlier_open",
    "invoice_lines",
    "invoice_names",
    "invoices",
    "moved_lines",
    "numbered",
    "one_off_confirmation",
    "one_off_due",
    "one_off_preview",
    "open_charges",
    "period_digest",
    "period_names",
    "period_row",
    "period_rows",
    "preview",
    "preview_lines",
    "preview_request",
    "reversal_placement",
    "shown_line",
    "shown_obstacles",
    "standing_of",
    "tally_invoice",
    "transfer_lines",
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
