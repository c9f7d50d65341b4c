"""The page on which a trip is cancelled, item by item or all at once: fee, refund, and when the next tier begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from booking.models import Disruption, Reservation, ReservationState, Trip, Way
from booking.queries.confirming import end_words
from booking.queries.disruptions import disruptions_of
from booking.states import HELD_UP
from booking.suppliers.base import Tickets
from booking.suppliers.registry import can
from booking.suppliers.types import CancelQuote, steps_from_json
from lib import clock, yen

R = ReservationState
CANCELLABLE = frozenset({R.BOOKED, R.TICKETED})
OVER = frozenset({R.CANCELLED, R.FAILED, R.EXPIRED, R.WITHDRAWN})
WHY_NOT: Mapping[str, str] = {
    R.DRAFT: "まだ予約していません。",
    R.HANDED_OFF: "予約番号が未入力です。買っていないときは、番号を入力する画面で「買わなかった」を選んでください。",
    R.BOOKING: "予約の手続き中です。結果が出てから取り消せます。",
    R.TICKETING: "発券の手続き中です。結果が出てから取り消せます。",
    R.CHANGING: "変更の手続き中です。結果が出てから取り消せます。",
    R.CANCELLING: "すでに取り消しの手続き中です。",
    R.UNKNOWN: "成立したか手配先に確かめています。分かってから取り消せます。",
    R.USED: "利用済みです。",
    R.NO_SHOW: "不使用として記録済みです。",
}
BY_HAND: Mapping[str, str] = {
    Way.HANDOFF: "手配先のサイトで払い戻し、引かれた額を登録します。",
    Way.OPERATOR: "窓口で手配したものです。窓口へ連絡してください。",
}


@dataclass(frozen=True, slots=True)
class CancelLine:
    """One reservation: what cancelling costs now and next, or why it cannot be cancelled here.

    `seen` is the fee that the page said before (yen), where it has risen since. `disruption` stands where the rule of
    that day promises the whole money back.
    """

    reservation: Reservation
    quote: CancelQuote | None = None
    why_not: str = ""
    next_tier: str = ""
    seen: int | None = None
    disruption: Disruption | None = None
    by_hand: bool = False

    @property
    def is_dearer(self) -> bool:
        """Whether it costs more than the person was told."""
        return self.quote is not None and self.seen is not None and self.quote.fee > self.seen

    @property
    def should_be_free(self) -> bool:
        """Whether the supplier asks for a fee although the rule of that day says free."""
        return self.quote is not None and self.quote.fee > 0 and self.disruption is not None


@dataclass(frozen=True, slots=True)
class CancelPage:
    """All reservations of a trip; sums in yen over those that can be cancelled here. `wishes` wait and cost nothing."""

    lines: Sequence[CancelLine]
    wishes: Sequence[Reservation]
    others: Sequence[CancelLine]
    fee: int
    refund: int

    @property
    def count(self) -> int:
        """How many end with the button: what is cancelled, and wishes that are given up."""
        return len(self.lines) + len(self.wishes)

    @property
    def is_dearer(self) -> bool:
        """Whether any of them costs more than the person was told."""
        return any(line.is_dearer for line in self.lines)

    @property
    def seen_fee(self) -> int:
        """What the page said before, in all."""
        return sum(line.quote.fee if line.seen is None else line.seen for line in self.lines if line.quote)


def to_be_quoted(trip: Trip) -> list[Reservation]:
    """The reservations of a trip that the portal itself can cancel, in the order of travel."""
    return [row for row in _rows(trip) if row.way == Way.API and row.state in CANCELLABLE]


def goes_on_beside(reservation: Reservation) -> list[Reservation]:
    """What is booked or ticketed by itself once all other parts of the trip are decided."""
    others = reservation.trip.reservations.filter(way=Way.API).exclude(pk=reservation.pk).order_by("pk")
    found = others.filter(Q(state=R.SCHEDULED, problem=HELD_UP) | Q(state=R.BOOKED, problem=""))
    return [row for row in found if row.state == R.SCHEDULED or can(row.supplier, Tickets)]


def _rows(trip: Trip) -> list[Reservation]:
    found = trip.reservations.exclude(state__in=OVER).select_related("connection", "trip__traveller")
    return list(found.prefetch_related("segments", "nights"))


def cancel_page(trip: Trip, quotes: Mapping[int, CancelQuote | str], seen: Mapping[str, int]) -> CancelPage:
    """The page with what the suppliers said just now, and what the person was told before (fee by public id)."""
    rows = _rows(trip)
    troubles = disruptions_of(rows)
    every = [cancel_line(row, quotes.get(row.pk), seen.get(str(row.public_id)), troubles.get(row.pk)) for row in rows]
    lines = [line for line in every if line.quote is not None]
    return CancelPage(
        lines=lines,
        wishes=[row for row in rows if row.state == R.SCHEDULED],
        others=[line for line in every if line.quote is None and line.reservation.state != R.SCHEDULED],
        fee=sum(line.quote.fee for line in lines if line.quote),
        refund=sum(line.quote.refund for line in lines if line.quote),
    )


def cancel_line(
    reservation: Reservation, quote: CancelQuote | str | None, seen: int | None, disruption: Disruption | None
) -> CancelLine:
    """One reservation with what its supplier said (or why it did not)."""
    free = disruption if disruption and disruption.is_refund_free() else None
    if isinstance(quote, CancelQuote):
        tier = "" if free and quote.fee == 0 else next_tier(reservation, quote.fee)
        return CancelLine(reservation, quote, next_tier=tier, seen=seen, disruption=free)
    held = reservation.state in CANCELLABLE
    why = quote or (BY_HAND.get(reservation.way, "") if held else "") or WHY_NOT.get(reservation.state, "")
    by_hand = held and reservation.way == Way.HANDOFF
    return CancelLine(reservation, why_not=why, disruption=free, by_hand=by_hand)


def next_tier(reservation: Reservation, fee: int) -> str:
    """12月9日(水)まで 430円、そのあとは 4,300円; empty where the terms know no later tier, or what is held costs nothing yet."""
    if reservation.state != R.TICKETED and reservation.hold_until is not None:
        return f"発券の期限（{end_words(reservation.hold_until)}）まで {yen.text(fee)}"
    now = clock.now()
    steps = [step for step in steps_from_json(reservation.terms) if step.until is None or now < step.until]
    if len(steps) < 2 or steps[0].until is None:
        return ""
    return f"{end_words(steps[0].until)}まで {yen.text(fee)}、そのあとは {yen.text(steps[1].fee)}"
