"""A part that became dearer between search and hold: the trip stops for its person, and no outcome is lost by that."""

import datetime as dt

import pytest

from accounts.models import Office
from booking.errors import AboveAuthorised
from booking.models import ReservationState, SupplierCall
from booking.services import arranging
from booking.suppliers.types import Booked
from booking.tasks import BOOKER
from lib import durable
from lib.errors import MoveNotAllowed
from tests import world
from tests.factories import acting, contract, person
from tests.signin import sign_in
from tests.world import drafted, searched, submitted, token, work_off

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


@pytest.fixture
def flights(sandbox):
    """Two flights, both held, of which the first came at more than was offered."""
    contract()
    world.connect(sandbox.url)
    traveller = world.with_numbers(person())
    search = searched(traveller)
    chosen = {part: token(search, part, "jal_online", has="ビジネスフレックス") for part in ("out", "back")}
    trip = drafted(traveller, search, **chosen)
    sandbox.fault("jal-online", "book", "dearer", reference=f"{trip.number}-01")
    submitted(traveller, trip)
    work_off()
    return list(trip.reservations.order_by("pk"))


def states(flights):
    for flight in flights:
        flight.refresh_from_db()
    return [flight.state for flight in flights]


def test_both_are_held_and_none_is_ticketed_before_the_person_has_decided(flights):
    assert states(flights) == [R.BOOKED, R.BOOKED]
    assert [bool(flight.problem) for flight in flights] == [True, False]
    assert not flights[0].calls.exclude(state="done").exists()
    assert not flights[1].calls.exclude(state="done").exists()


def test_ticketing_the_dearer_one_without_taking_its_price_is_refused(flights):
    dearer = flights[0]
    with pytest.raises(AboveAuthorised):
        arranging.ticket_reservation(acting(dearer.trip.traveller), dearer)
    assert states(flights) == [R.BOOKED, R.BOOKED]


def test_taking_the_new_price_tickets_what_waited_for_it_too(flights):
    dearer = flights[0]
    arranging.accept_price(acting(dearer.trip.traveller), dearer, price=dearer.price)
    work_off()
    assert states(flights) == [R.TICKETED, R.TICKETED]
    dearer.trip.refresh_from_db()
    assert dearer.trip.authorised_total == sum(flight.price for flight in flights)


def test_of_two_dearer_parts_taking_one_does_not_take_the_other(sandbox):
    contract()
    world.connect(sandbox.url)
    traveller = world.with_numbers(person())
    search = searched(traveller)
    chosen = {part: token(search, part, "jal_online", has="ビジネスフレックス") for part in ("out", "back")}
    trip = drafted(traveller, search, **chosen)
    for n in (1, 2):
        sandbox.fault("jal-online", "book", "dearer", reference=f"{trip.number}-0{n}")
    confirmed = submitted(traveller, trip).authorised_total
    work_off()
    one, other = trip.reservations.order_by("pk")
    arranging.accept_price(acting(traveller), one, price=one.price)
    work_off()
    trip.refresh_from_db()
    assert confirmed < trip.authorised_total < one.price + other.price
    assert states([one, other]) == [R.BOOKED, R.BOOKED]
    assert [bool(flight.problem) for flight in (one, other)] == [False, True]
    arranging.accept_price(acting(traveller), other, price=other.price)
    work_off()
    trip.refresh_from_db()
    assert states([one, other]) == [R.TICKETED, R.TICKETED]
    assert trip.authorised_total == one.price + other.price


def test_where_trips_are_approved_a_dearer_part_needs_another_approval(flights):
    dearer = flights[0]
    Office.objects.update(approval_required=True)
    with pytest.raises(AboveAuthorised, match="承認された上限"):
        arranging.accept_price(acting(dearer.trip.traveller), dearer, price=dearer.price)
    assert states(flights) == [R.BOOKED, R.BOOKED]
    assert flights[0].problem


@pytest.fixture
def stay(sandbox):
    """A stay that was booked at more than was offered; it has no ticket."""
    contract()
    world.connect(sandbox.url)
    traveller = world.with_numbers(person())
    search = searched(traveller)
    chosen = {
        "out": token(search, "out", "jal_online", has="ビジネスフレックス"),
        "stay": token(search, "stay", "yado_net"),
    }
    trip = submitted(traveller, drafted(traveller, search, **chosen))
    stay = trip.reservations.get(supplier="yado_net")
    call = stay.calls.get()
    token_of_claim = durable.claim(SupplierCall.objects.all(), call.pk, lease=dt.timedelta(minutes=1))
    dearer = Booked(number="YN123", price=stay.price + 300)
    arranging.record_booked(BOOKER, call, dearer, token=token_of_claim, exchanges=[])
    work_off()
    stay.refresh_from_db()
    return stay


def test_a_dearer_stay_is_kept_at_its_new_price_and_its_trip_goes_on(stay, client):
    flight = stay.trip.reservations.get(supplier="jal_online")
    assert (stay.state, flight.state) == (R.BOOKED, R.BOOKED)
    assert "この料金で残すか、取り消してください。" in stay.problem
    sign_in(client, stay.trip.traveller)
    page = f"/trips/{stay.trip.public_id}/"
    assert f"{stay.price:,}円で残す" in client.get(page).content.decode()
    client.post(f"/reservations/{stay.public_id}/ticket/", {"price": stay.price})
    work_off()
    stay.refresh_from_db()
    flight.refresh_from_db()
    assert (stay.state, stay.problem, flight.state) == (R.BOOKED, "", R.TICKETED)
    assert set(stay.calls.values_list("verb", flat=True)) == {"book"}


def test_what_has_no_ticket_is_not_ticketed(stay):
    arranging.accept_price(acting(stay.trip.traveller), stay, price=stay.price)
    with pytest.raises(MoveNotAllowed):
        arranging.ticket_reservation(acting(stay.trip.traveller), stay)


@pytest.mark.parametrize("price", ["9" * 12, "9" * 5000, "三百", "-1"])
def test_a_price_that_is_none_is_refused_with_a_message(price, flights, client):
    sign_in(client, flights[0].trip.traveller)
    answer = client.post(f"/reservations/{flights[0].public_id}/ticket/", {"price": price}, follow=True)
    assert "状態が変わりました" in answer.content.decode()
    assert states(flights) == [R.BOOKED, R.BOOKED]
