"""Forms of the search: what is wanted, and what is looked for instead of a booking."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import User
from booking.errors import BadWish
from booking.queries.places import resolve_place
from booking.services.searching import Wish
from lib.forms import ChecksField, DateField3, Form, RadioField, SelectField, TextField, WholeField

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
