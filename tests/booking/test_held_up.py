"""What nobody may cancel freely waits while another part of its trip cannot be had, and its traveller has the word."""

import pytest

from audit.models import OutgoingMail
from booking.models import ReservationState
from booking.services import arranging, scheduling
from booking.services.changing import confirm_change
from booking.states import HELD_UP
from booking.tasks import BOOKER
from tests import signin
from tests.booking.changes import FLEX, looked, proposed
from tests.factories import acting
from tests.world import drafted, searched, submitted, token, work_off

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


@pytest.fixture
def trip(traveller):
    """A flight, and a stay that costs from the first moment on: it is booked after the flight."""
    search = searched(traveller)
    offers = search.answers.get(part="stay").offers
    n = next(k for k, offer in enumerate(offers) if not offer["reversible"])
    chosen = {"out": token(search, "out", "jal_online", has=FLEX), "stay": token(search, "stay", "yado_net", n=n)}
    return drafted(traveller, search, **chosen)


@pytest.fixture
def stay(traveller, trip, sandbox):
    """That stay, after its flight was sold out."""
    sandbox.fault("jal-online", "book", "sold_out", times=1)
    submitted(traveller, trip)
    work_off()
    return trip.reservations.get(supplier="yado_net")


def flight_of(trip):
    return trip.reservations.filter(supplier="jal_online").order_by("-pk").first()


def test_it_is_not_booked_and_its_traveller_is_told(stay, traveller, client, sandbox):
    assert (stay.state, stay.problem, stay.calls.count()) == (R.SCHEDULED, HELD_UP, 0)
    assert flight_of(stay.trip).state == R.FAILED
    assert "予約を見合わせています" in OutgoingMail.objects.get(kind="wish_stopped").body
    assert "満席" in OutgoingMail.objects.get(kind="trip_result").body
    signin.sign_in(client, traveller)
    page = client.get(f"/trips/{stay.trip.public_id}/").content.decode()
    assert "の予約を止めています" in page
    assert HELD_UP in page
    assert f"{stay.price:,}円で予約する" in page
    assert "代わりを探す" in page


def test_it_is_booked_once_another_flight_stands_and_then_all_is_ticketed(stay, traveller):
    again = looked(traveller, flight_of(stay.trip))
    change = proposed(traveller, again, has=FLEX, n=2)
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=0)
    work_off()
    stay.refresh_from_db()
    assert (stay.state, stay.problem) == (R.BOOKED, "")
    assert flight_of(stay.trip).state == R.TICKETED
    assert stay.title in OutgoingMail.objects.get(kind="wish_result").body


def test_its_traveller_may_have_it_all_the_same(stay, traveller):
    scheduling.accept_wish(acting(traveller), stay, price=stay.price)
    work_off()
    stay.refresh_from_db()
    assert (stay.state, flight_of(stay.trip).state) == (R.BOOKED, R.FAILED)


def test_it_may_be_given_up(stay, traveller):
    scheduling.withdraw_wish(acting(traveller), stay)
    work_off()
    stay.refresh_from_db()
    assert (stay.state, stay.calls.count()) == (R.WITHDRAWN, 0)


def test_it_waits_while_its_traveller_has_to_decide_about_a_price(trip, traveller, sandbox):
    sandbox.fault("jal-online", "book", "dearer")
    submitted(traveller, trip)
    work_off()
    flight, stay = flight_of(trip), trip.reservations.get(supplier="yado_net")
    assert (flight.state, stay.state, stay.problem) == (R.BOOKED, R.SCHEDULED, HELD_UP)
    assert OutgoingMail.objects.filter(kind="trip_result").count() == 1
    arranging.accept_price(acting(traveller), flight, price=flight.price)
    work_off()
    assert sorted(trip.reservations.values_list("state", flat=True)) == [R.BOOKED, R.TICKETED]


def test_it_waits_on_when_that_flight_was_let_go(trip, traveller, sandbox):
    sandbox.fault("jal-online", "book", "dearer")
    submitted(traveller, trip)
    work_off()
    flight, stay = flight_of(trip), trip.reservations.get(supplier="yado_net")
    arranging.expire_hold(BOOKER, flight)
    stay.refresh_from_db()
    assert (flight.state, stay.state, stay.problem) == (R.EXPIRED, R.SCHEDULED, HELD_UP)
