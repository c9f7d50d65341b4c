"""The form in which an operator records what became of a call whose answer was lost."""

from typing import Any

from booking.models import CallVerb, ReservationState, SupplierCall
from booking.services.settling import Finding
from booking.suppliers.base import Tickets
from booking.suppliers.registry import can
from lib import clock, jst
from lib.forms import CodeField, DateField3, Form, RadioField, TextField, TimeField, YenField


class SettleForm(Form):
    """What an operator found out at the supplier about a call whose answer was lost; the fields are those of its verb."""

    happened = RadioField("手配先での結果", choices=[("yes", "成立していた"), ("no", "成立していない")])
    number = CodeField("予約番号", max_length=30, size="m", required=False)
    price = YenField("金額", required=False, hint="税込。手配先の画面に表示された合計です。")
    fee = YenField("引かれる額", required=False, hint="取消手数料・払戻手数料です。ないときは0を入れてください。")
    hold_on = DateField3("発券の期限の日", required=False, hint="手配先が期限を示したときだけ入れてください。")
    hold_at = TimeField("発券の期限の時刻", required=False, hint="例:23:59")
    refunded = RadioField(
        "払戻", choices=[("yes", "済み"), ("no", "まだ（返金待ちにする）")], initial="yes", required=False
    )
    why = TextField(
        "確かめた方法", max_length=200, size="full", hint="例:手配先の管理画面で予約一覧を確認、電話で確認（担当 〇〇）"
    )
    silent = frozenset({"happened", "refunded", "number", "price", "fee"})

    def __init__(self, *args: Any, call: SupplierCall, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        verb, ends = call.verb, call.reservation.hold_until
        ticketed = call.state_before == ReservationState.TICKETED
        self.needed = {
            CallVerb.BOOK: ["number", "price"],
            CallVerb.TICKET: ["number", "price"],
            CallVerb.CHANGE: ["number", "price", "fee"] if ticketed else ["price", "fee"],
            CallVerb.CANCEL: ["fee", "refunded"],
        }[CallVerb(verb)]
        held = not ticketed and verb in {CallVerb.BOOK, CallVerb.CHANGE} and can(call.reservation.supplier, Tickets)
        asked = {"happened", "why", *self.needed, *(["hold_on", "hold_at"] if held else [])}
        for name in set(self.fields).difference(asked):
            del self.fields[name]
        if verb == CallVerb.TICKET:
            self.fields["number"].label = "航空券番号"
        elif verb == CallVerb.CHANGE:
            self._name(
                "price", "変更後の金額", "税込。変更した予約の全額です。差額ではありません。変更手数料は含めません。"
            )
            self._name("fee", "変更手数料", "ないときは0を入れてください。")
            if ticketed:
                self._name("number", "新しい航空券番号", "")
            elif held and ends:
                self.initial.update(hold_on=jst.day_of(ends), hold_at=jst.local(ends).time())

    def _name(self, name: str, label: str, hint: str) -> None:
        self.fields[name].label, self.fields[name].help_text = label, hint

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in self.needed:
            missing = data.get(name) is None if name == "fee" else not data.get(name)
            if data.get("happened") == "yes" and missing and name not in self.errors:
                self.add_error(name, f"成立していたときは、{self.fields[name].label}を入力してください。")
        day, at = data.get("hold_on"), data.get("hold_at")
        if (day is None) != (at is None) and not {"hold_on", "hold_at"} & set(self.errors):
            self.add_error("hold_at" if day else "hold_on", "発券の期限は、日と時刻の両方を入力してください。")
        elif day and at and jst.at(day, at.hour, at.minute) <= clock.now():
            self.add_error("hold_on", "発券の期限が過ぎています。手配先が示す期限を確かめてください。")
        return data

    def finding(self) -> Finding:
        """The checked form as what the verb takes."""
        data = self.cleaned_data
        day, at = data.get("hold_on"), data.get("hold_at")
        return Finding(
            happened=data["happened"] == "yes",
            why=data["why"],
            number=data.get("number") or "",
            price=data.get("price") or 0,
            fee=data.get("fee") or 0,
            refunded=data.get("refunded") != "no",
            hold_until=jst.at(day, at.hour, at.minute) if (day and at) else None,
        )
