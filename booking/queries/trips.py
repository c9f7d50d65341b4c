"""Trips for lists and their own page."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from django.db.models import Prefetch, Q, QuerySet

from booking.models import (
    Change,
    ChangeKind,
    Charge,
    Disruption,
    Feed,
    RefundClaim,
    Reservation,
    ReservationState,
    SearchAnswer,
    Segment,
    StayNight,
    SupplierCall,
    Trip,
    TripState,
)
from booking.queries.changing import REPLACEABLE, may_change
from booking.queries.disruptions import disruptions_of, is_kept_open
from booking.queries.refunds import with_refund_pending
from booking.states import HELD_UP
from booking.suppliers.base import Tickets
from booking.suppliers.registry import can
from lib import clock
from lib.actor import Actor, Scope

R = ReservationState
HIDDEN = [R.WITHDRAWN]
REFUND_PENDING = "refund_pending"
# state -> (tone of the badge, icon); the order is the order of urgency on a page
BADGES: dict[str, tuple[str, str]] = {
    R.HANDED_OFF: ("act", "leave"),
    R.FAILED: ("act", "stop"),
    R.EXPIRED: ("act", "stop"),
    R.UNKNOWN: ("odd", "ask"),
    R.BOOKING: ("go", "clock"),
    R.TICKETING: ("go", "clock"),
    R.CHANGING: ("go", "change"),
    R.CANCELLING: ("go", "clock"),
    R.SCHEDULED: ("go", "clock"),
    REFUND_PENDING: ("go", "clock"),
    R.BOOKED: ("ok", "ok"),
    R.TICKETED: ("ok", "ticket"),
    R.USED: ("mute", "ok"),
    R.NO_SHOW: ("mute", "cross"),
    R.CANCELLED: ("mute", "cross"),
    R.DRAFT: ("draft", "draft"),
    R.WITHDRAWN: ("mute", "cross"),
}


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in a word, with how it looks."""

    tone: str
    icon: str
    word: str


def shown_state(reservation: Reservation) -> str:
    """The state, or 返金待ち in its place. The reservation comes from `with_refund_pending`."""
    return REFUND_PENDING if reservation.refund_pending else reservation.state  # type: ignore[attr-defined]


def badge_of(state: str, count: int = 0) -> Badge:
    """The badge of a reservation's shown state; with a number behind the word when `count` is given."""
    tone, icon = BADGES[state]
    word = "返金待ち" if state == REFUND_PENDING else str(R(state).label)
    return Badge(tone, icon, f"{word} {count}" if count else word)


def trip_badges(trip: Trip, reservations: Sequence[Reservation]) -> list[Badge]:
    """Badges of a trip, derived from its reservations."""
    if trip.state == TripState.DRAFT:
        return [Badge("draft", "draft", "下書き")]
    if trip.state == TripState.AWAITING:
        return [Badge("go", "clock", "承認待ち")]
    if trip.state == TripState.WITHDRAWN:
        return [Badge("mute", "cross", "取り下げ")]
    counts = Counter(shown_state(reservation) for reservation in reservations if reservation.state not in HIDDEN)
    return [badge_of(state, counts[state]) for state in BADGES if counts[state]]


def trip_list(actor: Actor, *, text: str = "", past: bool = False) -> QuerySet[Trip]:
    """Trips that the actor may read, coming ones first by day, or past ones latest first; parts prefetched."""
    shown = with_refund_pending(Reservation.objects.exclude(state__in=HIDDEN)).prefetch_related("segments", "nights")
    found = Trip.objects.visible_to(actor).select_related("traveller")
    found = found.prefetch_related(Prefetch("reservations", shown, to_attr="shown"))
    for word in text.split():
        found = found.filter(
            Q(purpose__icontains=word)
            | Q(destination_name__icontains=word)
            | Q(number__iexact=word)
            | Q(traveller__name__icontains=word)
            | Q(traveller__kana__icontains=word)
            | Q(reservations__number__iexact=word)
        ).distinct()
    today = clock.today()
    if past:
        return found.filter(last_day__lt=today).order_by("-first_day", "-pk")
    return found.filter(last_day__gte=today).exclude(state=TripState.WITHDRAWN).order_by("first_day", "pk")


@dataclass(frozen=True, slots=True)
class TripRow:
    """A trip in a list."""

    trip: Trip
    badges: Sequence[Badge]
    lines: Sequence[str]


def trip_rows(trips: Sequence[Trip]) -> list[TripRow]:
    """The trips of one page of `trip_list` as rows; asks the database nothing more."""
    return [TripRow(trip, trip_badges(trip, trip.shown), _lines(trip)) for trip in trips]  # type: ignore[attr-defined]


def _lines(trip: Trip) -> list[str]:
    lines = []
    for reservation in trip.shown:  # type: ignore[attr-defined]
        rides, nights = list(reservation.segments.all()), list(reservation.nights.all())
        if rides:
            leaves = rides[0].departs.astimezone(clock.JST)
            lines.append(f"{rides[0].service} {rides[0].from_name} {leaves:%H:%M} → {rides[-1].to_name}")
        elif nights:
            lines.append(f"宿泊 {reservation.title} {len(nights)}泊")
    return lines


def coming_trips(actor: Actor, *, limit: int = 5) -> list[TripRow]:
    """The actor's own next trips, whatever else they may see."""
    mine = trip_list(actor).filter(Q(traveller__public_id=actor.id) | Q(applicant__public_id=actor.id))
    return trip_rows(list(mine[:limit]))


@dataclass(frozen=True, slots=True)
class Entry:
    """A reservation on its trip's page: what it is, what it costs, what can be done."""

    reservation: Reservation
    badge: Badge
    segments: Sequence[Segment]
    nights: Sequence[StayNight]
    actions: Sequence[str]
    is_replaced: bool = False
    owed: RefundClaim | None = None
    trouble: Disruption | None = None

    @property
    def is_held_up(self) -> bool:
        """Whether it waits for another part of the trip and goes on by itself."""
        return self.reservation.problem == HELD_UP

    @property
    def sorts_at(self) -> dt.datetime:
        if self.segments:
            return self.segments[0].departs
        day = self.nights[0].date if self.nights else self.reservation.trip.first_day
        return dt.datetime(day.year, day.month, day.day, 15, tzinfo=clock.JST)


@dataclass(frozen=True, slots=True)
class TripPage:
    """Everything on a trip's page, in a known number of queries."""

    trip: Trip
    badges: Sequence[Badge]
    entries: Sequence[Entry]
    past_entries: Sequence[Entry]
    charges: Sequence[Charge] = field(default=())
    own_changes: Sequence[Change] = field(default=())
    total: int = 0
    is_moving: bool = False
    may_arrange: bool = False
    may_withdraw: bool = False
    may_cancel_all: bool = False
    proxy_name: str = ""


MOVING = frozenset({R.BOOKING, R.TICKETING, R.CHANGING, R.CANCELLING, R.UNKNOWN})
WAITING = frozenset({R.DRAFT, R.HANDED_OFF, R.SCHEDULED})
OVER = frozenset({R.FAILED, R.EXPIRED, R.CANCELLED})


def trip_page(actor: Actor, trip: Trip) -> TripPage:
    """The page of a trip whose access was checked before."""
    found = with_refund_pending(trip.reservations.exclude(state__in=HIDDEN)).select_related("connection", "trip")
    owed = Prefetch("refund_claims", RefundClaim.objects.waiting(), to_attr="owed")
    rows = list(found.prefetch_related("segments", "nights", owed))
    troubles = disruptions_of(rows)
    may = (
        trip.state in {TripState.RELEASED, TripState.DRAFT}
        and Trip.objects.visible_to(actor, "booking.trip.arrange").filter(pk=trip.pk).exists()
    )
    desk = actor.may("booking.reservation.record")
    taken = {item for row in rows if row.state not in OVER for item in _items_of(row)}
    changes = list(Change.objects.under_way().filter(reservation__trip=trip).select_related("reservation"))
    going = {change.reservation_id for change in changes}
    each = (
        _entry(row, may=may, desk=desk, taken=taken, going=row.pk in going, trouble=troubles.get(row.pk))
        for row in rows
    )
    entries = sorted(each, key=lambda entry: entry.sorts_at)
    charges = list(
        Charge.objects.filter(reservation__trip=trip).select_related("reservation").order_by("used_on", "pk")
    )
    another = actor.id != trip.traveller.public_id
    return TripPage(
        trip=trip,
        badges=trip_badges(trip, rows),
        entries=[entry for entry in entries if entry.reservation.state not in OVER],
        past_entries=[entry for entry in entries if entry.reservation.state in OVER],
        charges=charges,
        own_changes=[change for change in changes if change.kind == ChangeKind.OWN],
        total=sum(charge.amount for charge in charges),
        is_moving=any(row.state in MOVING for row in rows),
        may_arrange=may,
        may_withdraw=may and all(row.state in WAITING or row.state in OVER for row in rows),
        may_cancel_all=may and sum("cancel" in e.actions or e.reservation.state == R.SCHEDULED for e in entries) > 1,
        proxy_name=trip.traveller.name if another and actor.scope("booking.trip.read") is Scope.OWN else "",
    )


def _items_of(row: Reservation) -> set[int]:
    return {segment.item_id for segment in row.segments.all()} | {night.item_id for night in row.nights.all()}


def _entry(
    row: Reservation, *, may: bool, desk: bool, taken: Set[int], going: bool, trouble: Disruption | None
) -> Entry:
    """`taken` are the parts of the trip that something serves; `going` is what is being changed."""
    actions, segments = [], list(row.segments.all())
    replaced = row.state in REPLACEABLE and bool(_items_of(row) & taken)
    if may:
        if row.state == R.HANDED_OFF:
            actions.append("handoff")
        if may_change(row, row.trip, kept_open=is_kept_open(row, trouble)) and not replaced and not going:
            actions.append("change")
        if row.state in {R.BOOKED, R.TICKETED} and (desk or row.way != "operator"):
            actions.append("cancel")
        if row.state == R.BOOKED and row.way == "api" and not going:
            if can(row.supplier, Tickets):
                actions.append("ticket")
            elif row.problem:
                actions.append("keep")
    if desk:
        if shown_state(row) == REFUND_PENDING:
            actions.append("refund")
        if row.state in {R.TICKETED, R.USED} and segments and segments[0].departs <= clock.now():
            actions.append("no_show")
    owed = next(iter(row.owed), None)  # type: ignore[attr-defined]
    return Entry(
        row,
        badge_of(shown_state(row)),
        segments,
        list(row.nights.all()),
        actions,
        is_replaced=replaced,
        owed=owed,
        trouble=trouble,
    )


def backlog() -> int:
    """Rows that a sweeper should have taken two minutes ago: lost hints that nobody found."""
    late = clock.wall() - dt.timedelta(minutes=2)
    waiting: list[QuerySet[SupplierCall] | QuerySet[SearchAnswer] | QuerySet[Feed]] = [
        SupplierCall.objects.exclude(state="done"),
        SearchAnswer.objects.filter(state="asked"),
        Feed.objects.filter(state="waiting"),
    ]
    return sum(rows.filter(next_try_at__lt=late).count() for rows in waiting)
