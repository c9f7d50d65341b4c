"""One live ride per wish and place in it, one live night per wish and day: kept by triggers, whoever writes the state."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.errors import UniqueViolation

from booking.models import Reservation, ReservationState, Segment, StayNight
from booking.states import ENDED, LIVE
from lib import clock
from tests import factories

pytestmark = pytest.mark.django_db
COMPLETE = {"number": "X1", "not_before": clock.now(), "ticketed_at": clock.now(), "cancelled_at": clock.now()}


def put(reservation: Reservation, state: str) -> None:
    """Write a state past every verb."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE booking_reservation SET state = %s WHERE id = %s", [state, reservation.pk])


@pytest.fixture(params=["ride", "night"])
def part_of(request):
    """Makes a ride or a night of a reservation, all for the same wish."""

    def make(reservation: Reservation, **fields: object) -> Segment | StayNight:
        if request.param == "ride":
            return factories.segment(reservation, **fields)
        item = factories.segment(factories.reservation(reservation.trip), part="stay").item
        Segment.objects.filter(item=item).update(live=False)
        day = reservation.trip.first_day
        return StayNight.objects.create(reservation=reservation, item=item, date=day, room_price=9000, **fields)

    return make


def other(first: Reservation, **fields: object) -> Reservation:
    return factories.reservation(first.trip, **{**COMPLETE, "number": "X2", **fields})


def refuses(write: Callable[[], object]) -> bool:
    """Whether the database refuses it because the place is taken; anything else that goes wrong is raised."""
    try:
        with transaction.atomic():
            write()
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        return True
    return False


@pytest.mark.parametrize("state", ReservationState.values)
def test_a_part_is_live_exactly_while_its_reservation_stands_for_something(part_of, state):
    reservation = factories.reservation(**COMPLETE)
    part = part_of(reservation)
    put(reservation, state)
    part.refresh_from_db()
    assert part.live is (state in LIVE)
    late = factories.segment(reservation, part="back")
    late.refresh_from_db()
    assert late.live is (state in LIVE)


def test_every_state_is_live_or_ended_or_a_draft():
    assert LIVE | ENDED | {ReservationState.DRAFT} == set(ReservationState.values)
    assert not LIVE & ENDED


@pytest.mark.parametrize("first_state", sorted(LIVE))
def test_a_second_live_claim_on_the_same_wish_fails(part_of, first_state):
    first = factories.reservation(**COMPLETE)
    part_of(first)
    put(first, first_state)
    assert refuses(lambda: part_of(other(first)))
    waiting = other(first, state=ReservationState.DRAFT)
    part_of(waiting)
    assert refuses(lambda: put(waiting, ReservationState.BOOKING))
    waiting.refresh_from_db()
    assert waiting.state == ReservationState.DRAFT


@pytest.mark.parametrize("ended", sorted(ENDED))
def test_an_ended_one_frees_the_place(part_of, ended):
    first = factories.reservation(**COMPLETE)
    part_of(first)
    put(first, ended)
    assert not refuses(lambda: part_of(other(first)))
    assert refuses(lambda: put(first, ReservationState.TICKETED))


def test_one_may_come_while_the_other_goes_but_no_third(part_of):
    first = factories.reservation(**COMPLETE)
    leaving = part_of(first)
    type(leaving).objects.filter(pk=leaving.pk).update(outgoing=True)
    assert not refuses(lambda: part_of(other(first)))
    assert refuses(lambda: part_of(other(first, number="X3")))
    assert refuses(lambda: part_of(other(first, number="X4"), outgoing=True))


@pytest.mark.parametrize("state", ReservationState.values)
def test_a_ride_that_a_change_has_replaced_is_dead_in_every_state(state):
    reservation = factories.reservation(**COMPLETE)
    ride = factories.segment(reservation)
    Segment.objects.filter(pk=ride.pk).update(superseded=True)
    put(reservation, ReservationState.BOOKED)
    put(reservation, state)
    assert list(Segment.everything.filter(pk=ride.pk).values_list("live", flat=True)) == [False]
    assert not reservation.segments.exists()
