"""Who confirmed a trip is told by mail how it ended, once, whichever part ends last and in whichever way."""

import threading
import time

import pytest
from django.db import transaction

from audit.models import OutgoingMail
from booking.models import CallVerb, ReservationState, SupplierCall
from booking.services import arranging, driving
from booking.suppliers.types import Ticketed
from booking.tasks import BOOKER
from lib import clock, durable
from tests import world
from tests.factories import contract, person
from tests.together import at_once
from tests.world import drafted, searched, submitted, token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def flights(sandbox):
    """Two flights of one trip, held, each with a call under way that tickets it."""
    contract()
    world.connect(sandbox.url)
    traveller = world.with_numbers(person())
    search = searched(traveller)
    chosen = {part: token(search, part, "jal_online", has="ビジネスフレックス") for part in ("out", "back")}
    trip = submitted(traveller, drafted(traveller, search, **chosen))
    for call in SupplierCall.objects.filter(verb=CallVerb.BOOK).order_by("pk"):
        driving.carry_out(BOOKER, call.pk)
    flights = list(trip.reservations.order_by("pk"))
    assert [flight.state for flight in flights] == [ReservationState.TICKETING] * 2
    return flights


def told():
    return OutgoingMail.objects.filter(kind="trip_result")


def ticketed(flight):
    """The recording of a ticket, as a worker does it."""
    call = flight.calls.get(verb=CallVerb.TICKET)
    token_ = durable.claim(SupplierCall.objects.all(), call.pk)
    call.refresh_from_db()
    answer = Ticketed(flight.number, f"131-{flight.pk:010d}", flight.price, clock.today())
    arranging.record_ticketed(BOOKER, call, answer, token=token_, exchanges=[])


def test_of_two_parts_that_are_ticketed_at_the_same_moment_one_tells(flights):
    written = threading.Event()

    def first():
        with transaction.atomic():
            ticketed(flights[0])
            written.set()
            time.sleep(0.5)

    def second():
        assert written.wait(timeout=20)
        ticketed(flights[1])

    assert at_once(first, second) == [None, None]
    assert told().count() == 1
    assert told().get().body.count("発券済") == 2


def test_a_ticket_that_could_not_be_had_is_told_with_the_reason(flights, sandbox):
    sandbox.fault("jal-online", "ticket", "sold_out", reference=flights[1].reference)
    for flight in flights:
        driving.carry_out(BOOKER, flight.calls.get(verb=CallVerb.TICKET).pk)
    body = told().get().body
    assert "予約確定" in body
    assert "満席" in body
