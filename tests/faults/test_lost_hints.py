"""Redis is flushed, or away: the work stands in the database, and the sweeper finds it."""

import pytest

from booking.models import ReservationState, SupplierCall
from config.celery import app
from tests.faults.broker import swept
from tests.faults.flights import charged, drafted_flight, held, is_in, paid, sent
from tests.running import wait_until
from tests.world import submitted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker]
R = ReservationState


def booked_once(sandbox, flight):
    return (held(sandbox, flight), sent(sandbox, "book"), charged(flight)) == (["ticketed"], 1, paid(flight))


def test_a_confirmation_whose_hints_were_flushed_is_carried_out_once(traveller, sandbox, broker, portal):
    flight = drafted_flight(traveller)
    submitted(traveller, flight.trip)
    assert broker.flush()

    worker = portal.start_worker("io")
    swept(lambda: is_in(flight, R.TICKETED), what=lambda: f"{flight.state}\n{worker.tail()}")

    assert booked_once(sandbox, flight)


def test_a_confirmation_while_redis_is_away_is_taken_and_carried_out_once(traveller, sandbox, broker, portal):
    flight = drafted_flight(traveller)
    broker.stop()
    try:
        submitted(traveller, flight.trip)
    finally:
        broker.start()
    assert is_in(flight, R.BOOKING)

    worker = portal.start_worker("io")
    swept(lambda: is_in(flight, R.TICKETED), what=lambda: f"{flight.state}\n{worker.tail()}")

    assert booked_once(sandbox, flight)


@pytest.mark.parametrize("trouble", ["flushed", "away"])
def test_redis_fails_while_the_supplier_is_at_work(trouble, traveller, sandbox, broker, portal):
    flight = drafted_flight(traveller)
    sandbox.control("POST", "latency", {"supplier": "jal-online", "operation": "book", "ms": 1500})
    worker = portal.start_worker("io")
    submitted(traveller, flight.trip)
    wait_until(lambda: SupplierCall.objects.exclude(sent_at=None).exists(), what=worker.tail())
    assert held(sandbox, flight) == []

    if trouble == "flushed":
        broker.flush()
    else:
        broker.stop()
        try:
            wait_until(lambda: is_in(flight, R.TICKETING, R.UNKNOWN), what=f"{flight.state}\n{worker.tail()}")
        finally:
            broker.start()
    swept(lambda: is_in(flight, R.TICKETED), what=lambda: f"{flight.state}\n{worker.tail()}")

    assert booked_once(sandbox, flight)


def test_beat_wakes_every_sweeper_each_quarter_of_a_minute():
    schedule = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    assert schedule["booking.tasks.sweep_calls"] == 15.0
