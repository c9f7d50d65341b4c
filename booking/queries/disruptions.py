"""Disruptions: which bookings they concern, what their people did, and what stands on a traveller's own pages."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from booking.models import (
    AffectedBooking,
    Change,
    ChangeState,
    Disruption,
    Reservation,
    ReservationState,
    Segment,
    Train,
    Trip,
    service_key,
)
from booking.models.disruptions import open_fees
from booking.states import IN_FLIGHT, LIVE
from booking.suppliers.registry import KINDS
from booking.suppliers.types import Offer
from lib import clock, jst
from lib.actor import Actor, Scope

R = ReservationState
# Time alone takes a ticket for used: whoever was on a train that did not run is told all the same.
ON_IT = LIVE | {R.USED}


def _rides_on(supplier: str, day: dt.date) -> QuerySet[Segment]:
    return Segment.objects.filter(reservation__supplier=supplier, travel_on=day)


def bookings_on(supplier: str, service: str, day: dt.date) -> list[Reservation]:
    """The bookings of all offices that stand for a ride on this train or flight, in the order of their travellers."""
    key = service_key(service)
    rides = _rides_on(supplier, day).filter(reservation__state__in=ON_IT).values_list("reservation", "service")
    found = Reservation.objects.filter(pk__in={pk for pk, name in rides if service_key(name) == key})
    found = found.select_related("trip__traveller", "trip__applicant", "connection").prefetch_related("segments")
    return list(found.order_by("trip__traveller__kana", "pk"))


def untold(disruption: Disruption) -> list[Reservation]:
    """The bookings on it whose people do not know its present version; nobody once it was withdrawn."""
    if disruption.withdrawn_at is not None:
        return []
    told = disruption.bookings.filter(told_version=disruption.version).values("reservation")
    known = set(told.values_list("reservation", flat=True))
    return [row for row in bookings_on(disruption.supplier, disruption.service, disruption.day) if row.pk not in known]


def with_newcomers() -> list[Disruption]:
    """Standing disruptions of yesterday and later on which somebody is who does not know the present version."""
    recent = Disruption.objects.standing().filter(day__gte=clock.today() - dt.timedelta(days=1)).order_by("day")
    standing = {(each.supplier, each.service_key, each.day): each for each in recent}
    rides = Segment.objects.filter(reservation__state__in=ON_IT, travel_on__in={day for _, _, day in standing})
    told = set(
        AffectedBooking.objects.filter(disruption__in=standing.values()).values_list(
            "disruption", "reservation", "told_version"
        )
    )
    found = set()
    for supplier, name, day, pk in rides.values_list("reservation__supplier", "service", "travel_on", "reservation"):
        each = standing.get((supplier, service_key(name), day))
        if each is not None and (each.pk, pk, each.version) not in told:
            found.add(each.pk)
    return [each for each in standing.values() if each.pk in found]


def services_of_day(supplier: str, day: dt.date) -> list[str]:
    """The trains or flights that people have booked at a supplier for a day, for whoever mistyped one."""
    rides = _rides_on(supplier, day).filter(reservation__state__in=ON_IT).order_by("departs")
    return list(dict.fromkeys(rides.values_list("service", flat=True)))[:20]


def is_in_timetable(supplier: str, service: str) -> bool | None:
    """Whether the timetable has such a train; None where the portal has no timetable (flights)."""
    if KINDS[supplier] != "rail" or not Train.objects.exists():
        return None
    key = service_key(service)
    return any(service_key(f"{name}{number}") == key for name, number in Train.objects.values_list("name", "number"))


def disruptions_of(
    reservations: Iterable[Reservation], *, standing: Iterable[Disruption] | None = None
) -> dict[int, Disruption]:
    """The disruption that each reservation is on, by the reservation's key. Their rides are prefetched.

    One query, or none where those that stand are given.
    """
    rides = [(row, ride) for row in reservations if row.state in ON_IT | {R.DRAFT} for ride in row.segments.all()]
    if not rides:
        return {}
    if standing is None:
        standing = Disruption.objects.standing().filter(day__in={ride.travel_on for _, ride in rides})
    by_ride = {(each.supplier, each.service_key, each.day): each for each in standing}
    hits = ((row.pk, by_ride.get((row.supplier, service_key(ride.service), ride.travel_on))) for row, ride in rides)
    return {pk: each for pk, each in hits if each is not None}


def disruption_of(reservation: Reservation) -> Disruption | None:
    """The disruption that a reservation is on, if it is on one."""
    return disruptions_of([reservation]).get(reservation.pk)


def is_kept_open(reservation: Reservation, disruption: Disruption | None) -> bool:
    """Whether a ticket of what never ran is still to be given back or changed: time does not make it used."""
    if disruption is None or reservation.state == R.USED or not disruption.stops_it:
        return False
    return disruption.is_refund_free() or disruption.is_change_free()


def still_running(supplier: str, offers: Sequence[Offer]) -> list[Offer]:
    """The offers without trains or flights that do not run, whatever the supplier or the timetable goes on saying."""
    days = {jst.day_of(ride.departs) for offer in offers for ride in offer.rides}
    if not days:
        return list(offers)
    rows = Disruption.objects.standing().filter(supplier=supplier, day__in=days)
    gone = {(each.service_key, each.day) for each in rows if each.stops_it}
    return [
        offer
        for offer in offers
        if not any((service_key(ride.service), jst.day_of(ride.departs)) in gone for ride in offer.rides)
    ]


def stopped_among(reservations: Iterable[Reservation]) -> set[int]:
    """The keys of those reservations whose train or flight does not run. Their rides are prefetched."""
    return {pk for pk, each in disruptions_of(reservations).items() if each.stops_it}


@dataclass(frozen=True, slots=True)
class Affected:
    """A booking on a disruption, and what its person did: 払戻し, 変更, 手続き中 or そのまま."""

    booking: AffectedBooking
    outcome: str
    has_acted: bool

    @property
    def reservation(self) -> Reservation:
        return self.booking.reservation


BADGES = {
    "払戻し": ("mute", "cross"),
    "変更": ("ok", "change"),
    "手続き中": ("go", "clock"),
    "そのまま": ("wait", "warn"),
}


def affected(disruption: Disruption) -> list[Affected]:
    """Everybody who was told, with what they did since; a known number of queries."""
    rows = disruption.bookings.select_related(
        "reservation__trip__traveller", "reservation__trip__applicant", "reservation__connection", "followed_up_by"
    )
    return [_outcome(disruption, row) for row in _with_changes(rows)]


def _with_changes(rows: QuerySet[AffectedBooking]) -> QuerySet[AffectedBooking]:
    changes = Change.objects.filter(reservation=OuterRef("reservation"))
    return rows.annotate(
        changed=Exists(changes.filter(state=ChangeState.DONE)), moving=Exists(changes.under_way())
    ).prefetch_related("reservation__segments")


def _outcome(disruption: Disruption, row: AffectedBooking) -> Affected:
    reservation = row.reservation
    still = any(
        ride.travel_on == disruption.day and service_key(ride.service) == disruption.service_key
        for ride in reservation.segments.all()
    )
    if not still or (row.changed and reservation.state == R.CANCELLED):  # type: ignore[attr-defined]
        return Affected(row, "変更", has_acted=True)
    if reservation.state not in ON_IT or reservation.state == R.NO_SHOW:
        return Affected(row, "払戻し", has_acted=True)
    if row.moving or reservation.state in IN_FLIGHT | {R.UNKNOWN}:  # type: ignore[attr-defined]
        return Affected(row, "手続き中", has_acted=True)
    return Affected(row, "そのまま", has_acted=False)


@dataclass(frozen=True, slots=True)
class DisruptionRow:
    """A disruption in the list: how many are on it, how many acted, how many did nothing yet."""

    disruption: Disruption
    people: int
    acted: int
    idle: int
    fees: int


def disruption_list(actor: Actor, *, since: dt.date | None = None) -> list[DisruptionRow]:
    """The last hundred disruptions (those since a day), latest day first; a known number of queries."""
    found = Disruption.objects.visible_to(actor)
    if since is not None:
        found = found.filter(day__gte=since)
    found = found[:100]
    rows = {each.pk: each for each in found}
    bookings = AffectedBooking.objects.filter(disruption__in=list(rows)).select_related("reservation")
    sorted_in: dict[int, list[Affected]] = {pk: [] for pk in rows}
    for booking in _with_changes(bookings):
        sorted_in[booking.disruption_id].append(_outcome(rows[booking.disruption_id], booking))
    return [_row(each, sorted_in[each.pk]) for each in rows.values()]


def _row(disruption: Disruption, people: Sequence[Affected]) -> DisruptionRow:
    acted = sum(each.has_acted for each in people)
    fees = sum(each.booking.is_fee_open for each in people)
    return DisruptionRow(disruption, len(people), acted, len(people) - acted, fees)


def open_fee_bookings() -> QuerySet[AffectedBooking]:
    """Bookings for which a supplier asked for a fee although the rule of that day says free."""
    rows = AffectedBooking.objects.filter(open_fees())
    return rows.select_related("disruption", "reservation__trip__traveller")


@dataclass(frozen=True, slots=True)
class Notice:
    """A disruption on a trip of somebody's own, for the banner on the home page."""

    trip: Trip
    disruption: Disruption
    is_proxys: bool


def own_disruptions(actor: Actor) -> list[Notice]:
    """What stands on the actor's own trips (and those that they look after as a proxy) and waits for a decision."""
    if actor.scope("booking.trip.arrange") is not Scope.OWN:
        return []
    standing = list(Disruption.objects.standing().filter(day__gte=clock.today() - dt.timedelta(days=30)))
    if not standing:
        return []
    trips = Trip.objects.visible_to(actor, "booking.trip.arrange")
    mine = Reservation.objects.filter(
        trip__in=trips, state__in=LIVE, segments__travel_on__in={each.day for each in standing}
    )
    rows = list(mine.distinct().select_related("trip__traveller").prefetch_related("segments"))
    notices = disruptions_of(rows, standing=standing)
    return [
        Notice(row.trip, notices[row.pk], row.trip.traveller.public_id != actor.id)
        for row in rows
        if row.pk in notices and (_lies_ahead(row) or is_kept_open(row, notices[row.pk]))
    ]


def _lies_ahead(reservation: Reservation) -> bool:
    return any(ride.departs > clock.now() for ride in reservation.segments.all())
