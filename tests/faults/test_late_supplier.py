"""A supplier that answers late, or never: the portal asks, and believes in "no" only when nothing can come any more."""

import datetime as dt

import pytest

from audit.models import Event
from booking.models import CallState, CallVerb, Connection, ReservationState, SupplierCall
from booking.services import driving
from booking.tasks import BOOKER
from lib import clock
from tests.faults.broker import swept
from tests.faults.flights import charged, drafted_flight, flight_before, held, is_in, open_call, paid, sent
from tests.world import submitted

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


@pytest.mark.worker
def test_a_booking_made_after_our_time_out_is_found_and_never_taken_for_failed(traveller, sandbox, portal):
    # Time-out after 2 s, committed at 9 s, believed after 12 s: two asks (at 2 s and 7 s) find nothing.
    Connection.objects.update(quiet_seconds=12)
    flight = drafted_flight(traveller)
    sandbox.fault("jal-online", "book", "late_commit", seconds=9, hold=12)
    worker = portal.start_worker("io")
    submitted(traveller, flight.trip)

    swept(lambda: is_in(flight, R.UNKNOWN), what=lambda: f"{flight.state}\n{worker.tail()}")
    swept(lambda: not is_in(flight, R.UNKNOWN), what=worker.tail)
    swept(lambda: is_in(flight, R.TICKETED), what=lambda: f"{flight.state}\n{worker.tail()}")

    assert held(sandbox, flight) == ["ticketed"]
    assert sent(sandbox, "book") == 1
    assert flight.calls.get(verb=CallVerb.BOOK).asks >= 2
    assert not Event.objects.filter(code="booking.reservation.failed").exists()
    assert charged(flight) == paid(flight)


def lost(traveller, sandbox, verb):
    """A flight whose call of this verb left, and nobody knows what became of it; in truth, nothing."""
    flight = flight_before(traveller, verb)
    sandbox.fault("jal-online", str(verb), "lose_before")
    driving.carry_out(BOOKER, open_call(flight).pk)
    assert is_in(flight, R.UNKNOWN)
    return flight


def ask_again(flight):
    """As if the pause between two asks were over."""
    SupplierCall.objects.filter(reservation=flight).exclude(state=CallState.DONE).update(next_try_at=clock.wall())
    driving.carry_out(BOOKER, flight.calls.latest("pk").pk)


AS_BEFORE = [(CallVerb.BOOK, R.FAILED), (CallVerb.TICKET, R.BOOKED), (CallVerb.CANCEL, R.TICKETED)]


@pytest.mark.parametrize(("verb", "ends"), AS_BEFORE)
def test_not_found_counts_only_after_the_quiet_time(verb, ends, traveller, sandbox):
    Connection.objects.update(quiet_seconds=3600)
    flight = lost(traveller, sandbox, verb)
    for _ in range(4):
        ask_again(flight)
        assert is_in(flight, R.UNKNOWN)

    call = open_call(flight)
    SupplierCall.objects.filter(pk=call.pk).update(sent_at=clock.wall() - dt.timedelta(seconds=3601))
    ask_again(flight)

    assert is_in(flight, ends)
    assert flight.problem
    assert sent(sandbox, verb) == 1


@pytest.mark.parametrize(("verb", "ends"), AS_BEFORE)
def test_not_found_counts_only_at_the_second_ask(verb, ends, traveller, sandbox):
    Connection.objects.update(quiet_seconds=0)
    flight = lost(traveller, sandbox, verb)
    ask_again(flight)
    assert is_in(flight, R.UNKNOWN)
    ask_again(flight)
    assert is_in(flight, ends)


def test_a_question_without_an_answer_is_no_ask(traveller, sandbox):
    Connection.objects.update(quiet_seconds=0)
    flight = lost(traveller, sandbox, CallVerb.BOOK)
    sandbox.fault("jal-online", "find", "error_500", times=3)
    for _ in range(3):
        ask_again(flight)
    assert is_in(flight, R.UNKNOWN)
    assert open_call(flight).asks == 0


@pytest.mark.parametrize(
    ("verb", "fault", "ends", "truth"),
    [
        (CallVerb.BOOK, "lose_after", R.TICKETING, "held"),
        (CallVerb.BOOK, "garbage", R.TICKETING, "held"),
        (CallVerb.BOOK, "wrong_meaning", R.TICKETING, "held"),
        (CallVerb.BOOK, "error_500", R.TICKETING, "held"),
        (CallVerb.TICKET, "reset_mid_answer", R.TICKETED, "ticketed"),
        (CallVerb.CANCEL, "lose_after", R.CANCELLED, "cancelled"),
    ],
)
def test_an_answer_that_is_lost_or_unreadable_is_asked_for(verb, fault, ends, truth, traveller, sandbox):
    flight = flight_before(traveller, verb)
    sandbox.fault("jal-online", str(verb), fault, after=True)
    call = open_call(flight)
    driving.carry_out(BOOKER, call.pk)
    assert is_in(flight, R.UNKNOWN)
    driving.carry_out(BOOKER, call.pk)
    assert is_in(flight, ends)
    assert held(sandbox, flight) == [truth]
    assert sent(sandbox, verb) == 1


@pytest.mark.parametrize("done", [False, True])
def test_a_supplier_that_turned_us_away_is_asked_before_we_try_again(done, traveller, sandbox):
    flight = flight_before(traveller, CallVerb.BOOK)
    sandbox.fault("jal-online", "book", "error_503", after=done)
    driving.carry_out(BOOKER, open_call(flight).pk)
    assert is_in(flight, R.BOOKING)
    ask_again(flight)
    assert is_in(flight, R.TICKETING)
    assert held(sandbox, flight) == ["held"]
    assert (sent(sandbox, "book"), sent(sandbox, "find")) == (1 if done else 2, 1)
