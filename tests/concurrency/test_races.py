"""Two at the same moment: one wins, and there is one record of it. The first test of each kind shows that it could fail."""

import datetime as dt
import threading
import time

import pytest
from django.db import transaction

from audit.changes import advance
from audit.models import Event
from audit.services import record
from booking.errors import AlreadySubmitted, BadFeed
from booking.models import (
    CallState,
    Charge,
    Connection,
    Feed,
    FeedRow,
    Reservation,
    ReservationState,
    SupplierCall,
    Trip,
    TripState,
)
from booking.services import arranging, driving, feeds, handoff, travelled
from booking.services.trips import draft_trip, read_picks
from booking.states import RESERVATION_MOVES
from booking.tasks import BOOKER
from lib import clock, durable
from lib.errors import PortalError, Stale
from tests import factories, world
from tests.booking.usage_file import purchase, usage_file
from tests.factories import acting, contract, person
from tests.together import at_once
from tests.world import drafted, searched, submitted, token

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState
TICKETED = "booking.reservation.ticketed"


def advance_without_looking(obj: Reservation, to: str, **fields):
    """A copy of `advance` without its WHERE clause: what the race below is for."""
    model = type(obj)
    model.objects.filter(pk=obj.pk).update(state=to)
    record(fields["actor"], fields["code"], objects=[obj], data={"from": obj.state, "to": to})


def race(step):
    """Two threads that have both read a ticketed reservation mark it as used; what came of it."""
    flight = factories.reservation()
    seen = [Reservation.objects.get(pk=flight.pk) for _ in range(2)]

    def move(mine: Reservation):
        with transaction.atomic():
            step(
                mine, R.USED, code="booking.reservation.used", allowed=RESERVATION_MOVES, actor=BOOKER,
            )  # fmt: skip
        return "won"

    results = at_once(*[lambda mine=mine: move(mine) for mine in seen])
    return results, Event.objects.filter(code="booking.reservation.used").count()


def test_of_two_moves_from_the_same_state_one_wins():
    results, events = race(advance)
    assert sorted(map(str, results)) == sorted(["won", str(Stale())])
    assert events == 1


def test_the_race_is_lost_without_the_where_clause():
    results, events = race(advance_without_looking)
    assert (results, events) == (["won", "won"], 2)


@pytest.fixture
def traveller(sandbox):
    contract()
    world.connect(sandbox.url)
    return world.with_numbers(person())


def a_call(traveller) -> SupplierCall:
    search = searched(traveller)
    submitted(traveller, drafted(traveller, search, out=token(search, "out", "jal_online", has="セイバー")))
    return SupplierCall.objects.get()


def test_a_row_is_claimed_by_one_of_many(traveller):
    call = a_call(traveller)
    tokens = at_once(*[lambda: durable.claim(SupplierCall.objects.all(), call.pk)] * 8)
    assert len([token for token in tokens if token]) == 1
    call.refresh_from_db()
    assert call.attempts == 1


def test_a_lease_that_ran_out_is_taken_over_by_one_and_the_earlier_holder_writes_nothing(traveller):
    call = a_call(traveller)
    rows = SupplierCall.objects.all()
    first = durable.claim(rows, call.pk)
    rows.filter(pk=call.pk).update(claimed_until=clock.wall() - dt.timedelta(seconds=1))
    second = [token for token in at_once(*[lambda: durable.claim(rows, call.pk)] * 4) if token]
    assert len(second) == 1
    assert not durable.release(rows, call.pk, first, next_try_at=None)
    assert durable.release(rows, call.pk, second[0], next_try_at=clock.wall())


def test_two_workers_on_one_call_send_it_once(traveller, sandbox):
    call = a_call(traveller)
    sandbox.control("POST", "latency", {"supplier": "jal-online", "operation": "book", "ms": 300})
    at_once(*[lambda: driving.carry_out(BOOKER, call.pk)] * 4)
    call.refresh_from_db()
    assert call.state == CallState.DONE
    assert sandbox.control("GET", "requests")["counts"]["jal-online.book"] == 1
    assert len(sandbox.bookings(call.reservation.reference)) == 1


def test_a_worker_whose_lease_ran_out_during_the_call_and_its_successor_record_once(traveller, sandbox, settings):
    # A lease shorter than the call: the settings refuse it, a stopped machine brings it about all the same.
    settings.LEASE_SECONDS = 0
    call = a_call(traveller)
    sandbox.control("POST", "latency", {"supplier": "jal-online", "operation": "book", "ms": 300})
    at_once(*[lambda: driving.carry_out(BOOKER, call.pk)] * 4)
    for _ in range(3):
        driving.carry_out(BOOKER, call.pk)
    call.refresh_from_db()
    assert (call.state, call.outcome, call.reservation.state) == (CallState.DONE, "booked", R.TICKETING)
    assert Event.objects.filter(code="booking.reservation.booked").count() == 1
    assert sandbox.control("GET", "requests")["counts"]["jal-online.book"] == 1


def test_two_tabs_that_choose_at_once_make_one_trip_with_one_choice(traveller):
    search = searched(traveller)
    choices = [read_picks(search, {"out": token(search, "out", "jal_online", n=n)}) for n in (0, 1)]
    trips = at_once(*[lambda picks=picks: draft_trip(acting(traveller), search, picks=picks) for picks in choices])
    assert trips[0] == trips[1] == Trip.objects.get()
    chosen = trips[0].reservations.filter(state=R.DRAFT)
    assert chosen.count() == 1
    assert trips[0].reservations.count() == 2
    assert Trip.objects.get().version == 2


def test_choosing_anew_and_confirming_at_once_confirm_what_was_seen_or_nothing(traveller):
    search = searched(traveller)
    trip = drafted(traveller, search, out=token(search, "out", "jal_online"))
    other = read_picks(search, {"out": token(search, "out", "jal_online", n=1)})
    chosen, confirmed = at_once(
        lambda: draft_trip(acting(traveller), search, picks=other), lambda: submitted(traveller, trip)
    )
    fresh = Trip.objects.get()
    if isinstance(confirmed, PortalError):
        assert fresh.state == TripState.DRAFT
        assert not SupplierCall.objects.exists()
    else:
        assert isinstance(chosen, AlreadySubmitted)
        assert (
            fresh.reservations.exclude(state=R.WITHDRAWN).get().answer_id
            == search.answers.get(part="out", connection__supplier="jal_online").pk
        )
        assert fresh.authorised_total == fresh.reservations.get().price


def handed_off(traveller) -> Reservation:
    search = searched(traveller)
    trip = submitted(traveller, drafted(traveller, search, back=token(search, "back", "ex")))
    return trip.reservations.get()


def test_a_number_entered_in_two_tabs_at_once_is_charged_once(traveller):
    ride = handed_off(traveller)
    seen = [Reservation.objects.get(pk=ride.pk) for _ in range(2)]
    results = at_once(
        *[
            lambda mine=mine: handoff.enter_number(acting(traveller), mine, number="2001", price=ride.price)
            for mine in seen
        ]
    )
    assert sorted(map(type, results), key=str) == sorted([type(None), Stale], key=str)
    assert Charge.objects.get().amount == ride.price
    assert Event.objects.filter(code=TICKETED).count() == 1


@pytest.fixture
def desk():
    return acting(person("operator"))


def test_the_same_file_uploaded_twice_at_once_is_taken_once(traveller, desk):
    ride = handed_off(traveller)
    content = usage_file(purchase(ride))
    ex = Connection.objects.get(code="ex")
    results = at_once(*[lambda: feeds.upload_feed(desk, ex, file_name="ex.csv", content=content)] * 2)
    assert {type(result) for result in results} == {Feed, BadFeed}
    assert Feed.objects.count() == 1


def test_a_file_taken_in_by_two_workers_counts_each_row_once(traveller, desk):
    ride = handed_off(traveller)
    feed = feeds.upload_feed(
        desk, Connection.objects.get(code="ex"), file_name="ex.csv", content=usage_file(purchase(ride))
    )
    results = at_once(*[lambda: feeds.import_feed(BOOKER, feed.pk)] * 3)
    assert results == [None, None, None]
    assert FeedRow.objects.get().state == "added"
    assert Charge.objects.get().amount == ride.price


def test_two_files_with_the_same_row_taken_in_at_once_count_it_once(traveller, desk):
    ride = handed_off(traveller)
    ex = Connection.objects.get(code="ex")
    files = [usage_file(purchase(ride)), usage_file(purchase(ride), purchase(ride, number="2099", day=1))]
    ids = [feeds.upload_feed(desk, ex, file_name="ex.csv", content=content).pk for content in files]
    assert at_once(*[lambda pk=pk: feeds.import_feed(BOOKER, pk) for pk in ids]) == [None, None]
    assert {feed.state for feed in Feed.objects.all()} == {"done"}
    assert sorted(FeedRow.objects.values_list("state", flat=True)) == ["added", "repeated", "unmatched"]
    assert Charge.objects.get().amount == ride.price


@pytest.mark.parametrize(
    ("state", "step", "then"),
    [
        (R.TICKETED, arranging.mark_used, R.USED),
        (R.BOOKED, arranging.expire_hold, R.EXPIRED),
        (R.BOOKED, travelled.settle_stay, R.USED),
    ],
    ids=["used", "expired", "settled"],
)
def test_what_is_being_told_of_a_trip_stands_until_it_is_told(state, step, then):
    flight = factories.reservation(state=state)
    factories.segment(flight)
    begun = threading.Event()

    def tell():
        with transaction.atomic():
            Trip.objects.locked(flight.trip_id)
            begun.set()
            # Long enough for the other one to have written its event, if nothing held it back.
            time.sleep(0.5)
            record(BOOKER, "booking.trip.raised", objects=[flight.trip], data={"total": 1})
            return Reservation.objects.get(pk=flight.pk).state

    def sweep():
        begun.wait(10)
        step(BOOKER, Reservation.objects.get(pk=flight.pk))

    assert at_once(tell, sweep) == [state, None]
    flight.refresh_from_db()
    assert flight.state == then
    events = Event.objects.filter(code__in=["booking.trip.raised", f"booking.reservation.{then}"])
    assert events.order_by("seq").first().code == "booking.trip.raised"
