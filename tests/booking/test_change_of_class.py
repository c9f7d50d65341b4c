"""Another seat class or another fare on the very same flight: an exchange where the fare allows it, else booked anew."""

import pytest

from booking.models import ChangeKind, ChangeState, ReservationState
from booking.services.changing import confirm_change
from booking.suppliers.types import offer_from_json
from tests.booking.changes import FLEX, confirmed, live, looked, proposed, ticketed, yen_of
from tests.factories import acting
from tests.world import work_off

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


def same_flight(traveller, flight, *, has):
    """An offer of the very same flight, chosen."""
    search = looked(traveller, flight)
    offers = search.answers.get(connection__supplier=flight.supplier).offers
    fitting = [offer for offer in offers if has in offer["detail"]]
    n = next(k for k, offer in enumerate(fitting) if offer["title"] == flight.title)
    return proposed(traveller, search, has=has, n=n)


def test_another_seat_class_of_the_same_fare_is_an_exchange_with_its_difference(traveller, sandbox):
    flight = ticketed(traveller, has=f"{FLEX} 普通席")
    before = flight.price
    change = same_flight(traveller, flight, has=f"{FLEX} クラスJ")
    assert change.kind == ChangeKind.EXCHANGE
    confirmed(traveller, change)
    work_off()
    flight.refresh_from_db()
    change.refresh_from_db()
    wanted = offer_from_json(change.offer)
    assert (flight.state, change.state) == (R.TICKETED, ChangeState.DONE)
    assert (flight.detail, flight.price) == (wanted.detail, wanted.price)
    assert "クラスJ" in flight.detail
    assert flight.price > before
    assert live(flight.trip) == [(flight.title, R.TICKETED)]
    assert sum(yen_of(flight)) == flight.price
    [truth] = sandbox.bookings(flight.reference)
    assert truth["price_yen"] == flight.price


def test_another_fare_of_the_same_flight_is_booked_anew_and_the_old_one_given_back(traveller, sandbox):
    flight = ticketed(traveller, has="セイバー 普通席")
    change = same_flight(traveller, flight, has=f"{FLEX} 普通席")
    assert change.kind == ChangeKind.REBOOK
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=50_000)
    work_off()
    flight.refresh_from_db()
    change.refresh_from_db()
    new = change.replacement
    assert (flight.state, new.state, change.state) == (R.CANCELLED, R.TICKETED, ChangeState.DONE)
    assert FLEX in new.detail
    assert live(flight.trip) == [(new.title, R.TICKETED)]
    assert sum(yen_of(flight)) == flight.cancel_fee
    assert sum(yen_of(new)) == new.price
