"""Forms of bookings: shape only; the rules stand in the services."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import User
from booking.errors import BadWish
from booking.models import Connection, DisruptionKind, Part, Settlement
from booking.queries.places import resolve_place
from booking.queries.taxes import StayTaxProposal, flight_fee_by_names, propose_stay_tax
from booking.services.disruptions import DisruptionFacts
from booking.services.recording import Purchase
from booking.services.searching import Wish
from booking.suppliers.registry import KINDS
from booking.suppliers.types import Night, Ride
from lib import clock, jst, yen
from lib.forms import (
    CheckField,
    ChecksField,
    CodeField,
    DateField3,
    Form,
    RadioField,
    SelectField,
    TextField,
    TimeField,
    UploadField,
    WholeField,
    YenField,
)

SUGGEST = {"data-suggest": "/places/", "autocomplete": "off"}


class SearchForm(Form):
    """Who travels, for what, from where to where, when, with how many nights."""

    traveller = SelectField("出張者", choices=[])
    purpose = TextField("用務", hint="例:九州支社 団地再生協議。私用の旅行は扱いません。", max_length=120, size="full")
    origin = TextField("出発地", hint="駅・空港・市町村", max_length=60, widget=forms.TextInput(attrs=SUGGEST))
    destination = TextField("用務地", hint="駅・空港・市町村", max_length=60, widget=forms.TextInput(attrs=SUGGEST))
    out_on = DateField3("行きの日")
    trip_type = RadioField("行程", choices=[("round", "往復"), ("one_way", "片道")], initial="round")
    back_on = DateField3("帰りの日", required=False, hint="片道のときは空けておいてください。")
    nights = WholeField(
        "泊数", low=0, high=30, unit="泊", initial=0, hint="宿泊先も探すときに入れてください。日帰りは0です。"
    )
    kinds = ChecksField(
        "探す乗りもの", choices=[("air", "飛行機"), ("rail", "新幹線")], initial=["air", "rail"], required=False
    )
    silent = frozenset({"trip_type", "kinds", "traveller", "back_on"})

    def __init__(self, *args: Any, travellers: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.travellers = {str(person.public_id): person for person in travellers}
        names = [(key, person.name) for key, person in self.travellers.items()]
        self.fields["traveller"].choices = names  # type: ignore[attr-defined]

    def clean_origin(self) -> Any:
        return self._place("origin")

    def clean_destination(self) -> Any:
        return self._place("destination")

    def _place(self, name: str) -> Any:
        try:
            return resolve_place(self.cleaned_data[name])
        except BadWish as error:
            raise forms.ValidationError(error.message) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        round_trip = data.get("trip_type") == "round"
        if round_trip and not data.get("back_on") and "back_on" not in self.errors:
            self.add_error("back_on", "帰りの日を入力するか、行程で「片道」を選んでください。")
        if not round_trip:
            data["back_on"] = None
        return data

    def wish(self) -> Wish:
        """The checked form as the wish that the verb takes."""
        data = self.cleaned_data
        return Wish(
            traveller=self.travellers[data["traveller"]],
            purpose=data["purpose"],
            origin=data["origin"],
            destination=data["destination"],
            out_on=data["out_on"],
            back_on=data["back_on"],
            nights=data["nights"],
            air="air" in data["kinds"],
            rail="rail" in data["kinds"],
        )


class ConfirmForm(Form):
    """The person saw this version at this sum, and agrees to the terms of business."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    total = forms.IntegerField(widget=forms.HiddenInput)
    consent = CheckField(
        "取引条件（旅行業約款・取消料）を読み、同意します",
        ask="取引条件を読み、同意するときはチェックを入れてください。",
    )
    silent = frozenset({"consent"})


class CancelForm(Form):
    """The fee that the person saw."""

    max_fee = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class OwnCancelForm(Form):
    """What was kept when the person cancelled on the supplier's own site."""

    fee = YenField("払戻手数料", hint="手配先の画面に表示された金額です。", initial=320)


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


class NumberForm(Form):
    """The number with which the person came back."""

    number = CodeField("予約番号", max_length=20, size="m")
    price = YenField(
        "買った金額",
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


class LookInsteadForm(Form):
    """Another day, other nights, by air or rail: what to look for instead of a booking."""

    day = DateField3("利用日")
    nights = WholeField("泊数", low=1, high=30, unit="泊", initial=1)
    kinds = ChecksField("探す乗りもの", choices=[("air", "飛行機"), ("rail", "新幹線")], required=False)

    def __init__(self, *args: Any, stay: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ["kinds"] if stay else ["nights"]:
            del self.fields[name]
        if stay:
            self.fields["day"].label = "チェックインの日"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "kinds" in self.fields and not data.get("kinds"):
            self.add_error("kinds", "探す乗りものを1つ以上選んでください。")
        return data


class ChangeForm(Form):
    """The highest cost of a change and the fee within it, as they were on the page (yen; the cost may be negative)."""

    max_cost = forms.IntegerField(widget=forms.HiddenInput, min_value=-9_999_999, max_value=9_999_999)
    max_fee = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=9_999_999)


class GiveUpForm(Form):
    """Why the person came back without having bought."""

    why = RadioField("買わなかった理由", choices=REASONS)


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


class FeedForm(Form):
    """A usage file of a supplier."""

    connection = SelectField("手配先", choices=[])
    file = UploadField(
        "利用実績のファイル", endings=(".csv",), hint="手配先からダウンロードしたCSVを、そのまま選んでください。"
    )

    def __init__(self, *args: Any, connections: Sequence[Connection], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections = {connection.code: connection for connection in connections}
        self.fields["connection"].choices = [  # type: ignore[attr-defined]
            (code, connection.name) for code, connection in self.connections.items()
        ]


class RecordForm(Form):
    """A booking that an operator made on a supplier's terminal.

    What the supplier states always counts. An empty 宿泊税 takes what the rules propose, and a 旅客施設使用料 that differs
    from the rules is kept, but either only after it was shown: `look` is then not yet `seen`.
    """

    trip = CodeField("出張番号", max_length=12, upper=True, size="m", hint="例:T26120418")
    part = SelectField("区分", choices=Part.choices)
    connection = SelectField("手配先", choices=[])
    number = CodeField("予約番号", max_length=20, size="m")
    title = TextField("便・列車・ホテル", max_length=40, hint="例:JAL 313、のぞみ52号、ホテル博多なぎさ通り")
    detail = TextField("設備・部屋", max_length=60, required=False, hint="例:普通車指定席、シングル 禁煙")
    day = DateField3("利用日", hint="宿泊は最初の泊の日です。")
    from_name = TextField("乗る駅・空港", max_length=40, required=False)
    departs = TimeField("出発", required=False)
    to_name = TextField("降りる駅・空港", max_length=40, required=False)
    arrives = TimeField("到着", required=False)
    nights = WholeField("泊数", low=1, high=30, unit="泊", required=False, hint="宿泊のときだけ入れてください。")
    place = TextField(
        "宿泊地",
        max_length=60,
        required=False,
        hint="市町村か宿泊エリア（例:福岡、博多駅周辺）。手配先が宿泊税を示さないとき、計算に使います。",
        widget=forms.TextInput(attrs=SUGGEST),
    )
    price = YenField("金額", hint="税込の合計。宿泊税と入湯税は含めません。")
    psfc = YenField(
        "旅客施設使用料",
        required=False,
        hint="飛行機で、金額のうち別に示されている額。示されていないときは空けておいてください。",
    )
    stay_tax = YenField(
        "宿泊税",
        required=False,
        hint="手配先が示した合計。ないときは0。空けておくと、宿泊地・日・室料から計算した額を先に示します。",
    )
    bathing_tax = YenField("入湯税", required=False, hint="鉱泉浴場のある施設で、手配先が示した合計。")
    tax_on_the_spot = CheckField("宿泊税・入湯税は、出張者が現地で払う", required=False)
    settlement = RadioField("支払", choices=Settlement.choices, initial=Settlement.LUMP)
    raises_total = CheckField("上限を超えることを、出張者に確かめた", required=False)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    silent = frozenset({"settlement", "raises_total", "tax_on_the_spot"})

    def __init__(self, *args: Any, connections: Sequence[Connection], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.proposal: StayTaxProposal | None = None
        self.ruled_psfc: int | None = None
        self.connections = {connection.code: connection for connection in connections}
        self.fields["connection"].choices = [  # type: ignore[attr-defined]
            ("", "選択してください"),
            *((code, connection.name) for code, connection in self.connections.items()),
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        connection = self.connections.get(data.get("connection") or "")
        if connection is None:
            return data
        stay = KINDS[connection.supplier] == "stay"
        if stay != (data.get("part") == Part.STAY):
            self.add_error("part", "手配先と区分が合いません。どちらかを直してください。")
        needed = ["nights"] if stay else ["from_name", "departs", "to_name", "arrives"]
        for name in needed:
            if not data.get(name) and name not in self.errors:
                self.add_error(name, f"{self.fields[name].label}を入力してください。")
        if not stay and data.get("departs") and data.get("arrives") and data["arrives"] <= data["departs"]:
            self.add_error("arrives", "到着が出発より前です。時刻を直してください。")
        air = KINDS[connection.supplier] == "air"
        for name, fits, word in [("psfc", air, "飛行機"), ("stay_tax", stay, "宿泊"), ("bathing_tax", stay, "宿泊")]:
            if data.get(name) and not fits:
                self.add_error(name, f"{self.fields[name].label}は{word}のときだけです。空けておいてください。")
        if not self.errors and stay:
            self._propose_tax(data)
        elif not self.errors and data["psfc"] is not None:
            self._check_psfc(data)
        return data

    def clean_place(self) -> Any:
        """The place that the text means; None when it was left empty."""
        if not self.cleaned_data["place"]:
            return None
        try:
            return resolve_place(self.cleaned_data["place"])
        except BadWish as error:
            raise forms.ValidationError(error.message) from error

    def _propose_tax(self, data: dict[str, Any]) -> None:
        if data["stay_tax"] is not None:
            return
        rooms = yen.split(data["price"], data["nights"])
        self.proposal = propose_stay_tax(data["place"], list(zip(self._days(), rooms, strict=True)))
        if self.proposal.total is None and not data["tax_on_the_spot"]:
            self.add_error(
                "stay_tax",
                "この宿泊地・日の宿泊税は未設定です。手配先が示した額を入力してください。ないときは0を入力してください。",
            )

    def _check_psfc(self, data: dict[str, Any]) -> None:
        if data["psfc"] > data["price"]:
            self.add_error("psfc", "金額を超えています。金額に含まれる額を入力してください。")
            return
        ruled = flight_fee_by_names(data["from_name"], data["to_name"], issued_on=clock.today(), flown_on=data["day"])
        self.ruled_psfc = ruled if ruled != data["psfc"] else None

    @property
    def look(self) -> str:
        """What has to be shown before saving, as the value of `seen`; empty when there is nothing to show."""
        if self.proposal and self.proposal.total is not None:
            return "stay_tax " + " ".join(f"{night.day}:{night.base}:{night.yen}" for night in self.proposal.nights)
        return f"psfc {self.ruled_psfc}" if self.ruled_psfc is not None else ""

    @property
    def needs_look(self) -> bool:
        """Whether a valid form still waits for its person to see what the rules say."""
        return bool(self.look) and self.cleaned_data.get("seen") != self.look

    def purchase(self) -> Purchase:
        """The checked form as what the verb takes."""
        data = self.cleaned_data
        connection = self.connections[data["connection"]]
        stay = KINDS[connection.supplier] == "stay"
        nights = self._nights() if stay else []
        return Purchase(
            part=data["part"],
            connection=connection,
            number=data["number"],
            price=data["price"]
            + sum(night.stay_tax + night.bathing_tax for night in nights if not night.tax_on_the_spot),
            title=data["title"],
            detail=data["detail"] or "",
            settlement=data["settlement"],
            rides=[] if stay else [self._ride()],
            nights=nights,
            raises_total=data["raises_total"],
            psfc=data["psfc"] or 0,
            tax_basis="、".join(band.words for band in self.proposal.bands) if self.proposal else "",
        )

    def _ride(self) -> Ride:
        data = self.cleaned_data
        day = data["day"]
        return Ride(
            data["title"],
            data["from_name"],
            data["to_name"],
            jst.at(day, data["departs"].hour, data["departs"].minute),
            jst.at(day, data["arrives"].hour, data["arrives"].minute),
        )

    def _nights(self) -> list[Night]:
        data = self.cleaned_data
        count = data["nights"]
        taxes: Sequence[int] = yen.split(data["stay_tax"] or 0, count)
        if self.proposal:
            taxes = [night.yen or 0 for night in self.proposal.nights]
        bathing = yen.split(data["bathing_tax"] or 0, count)
        rows = zip(self._days(), yen.split(data["price"], count), taxes, bathing, strict=True)
        return [Night(*row, tax_on_the_spot=data["tax_on_the_spot"]) for row in rows]

    def _days(self) -> list[dt.date]:
        data = self.cleaned_data
        return [data["day"] + dt.timedelta(days=n) for n in range(data["nights"])]
