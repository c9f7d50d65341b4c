"""Twenty identical confirmations at once: the trip is released once, and every supplier is asked once."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from audit.models import Event
from booking.models import CallVerb, ReservationState, SupplierCall, TripState
from tests.faults.broker import swept
from tests.faults.flights import sent
from tests.signin import sign_in
from tests.together import at_once
from tests.world import drafted, searched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker]
R = ReservationState


def test_twenty_identical_confirmations_book_once(traveller, sandbox, portal):
    trip = drafted(traveller, searched(traveller))
    session = sign_in(Client(), traveller).cookies[settings.SESSION_COOKIE_NAME].value
    address = reverse("booking:confirm", args=[trip.public_id])
    browsers = [Client() for _ in range(20)]
    for browser in browsers:
        browser.cookies[settings.SESSION_COOKIE_NAME] = session
    page = browsers[0].get(address).content.decode()
    shown = dict(re.findall(r'name="(version|total)" value="(\d+)"', page))
    worker = portal.start_worker("io")

    answers = at_once(
        *[lambda browser=browser: browser.post(address, {**shown, "consent": "on"}) for browser in browsers]
    )

    assert {getattr(answer, "status_code", answer) for answer in answers} == {303}
    trip.refresh_from_db()
    assert trip.state == TripState.RELEASED
    assert Event.objects.filter(code="booking.trip.released").count() == 1
    held = trip.reservations.filter(way="api")
    swept(lambda: set(held.values_list("state", flat=True)) == {R.TICKETED, R.BOOKED}, what=worker.tail)
    assert [len(sandbox.bookings(reservation.reference)) for reservation in held] == [1, 1]
    assert SupplierCall.objects.filter(verb=CallVerb.BOOK).count() == 2
    assert sent(sandbox, "book") == 1
