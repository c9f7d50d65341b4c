"""A worker dies between the supplier's answer and its recording: the next one asks, and finds what was done."""

import signal

import pytest

from booking.models import CallState, CallVerb, ReservationState
from booking.states import DURING
from booking.tasks import sweep_calls
from tests.faults.broker import swept
from tests.faults.flights import charged, flight_before, held, is_in, open_call, paid, sent
from tests.running import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker]
R = ReservationState


@pytest.mark.parametrize(
    ("verb", "ends", "truth"),
    [
        (CallVerb.BOOK, R.TICKETED, "ticketed"),
        (CallVerb.TICKET, R.TICKETED, "ticketed"),
        (CallVerb.CANCEL, R.CANCELLED, "cancelled"),
    ],
)
def test_what_a_killed_worker_did_is_found_and_not_done_again(verb, ends, truth, traveller, sandbox, broker, portal):
    flight = flight_before(traveller, verb)
    broker.flush()

    dying = portal.start_worker("io", FAULT_POINT="after-answer")
    sweep_calls()
    wait_until(lambda: not dying.is_running(), what="the worker did not come to the place where it dies")
    assert dying.popen.wait() == -signal.SIGKILL
    call = open_call(flight)
    assert (call.verb, call.state, call.outcome) == (verb, CallState.OPEN, "")
    assert is_in(flight, DURING[verb])
    assert sent(sandbox, verb) == 1

    next_one = portal.start_worker("io")
    swept(lambda: is_in(flight, ends), what=lambda: f"{flight.state}\n{next_one.tail()}")

    assert held(sandbox, flight) == [truth]
    assert flight.number == sandbox.truth()["bookings"][0]["number"]
    assert {name: sent(sandbox, name) for name in ("book", "ticket")} == {"book": 1, "ticket": 1}
    assert not flight.calls.exclude(state=CallState.DONE).exists()
    back = [] if ends == R.TICKETED else [*(-yen for yen in paid(flight)), flight.cancel_fee]
    assert charged(flight) == [*paid(flight), *back]
