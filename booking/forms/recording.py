"""Forms of the desk: a booking made on a terminal, and usage files."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms

from booking.errors import BadWish
from booking.forms.searching import SUGGEST
from booking.models import Connection, Part, Settlement
from booking.queries.places import resolve_place
from booking.queries.taxes import StayTaxProposal, flight_fee_by_names, propose_stay_tax
from booking.services.recording import Purchase
from booking.suppliers.registry import KINDS
from booking.suppliers.types import Night, Ride
from lib import clock, jst, yen
from lib.forms import (
    CheckField,
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
