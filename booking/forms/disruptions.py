"""Forms of disruptions: what was announced of a train or flight, and what became of each booking on it."""

from collections.abc import Sequence
from typing import Any

from django import forms

from booking.models import DisruptionKind
from booking.services.disruptions import DisruptionFacts
from lib import jst
from lib.forms import DateField3, Form, SelectField, TextField, TimeField


class DisruptionForm(Form):
    """What was announced of a train or flight, and the rules of that day. With `fixed`, all but which one it is."""

    supplier = SelectField("手配先", choices=[])
    service = TextField("便・列車", max_length=40, hint="予約にあるとおりの名前。例:JAL 313、のぞみ21号")
    day = DateField3("運行日")
    kind = SelectField("内容", choices=DisruptionKind.choices)
    source = TextField("発表", max_length=120, hint="どこの発表か。例:JAL公式サイト 運航情報、JR東海 電話")
    announced_on = DateField3("発表の日")
    announced_at = TimeField("発表の時刻", hint="例:9:30")
    free_refund_until = DateField3(
        "無料で払い戻せる最後の日",
        required=False,
        hint="その日を含みます。無料の払戻がないときは空けておいてください。",
    )
    free_change_until = DateField3(
        "手数料なしで変更できる最後の日",
        required=False,
        hint="その日を含みます。無料の変更がないときは空けておいてください。",
    )
    message = TextField(
        "出張者に知らせる文", max_length=600, lines=True, hint="何が起き、どうすればよいか。600字まで。"
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, suppliers: Sequence[tuple[str, str]], fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["supplier"].choices = suppliers  # type: ignore[attr-defined]
        for name in ("supplier", "service", "day") if fixed else ():
            del self.fields[name]

    def facts(self) -> DisruptionFacts:
        """The checked form as what the verbs take."""
        data = self.cleaned_data
        day, time = data["announced_on"], data["announced_at"]
        return DisruptionFacts(
            kind=data["kind"],
            source=data["source"],
            announced_at=jst.at(day, time.hour, time.minute),
            free_refund_until=data["free_refund_until"],
            free_change_until=data["free_change_until"],
            message=data["message"],
        )


class FollowUpForm(Form):
    """What was said on the telephone, or settled with the supplier."""

    note = TextField(
        "連絡の内容", max_length=200, lines=True, hint="だれと話し、どうなったか。例:本人と電話。JAL 317へ変更予定。"
    )
