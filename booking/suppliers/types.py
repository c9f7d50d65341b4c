"""What adapters take and give: frozen values, no models."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from booking.suppliers.line import FreeLine, Line
from lib import clock


@dataclass(frozen=True, slots=True)
class Link:
    """A connection as an adapter sees it."""

    base_url: str
    site_url: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict)
    line: Line = field(default_factory=FreeLine)


@dataclass(frozen=True, slots=True)
class MoveAsk:
    """A move on a day, between stations or airports by code, with the names that people see."""

    origin: str
    destination: str
    day: dt.date
    origin_name: str
    destination_name: str
    member: str = ""


@dataclass(frozen=True, slots=True)
class StayAsk:
    """Nights of one person in hotel areas."""

    areas: Sequence[str]
    check_in: dt.date
    nights: int


@dataclass(frozen=True, slots=True)
class CancelStep:
    """Until when (JST moment; None = from then on) cancelling costs `fee` yen."""

    until: dt.datetime | None
    fee: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ride:
    """One flight or train."""

    service: str
    from_name: str
    to_name: str
    departs: dt.datetime
    arrives: dt.datetime


@dataclass(frozen=True, slots=True)
class Night:
    """One night: room price and taxes in yen."""

    day: dt.date
    room: int
    stay_tax: int = 0
    bathing_tax: int = 0
    tax_on_the_spot: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be chosen. `price` is the whole in yen; `basis` says where an estimate comes from.

    `psfc` is the 旅客施設使用料 inside the price where the supplier states it apart, else 0. `family` is what the supplier
    calls the fare, where a change has to stay within it.
    """

    supplier: str
    title: str
    detail: str
    price: int | None
    is_estimate: bool = False
    basis: str = ""
    token: str = ""
    valid_until: dt.datetime | None = None
    rides: Sequence[Ride] = ()
    nights: Sequence[Night] = ()
    steps: Sequence[CancelStep] = ()
    change_words: str = ""
    cancel_words: str = ""
    seats: str = ""
    place: str = ""
    ticket_form: str = ""
    invoice_number: str = ""
    reversible: bool = True
    changeable: bool = False
    psfc: int = 0
    family: str = ""

    @property
    def is_gone(self) -> bool:
        """Whether it can no longer be booked: it has left, or its time has run out."""
        past = bool(self.rides) and self.rides[0].departs <= clock.now()
        return past or (self.valid_until is not None and self.valid_until <= clock.wall())

    def as_json(self) -> dict[str, Any]:
        """The offer as it is kept in an answer and copied into a reservation."""
        plain: dict[str, Any] = _jsonable(asdict(self))
        return plain


def _jsonable(value: Any) -> Any:
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(inner) for inner in value]
    return value


def offer_from_json(plain: Mapping[str, Any]) -> Offer:
    """The offer back from its kept form."""
    moment = dt.datetime.fromisoformat
    return Offer(
        **{
            **plain,
            "valid_until": moment(plain["valid_until"]) if plain.get("valid_until") else None,
            "rides": [
                Ride(**{**ride, "departs": moment(ride["departs"]), "arrives": moment(ride["arrives"])})
                for ride in plain.get("rides", ())
            ],
            "nights": [
                Night(**{**night, "day": dt.date.fromisoformat(night["day"])}) for night in plain.get("nights", ())
            ],
            "steps": steps_from_json(plain.get("steps", ())),
        }
    )


def steps_from_json(plain: Sequence[Mapping[str, Any]]) -> list[CancelStep]:
    """Cancellation steps back from their kept form."""
    return [
        CancelStep(dt.datetime.fromisoformat(step["until"]) if step["until"] else None, step["fee"], step["note"])
        for step in plain
    ]


@dataclass(frozen=True, slots=True)
class BookWish:
    """What to book: the chosen offer, for whom, under our key, at most for `max_yen`."""

    offer: Offer
    reference: str
    trip_number: str
    name: str
    kana: str
    member: str
    max_yen: int


@dataclass(frozen=True, slots=True)
class Booked:
    """The supplier holds it. `hold_until` is the last moment to ticket; None when nothing has to be ticketed.

    `psfc` is the 旅客施設使用料 inside the price where the supplier states it apart; None when it does not.
    """

    number: str
    price: int
    hold_until: dt.datetime | None = None
    operated_on: dt.date | None = None
    psfc: int | None = None


@dataclass(frozen=True, slots=True)
class Ticketed:
    """Money is due."""

    number: str
    ticket_number: str
    price: int
    issued_on: dt.date


@dataclass(frozen=True, slots=True)
class CancelQuote:
    """What cancelling costs now, and what comes back of what was paid."""

    fee: int
    refund: int
    valid_until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """It is gone, at this cost. `refunded` is False when the supplier says that the money follows later."""

    fee: int
    refund: int
    at: dt.datetime
    refunded: bool = True


@dataclass(frozen=True, slots=True)
class ChangeQuote:
    """What a change costs now: the signed difference of the prices, and a fee beside it."""

    difference: int
    fee: int
    valid_until: dt.datetime | None = None

    @property
    def cost(self) -> int:
        """Both together, in yen; negative when money comes back."""
        return self.difference + self.fee


@dataclass(frozen=True, slots=True)
class Changed:
    """The booking as it stands after a change: its first ride, its price, and the new ticket if it had one.

    `detail` is fare and seat as in the offer; `fee` is what the change cost beside the difference.
    """

    service: str
    departs: dt.datetime
    detail: str
    price: int
    fee: int = 0
    psfc: int = 0
    hold_until: dt.datetime | None = None
    ticketed: Ticketed | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A booking that the supplier holds under our key, in its present state: held, ticketed or cancelled.

    `standing` says which ride it is for, where the supplier can change bookings.
    """

    state: str
    booked: Booked
    ticketed: Ticketed | None = None
    cancelled: Cancelled | None = None
    standing: Changed | None = None


@dataclass(frozen=True, slots=True)
class CopyValue:
    """A value that the person copies into the supplier's own page."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One fact of a usage feed. `operation` is purchase, refund or fee; `amount` is signed yen.

    `issued_at` is when the supplier issued the row; None where its file does not say.
    """

    line: int
    operation: str
    member: str
    number: str
    trip_number: str
    operated_at: dt.datetime
    used_on: dt.date
    service: str
    from_name: str
    to_name: str
    departs: str
    arrives: str
    amount: int
    raw: Mapping[str, str]
    issued_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be read, and why (Japanese)."""

    line: int
    reason: str
    raw: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, redacted, for the call row."""

    at: str
    method: str
    path: str
    request: str
    status: int
    answer: str
    milliseconds: int
