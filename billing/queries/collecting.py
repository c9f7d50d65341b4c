"""What an invoice takes. Preview and closing use the same queries, so that they agree to the yen."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Office
from billing.models import InvoiceLine, Period
from billing.queries.lines import DraftLine, draft_line, numbered, with_payer
from booking.models import Charge, Nature, Settlement, TaxClass

CHUNK = 2000
# Of charges from `with_payer`: what was 未設定 and still is.
UNSET = Q(nature_now=Nature.UNSET) | Q(tax_class_now=TaxClass.UNSET)


def open_charges() -> QuerySet[Charge]:
    """Charges that an office has still to pay: on no invoice, and not settled by the traveller (本人立替)."""
    billed = InvoiceLine.objects.filter(charge=OuterRef("pk"))
    return Charge.objects.filter(~Exists(billed)).exclude(reservation__settlement=Settlement.SELF)


def homeless_charges(last_day: dt.date) -> QuerySet[Any]:
    """Open charges of people without a membership on the day of use: they wait, on no invoice."""
    return with_payer(open_charges().filter(billing_on__lte=last_day)).filter(payer=None)


def charges_due(office: Office, last_day: dt.date) -> QuerySet[Any]:
    """Open charges of an office up to the day, whichever period they come from."""
    return with_payer(open_charges().filter(billing_on__lte=last_day)).filter(payer=office.pk)


def unset_charges(office: Office, last_day: dt.date) -> QuerySet[Any]:
    """Those of an office whose nature (取扱い) or tax class nobody has set: they stop its closing."""
    return charges_due(office, last_day).filter(UNSET)


def due_lines(period: Period) -> QuerySet[Any]:
    """The charges that closing the period takes, with every field of a line and its position."""
    return numbered(charges_due(period.office, period.last_day), period.first_day)


def draft_lines(period: Period, *, limit: int | None = None) -> Iterator[DraftLine]:
    """The lines of a period that is not closed, in the order of the invoice (one query, streamed)."""
    names = [f"line_{name}" for name in DraftLine.__slots__]
    rows = due_lines(period).values(*names)
    for row in rows[:limit] if limit else rows.iterator(chunk_size=CHUNK):
        yield draft_line(row)
