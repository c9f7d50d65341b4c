"""Forms of billing."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError

from billing.queries import Basis, UsageFilter
from billing.rules.papers import CORRECTABLE
from billing.services import ENCODINGS, UTF8
from lib.fields import CodeField, DateField3, RadioField, SelectField, TextField
from lib.forms import Form


class UsageForm(Form):
    """Which usage data: days, what the days mean, which office, and how the file is written."""

    need_words = False
    first = DateField3("期間の初日")
    last = DateField3("期間の末日")
    basis = RadioField("期間の基準", choices=Basis.CHOICES)
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


class ReissueForm(Form):
    """Why a copy (写し) is made."""

    reason = TextField("再発行の理由", hint="記録に残ります。写しには載りません。", max_length=200, lines=True)


POSTCODE = r"[0-9]{3}-[0-9]{4}"


class CorrectionForm(Form):
    """The correctable fields of an invoice's face, and why they change."""

    need_words = False
    recipient_client = TextField(CORRECTABLE["recipient_client"], max_length=120, size="full")
    recipient_name = TextField(CORRECTABLE["recipient_name"], max_length=80, size="full")
    recipient_postcode = CodeField(
        CORRECTABLE["recipient_postcode"], max_length=8, pattern=POSTCODE, example="810-8610", size="m"
    )
    recipient_address = TextField(CORRECTABLE["recipient_address"], max_length=200, size="full")
    issuer_name = TextField(CORRECTABLE["issuer_name"], max_length=120, size="full")
    issuer_postcode = CodeField(
        CORRECTABLE["issuer_postcode"], max_length=8, pattern=POSTCODE, example="100-0000", size="m"
    )
    issuer_address = TextField(CORRECTABLE["issuer_address"], max_length=200, size="full")
    issuer_telephone = CodeField(CORRECTABLE["issuer_telephone"], max_length=20, size="m")
    issuer_hours = TextField(CORRECTABLE["issuer_hours"], max_length=60)
    issuer_bank = TextField(CORRECTABLE["issuer_bank"], max_length=120, size="full")
    issuer_account_holder = TextField(CORRECTABLE["issuer_account_holder"], max_length=120, size="full")
    reason = TextField("修正の理由", hint="確かめる人に見え、記録に残ります。", max_length=200, lines=True)

    def values(self) -> dict[str, str]:
        """What was typed into the correctable fields."""
        return {field: self.cleaned_data[field] for field in CORRECTABLE}


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
    """The address' query that asks for the same data again, as the form would send it."""
    days = {
        f"{name}_{part}": number
        for name, day in (("first", wanted.first), ("last", wanted.last))
        for part, number in zip("ymd", (day.year, day.month, day.day), strict=True)
    }
    office = str(wanted.office.public_id) if wanted.office else ""
    return urlencode({**days, "basis": wanted.basis, "office": office})
