"""What stands on the page of a change: the old and the new, what it costs, and until when that holds."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from booking.models import (
    Change,
    ChangeKind,
    ChangeState,
    Reservation,
    ReservationState,
    SearchAnswer,
    Trip,
    TripState,
    Way,
)
from booking.queries.confirming import CancelRow, cancel_rows_of
from booking.queries.disruptions import disruption_of, is_kept_open
from booking.queries.hours import may_begin_at
from booking.queries.parts import part_of
from booking.suppliers.base import Changes, Tickets
from booking.suppliers.registry import KINDS, can
from booking.suppliers.types import Offer, offer_from_json, steps_from_json
from lib import clock, jst

R = ReservationState
CHANGEABLE = frozenset({R.BOOKED, R.TICKETED})
REPLACEABLE = frozenset({R.FAILED, R.EXPIRED, R.CANCELLED})


def what_became(change: Change) -> str:
    """Why a change that has left its draft cannot be confirmed, entered or given up any more, for people."""
    if change.state == ChangeState.DROPPED:
        return (
            "この変更は、取りやめになっています（選び直したときは、あとから選んだものが残ります）。変更していません。"
        )
    if change.state == ChangeState.REFUSED:
        return f"この変更はできませんでした。{change.problem}"
    return "この変更は、すでに受け付けています。"


def may_change(reservation: Reservation, trip: Trip, *, kept_open: bool | None = None) -> bool:
    """Whether another ride or stay may be looked for instead: what is held and lies ahead, or what could not be had.

    What never ran counts while it costs nothing (`kept_open`; asked for when None).
    """
    if trip.state != TripState.RELEASED or trip.search_id is None:
        return False
    if reservation.state in REPLACEABLE:
        return True
    if reservation.state not in CHANGEABLE or reservation.way == Way.OPERATOR:
        return False
    if lies_ahead(reservation):
        return True
    return is_kept_open(reservation, disruption_of(reservation)) if kept_open is None else kept_open


def lies_ahead(reservation: Reservation) -> bool:
    """Whether the first ride has not left, or the first night has not passed."""
    rides, nights = list(reservation.segments.all()), list(reservation.nights.all())
    if rides:
        return rides[0].departs > clock.now()
    return bool(nights) and nights[0].date >= clock.today()


def kind_of_change(old: Reservation, answer: SearchAnswer, offer: Offer) -> ChangeKind:
    """What choosing the offer instead of `old` means: an exchange within the booking, or a new one."""
    if old.state in REPLACEABLE:
        return ChangeKind.REPLACE
    before = offer_from_json(old.offer)
    if answer.connection_id == old.connection_id and before.changeable and _same_route(before, offer):
        if old.way == Way.HANDOFF:
            return ChangeKind.OWN
        if before.family == offer.family and can(old.supplier, Changes):
            return ChangeKind.EXCHANGE
    return ChangeKind.REBOOK


def _same_route(one: Offer, other: Offer) -> bool:
    if not one.rides or not other.rides:
        return False
    return (one.rides[0].from_name, one.rides[-1].to_name) == (other.rides[0].from_name, other.rides[-1].to_name)


def is_sure(reservation: Reservation) -> bool:
    """Whether nothing more has to happen for the booking to stand: ticketed, or held where nothing is ticketed."""
    if reservation.state == R.BOOKED:
        return not can(reservation.supplier, Tickets)
    return reservation.state in {R.TICKETED, R.USED}


def look_values(reservation: Reservation) -> Mapping[str, Any]:
    """What the form for another ride or stay begins with: the present day, nights and way of travelling."""
    item = part_of(reservation)
    nights = len(reservation.nights.all())
    return {"day": item.first_day, "nights": nights or 1, "kinds": [KINDS[reservation.supplier]]}


@dataclass(frozen=True, slots=True)
class Line:
    """One of the two that are compared."""

    day: dt.date
    words: str
    detail: str
    seller: str
    price: int | None
    is_estimate: bool


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Everything on the page. `cost` is difference plus fee, signed yen; None where a part of it is not known.

    `begins_at` is when a new booking begins, where its supplier takes none now.
    """

    change: Change
    old: Line
    new: Line
    difference: int | None
    fee: int | None
    valid_until: dt.datetime | None
    cancel_rows: Sequence[CancelRow]
    by_hand: bool
    begins_at: dt.datetime | None

    @property
    def cost(self) -> int | None:
        return None if self.difference is None else self.difference + (self.fee or 0)

    @property
    def button(self) -> str:
        """The verb and the sum, as the person confirms it."""
        verb = {
            ChangeKind.EXCHANGE: "変更する",
            ChangeKind.OWN: "変更に進む",
            ChangeKind.REBOOK: "取り直す",
            ChangeKind.REPLACE: "予約する",
        }[ChangeKind(self.change.kind)]
        if self.cost is None or self.change.kind == ChangeKind.OWN:
            return verb
        if self.change.kind == ChangeKind.REPLACE:
            return f"{self.cost:,}円で{verb}"
        if self.cost == 0:
            return f"差額なしで{verb}"
        return f"{self.cost:,}円の追加で{verb}" if self.cost > 0 else f"{-self.cost:,}円の減額で{verb}"


def change_page(
    change: Change, *, difference: int | None, fee: int | None, valid_until: dt.datetime | None
) -> ChangePage:
    """The page of a change with what it was quoted at."""
    old, offer = change.reservation, offer_from_json(change.offer)
    return ChangePage(
        change=change,
        old=_line(offer_from_json(old.offer), old.connection.name, old.price),
        new=wanted_line(change),
        difference=difference,
        fee=fee,
        valid_until=valid_until,
        cancel_rows=cancel_rows_of([list(offer.steps)]),
        by_hand=change.kind == ChangeKind.REBOOK and old.way != Way.API,
        begins_at=may_begin_at(offer.supplier, offer) if _is_booked_by_us(change) else None,
    )


def _is_booked_by_us(change: Change) -> bool:
    anew = change.kind in {ChangeKind.REBOOK, ChangeKind.REPLACE}
    return anew and change.answer.connection.way == Way.API


def wanted_line(change: Change) -> Line:
    """What the change wants, in a line."""
    offer = offer_from_json(change.offer)
    return _line(offer, change.answer.connection.name, offer.price)


def _line(offer: Offer, seller: str, price: int | None) -> Line:
    if offer.rides:
        first, last = offer.rides[0], offer.rides[-1]
        words = (
            f"{first.service} {first.from_name} {jst.clock_time(first.departs)} → "
            f"{last.to_name} {jst.clock_time(last.arrives)}"
        )
        return Line(jst.day_of(first.departs), words, offer.detail, seller, price, offer.is_estimate)
    return Line(
        offer.nights[0].day, f"{offer.title} {len(offer.nights)}泊", offer.detail, seller, price, offer.is_estimate
    )


def fee_by_terms(reservation: Reservation) -> int | None:
    """What cancelling costs now: by the rule of that day, else by the terms it was bought under (yen); None when unknown."""
    trouble = disruption_of(reservation)
    if trouble is not None and trouble.is_refund_free():
        return 0
    now = clock.now()
    for step in steps_from_json(reservation.terms):
        if step.until is None or now < step.until:
            return step.fee
    return None
