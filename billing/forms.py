"""Forms of billing."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.forms import formset_factory

from accounts.models import Office
from billing.queries import Basis, ChargeFilter, ChargeState, LedgerFilter, UsageFilter, one_off_due
from billing.rules.one_off import OneOffLine
from billing.rules.papers import CORRECTABLE
from billing.services import ENCODINGS, UTF8
from booking.models import TaxClass
from lib import clock
from lib.fields import CodeField, DateField3, RadioField, SelectField, TextField, YenField
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


class ReissueForm(Form):
    """Why a copy (写し) is made."""

    reason = TextField("再発行の理由", hint="記録に残ります。写しには載りません。", max_length=200, lines=True)


POSTCODE = r"[0-9]{3}-[0-9]{4}"


class InvoiceCorrectionForm(Form):
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


class ChargesForm(Form):
    """Which charges, as the address says it; everything may stay empty."""

    need_words = False
    state = SelectField("状態", required=False)
    office = SelectField("拠点", required=False)
    first = DateField3("請求の基準日（から）", required=False)
    last = DateField3("請求の基準日（まで）", required=False)
    q = TextField("ログインID・氏名・出張番号・予約番号・関連番号", max_length=60, required=False, size="l")

    def __init__(self, *args: Any, offices: Sequence[Office], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offices = {str(office.public_id): office for office in offices}
        names = [(key, office.name) for key, office in self.offices.items()]
        self.fields["state"].choices = [("", "すべて"), *ChargeState.choices]  # type: ignore[attr-defined]
        self.fields["office"].choices = [("", "すべて"), *names]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error(
                "last", ValidationError("終わりの日は、初めの日以後にしてください。", params={"parts": "ymd"})
            )
        return cleaned

    @property
    def wanted(self) -> ChargeFilter:
        """What was asked for, once the form is valid."""
        cleaned = self.cleaned_data
        office = self.offices.get(cleaned["office"])
        return ChargeFilter(cleaned["state"], office, cleaned["first"], cleaned["last"], cleaned["q"])


class CorrectionForm(Form):
    """A charge made right: by its right amount, by the difference, or taken back altogether."""

    silent = frozenset({"way"})
    WAYS = (
        ("right", "正しい金額を入力する"),
        ("difference", "差額を入力する（減らすときは −）"),
        ("reverse", "全額を取り消す（誤って記録した費用）"),
    )
    way = RadioField("直し方", choices=WAYS, initial="right")
    amount = YenField(
        "金額（税込）", low=-9_999_999, required=False, hint="正しい金額か差額。全額を取り消すときは空欄にします。"
    )
    reason = TextField("理由", max_length=100, size="full", hint="確認する人と、あとで明細を見る人が読みます。")

    def __init__(self, *args: Any, standing: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.standing = standing

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        way, amount = cleaned.get("way"), cleaned.get("amount")
        if "amount" in self.errors or way is None:
            return cleaned
        if way == "reverse" and amount is not None:
            self.add_error("amount", "全額を取り消すときは、金額を空欄にしてください。")
        elif way != "reverse" and amount is None:
            self.add_error("amount", "金額を入力してください。")
        elif way != "reverse" and not self.difference:
            self.add_error("amount", "いまの金額と同じです。正しい金額か、0円でない差額を入力してください。")
        return cleaned

    @property
    def is_reversal(self) -> bool:
        return bool(self.cleaned_data["way"] == "reverse")

    @property
    def difference(self) -> int:
        """The yen to add to what stands, once way and amount are known."""
        if self.is_reversal:
            return -self.standing
        amount: int = self.cleaned_data["amount"]
        return amount - self.standing if self.cleaned_data["way"] == "right" else amount


class OneOffForm(Form):
    """A one-off invoice, its lines apart (`OneOffLines`)."""

    office = SelectField("拠点")
    day = DateField3("取引日", hint="契約で決めた日。年度ごとの区分と税率は、この日で決まります。")
    due_on = DateField3(
        "支払期限", required=False, earliest=clock.today, hint="空欄のときは、契約の支払期限になります。"
    )
    reference = CodeField("発注番号・関連番号", max_length=40, required=False)
    reason = TextField(
        "理由", max_length=200, size="full", hint="請求する根拠（契約の条項など）。請求書には載りません。"
    )

    def __init__(self, *args: Any, offices: Sequence[Office], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offices = {str(office.public_id): office for office in offices}
        names = [(key, office.name) for key, office in self.offices.items()]
        self.fields["office"].choices = [("", "選択してください"), *names]  # type: ignore[attr-defined]

    def facts(self) -> dict[str, Any]:
        """Office, days and reference, once the form is valid; the contract's due date where none was typed."""
        cleaned = self.cleaned_data
        return {
            "office": self.offices[cleaned["office"]],
            "day": cleaned["day"],
            "due_on": cleaned["due_on"] or one_off_due(cleaned["day"]),
            "reference": cleaned["reference"],
        }


class OneOffLineForm(Form):
    """One line of a one-off invoice; a line left as it was drawn is no line."""

    need_words = False
    CLASSES = [(kind.value, kind.label) for kind in (TaxClass.STANDARD, TaxClass.REDUCED, TaxClass.OUTSIDE)]
    content = TextField("内容", max_length=80, size="l")
    amount = YenField("金額（税込）", low=-9_999_999)
    tax_class = SelectField("税区分", choices=CLASSES, initial=TaxClass.STANDARD)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("amount") == 0:
            self.add_error("amount", "0円でない金額を入力してください。")
        return cleaned


ONE_OFF_LINES = 10
OneOffLines = formset_factory(
    OneOffLineForm, extra=ONE_OFF_LINES - 1, min_num=1, max_num=ONE_OFF_LINES, absolute_max=ONE_OFF_LINES
)


def typed_lines(forms: Iterable[OneOffLineForm]) -> list[OneOffLine]:
    """The lines that were filled in, in their order."""
    return [OneOffLine(**form.cleaned_data) for form in forms if form.cleaned_data]


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
