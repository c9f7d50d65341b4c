"""The filters of the log."""

from typing import Any

from audit.queries import kinds
from lib.fields import DateField3, SelectField, TextField
from lib.forms import Form


class EventFilterForm(Form):
    """Who, what, which kind, which days. Nothing is required, so no field carries a need word."""

    need_words = False

    who = TextField("人", hint="氏名・カナ・ログインID", max_length=60, size="m", required=False)
    about = TextField("対象", hint="出張番号・予約番号・請求書番号・ID", max_length=60, size="m", required=False)
    kind = SelectField("種別", choices=lambda: [("", "すべて"), *kinds()], required=False)
    first = DateField3("いつから", required=False)
    last = DateField3("いつまで", required=False)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        first, last = found.get("first"), found.get("last")
        if first and last and last < first:
            self.add_error("last", "「いつから」と同じ日か、それより後の日にしてください。")
        return found
