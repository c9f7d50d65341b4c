"""Forms of money that comes back, or does not."""

from collections.abc import Sequence
from typing import Any

from accounts.models import Office
from booking.models import ClaimReason, Connection
from booking.queries.claims import ClaimFilter, ClaimList
from lib import clock
from lib.forms import DateField3, Form, RadioField, SelectField, TextField, YenField


class DeskCancelForm(Form):
    """What an operator cancelled on a terminal or by phone, and whether the money has come back."""

    fee = YenField(
        "引かれる額", hint="払戻手数料・取消料です。まだ払い戻されていないときは、引かれる予定の額を入れてください。"
    )
    refunded = RadioField("払戻", choices=[("yes", "済み"), ("no", "まだ（返金待ちにする）")], initial="yes")
    refunded_on = DateField3(
        "払戻の日",
        required=False,
        initial=clock.today,
        hint="手配先が払戻を計上した日です。「まだ」のときは使いません。",
    )
    silent = frozenset({"refunded", "refunded_on"})

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        done = data.get("refunded") == "yes"
        if done and not data.get("refunded_on") and "refunded_on" not in self.errors:
            self.add_error("refunded_on", "払戻の日を入力するか、払戻で「まだ」を選んでください。")
        return data | ({} if done else {"refunded_on": None})


class RefundForm(Form):
    """What the supplier kept of a ticket, and when it booked what comes back."""

    kept = YenField("引かれた額", hint="払戻手数料・取消料です。全額戻ったときは0を入れてください。")
    booked_on = DateField3("払戻の日", hint="手配先が払戻を計上した日です。全額引かれたときは、それが決まった日です。")


class ClaimRefundForm(RefundForm):
    """The refund of what was cancelled, and why it is another sum than was expected."""

    note = TextField(
        "予定と違う理由",
        required=False,
        max_length=200,
        size="full",
        hint="戻る額が予定どおりなら、空けておいてください。違うときは、別の担当者が確かめます。",
    )


class ClaimExplainForm(Form):
    """Why another sum came than was expected."""

    note = TextField("予定と違う理由", max_length=200, size="full", hint="あとで調べる人が読みます。")


class ClaimsForm(Form):
    """Which money owed, as the address says it; everything may stay empty."""

    need_words = False
    which = SelectField("状態", required=False)
    connection = SelectField("手配先", required=False)
    office = SelectField("拠点", required=False)
    older = SelectField("経過日数", required=False)
    OLDER = (("", "すべて"), ("7", "7日を超えるもの"), ("30", "30日を超えるもの"), ("60", "60日を超えるもの"))

    def __init__(self, *args: Any, connections: Sequence[Connection], offices: Sequence[Office], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections = {row.code: row for row in connections}
        self.offices = {str(row.public_id): row for row in offices}
        choices = {
            "which": ClaimList.choices,
            "connection": [("", "すべて"), *((key, row.name) for key, row in self.connections.items())],
            "office": [("", "すべて"), *((key, row.name) for key, row in self.offices.items())],
            "older": self.OLDER,
        }
        for name, options in choices.items():
            self.fields[name].choices = options  # type: ignore[attr-defined]

    @property
    def wanted(self) -> ClaimFilter:
        """What was asked for, once the form is valid."""
        data = self.cleaned_data
        return ClaimFilter(
            data["which"] or ClaimList.OPEN,
            self.connections.get(data["connection"]),
            self.offices.get(data["office"]),
            int(data["older"] or 0),
        )


class ClaimCloseForm(Form):
    """Why money that is owed does not come."""

    reason = RadioField("理由", choices=ClaimReason.choices)
    note = TextField("理由の説明", max_length=200, size="full", hint="確認する人と、あとで調べる人が読みます。")
