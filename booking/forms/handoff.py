"""Forms of who comes back from a supplier's own site: with a number, without one, or with a refund."""

from typing import Any

from lib.forms import CodeField, Form, RadioField, YenField


class NumberForm(Form):
    """The number with which the person came back."""

    number = CodeField("予約番号", max_length=20, size="m")
    price = YenField(
        "買った金額",
        low=1,
        required=False,
        hint="税込。分からないときは空けておいてください。翌日以降の利用実績で確定します。",
    )

    def __init__(self, *args: Any, label: str, hint: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].label, self.fields["number"].help_text = label, hint
        self.fields["number"].error_messages["required"] = f"{label}を入力してください。"


REASONS = [
    ("料金が違ったため、買わなかった", "料金が違う"),
    ("席がなかったため、買わなかった", "席がない"),
    ("手配先のサイトに入れなかった", "サイトに入れない"),
    ("予約をやめた", "予約をやめる"),
]


class GiveUpForm(Form):
    """Why the person came back without having bought."""

    why = RadioField("買わなかった理由", choices=REASONS)


class OwnCancelForm(Form):
    """What was kept when the person cancelled on the supplier's own site."""

    fee = YenField("払戻手数料", hint="手配先の画面に表示された金額です。", initial=320)
