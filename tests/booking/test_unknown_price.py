"""A train whose price nobody knows when its trip is confirmed (未設定): who bought it says what it cost."""

import datetime as dt

import pytest

from booking.models import Trip
from booking.services.handoff import enter_number
from lib import clock, jst
from tests import world
from tests.factories import acting, contract, person
from tests.world import drafted, searched, submitted, token

pytestmark = pytest.mark.django_db(transaction=True)
# The season calendar ends with March 2027.
DAY = dt.date(2027, 4, 14)


@pytest.fixture
def trip(sandbox) -> Trip:
    contract()
    world.connect(sandbox.url)
    clock.shift_by(int((jst.at(dt.date(2027, 3, 24), 9) - clock.now()).total_seconds()))
    traveller = world.with_numbers(person())
    search = searched(traveller, out_on=DAY, back_on=DAY + dt.timedelta(days=1))
    return submitted(traveller, drafted(traveller, search, back=token(search, "back", "ex")))


def test_its_sum_is_taken_with_the_number_and_raises_what_was_confirmed(trip):
    ride = trip.reservations.get()
    assert (trip.authorised_total, ride.price) == (0, None)
    enter_number(acting(trip.traveller), ride, number="2001", price=23_280)
    ride.refresh_from_db()
    trip.refresh_from_db()
    assert (ride.state, ride.price, trip.authorised_total) == ("ticketed", 23_280, 23_280)
    assert [charge.amount for charge in ride.charges.all()] == [23_280]
