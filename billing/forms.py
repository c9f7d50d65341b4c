"""Forms of billing."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError

from accounts.models import Office
from billing.queries import Basis, LedgerFilter, UsageFilter
from billing.services import ENCODINGS, UTF8
from lib.fields import DateField3, RadioField, SelectField
from lib.forms import Form


class DaysForm(Form):
    """Days, and one office or all."""

    need_words = False
    first = DateField3("期間の初日")
    last = DateField3("期間の末日")
    office = SelectField("拠点", required=False)

    def __init__(self, *args: Any, offices: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["office"].choices = [("", "すべて"), *offices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error(
                "last", ValidationError("期間の末日は、初日以後の日にしてください。", params={"parts": "ymd"})
            )
        return cleaned


class UsageForm(DaysForm):
    """Which usage data: days, what the days mean, which office."""

    basis = RadioField("期間の基準", choices=Basis.CHOICES)
    field_order = ("first", "last", "basis", "office")


class LedgerForm(DaysForm):
    """Which part of the ledger: billing days, which office."""


def read_encoding(value: str) -> str:
    """The encoding that an address asks for; UTF-8 unless it names another that is offered."""
    return value if value in dict(ENCODINGS) else UTF8


def read_month(value: str) -> dt.date | None:
    """The first day of a month given as 2026-11; None for anything else."""
    try:
        return dt.datetime.strptime(value, "%Y-%m").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None


def usage_query(wanted: UsageFilter) -> str:
    """The address' query that asks for the same usage data again, as the form would send it."""
    return _query(wanted.first, wanted.last, wanted.office, basis=wanted.basis)


def ledger_query(wanted: LedgerFilter) -> str:
    """The address' query that asks for the same part of the ledger again, as the form would send it."""
    return _query(wanted.first, wanted.last, wanted.office)


def _query(first: dt.date, last: dt.date, office: Office | None, **more: str) -> str:
    days = {
        f"{name}_{part}": number
        for name, day in (("first", first), ("last", last))
        for part, number in zip("ymd", (day.year, day.month, day.day), strict=True)
    }
    return urlencode({**days, **more, "office": str(office.public_id) if office else ""})
