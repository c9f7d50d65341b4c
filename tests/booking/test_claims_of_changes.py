"""What a change leaves behind: the old booking's money is owed from the moment that the new one is sure."""

import pytest

from accounts.models import User
from booking.models import ChangeState, ClaimState, Connection, RefundClaim, Reservation, ReservationState
from booking.queries import trip_page
from booking.queries.claims import ClaimFilter, ClaimList, claim_rows, claims
from booking.services import feeds
from booking.services.cancelling import claim_cancellation, record_own_cancellation
from booking.services.changing import confirm_change
from booking.services.ending_claims import ask_claim_close, decide_claim_end
from booking.services.refunds import record_refund
from booking.tasks import BOOKER
from lib import clock
from tests.booking.changes import FLEX, bought_train, looked, proposed
from tests.booking.usage_file import fee, purchase, refund, usage_file
from tests.factories import acting, person
from tests.world import work_off

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


@pytest.fixture
def desk(traveller):
    return acting(person("operator"))


def replaced(traveller: User, *, price: int | None = 23_280) -> Reservation:
    """A train that was bought at its supplier's site, and a flight in its stead."""
    ride = bought_train(traveller, price=price)
    change = proposed(traveller, looked(traveller, ride), has=FLEX)
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=320)
    work_off()
    ride.refresh_from_db()
    return ride


def states(ride: Reservation) -> list[tuple[str, int, int]]:
    return [(claim.state, claim.charged, claim.expected) for claim in ride.refund_claims.order_by("pk")]


def take_in(desk, *lines) -> None:
    ex = Connection.objects.get(supplier="ex")
    feeds.import_feed(BOOKER, feeds.upload_feed(desk, ex, file_name="ex.csv", content=usage_file(*lines)).pk)


def test_the_old_train_is_owed_once_the_new_flight_is_ticketed(traveller):
    ride = replaced(traveller)
    assert states(ride) == [(ClaimState.OPEN, 23_280, 22_960)]
    [entry] = [entry for entry in trip_page(acting(traveller), ride.trip).entries if entry.reservation == ride]
    assert entry.owed == ride.refund_claims.get()


def test_giving_it_back_at_the_confirmed_fee_settles_it(traveller, desk):
    ride = replaced(traveller)
    record_own_cancellation(acting(traveller), ride, fee=320, source="entered")
    assert states(ride) == [(ClaimState.SETTLED, 23_280, 22_960)]
    assert list(claims(desk, ClaimFilter(ClaimList.DIFFERS))) == []


def test_another_fee_than_the_confirmed_one_is_shown_as_a_difference(traveller, desk):
    ride = replaced(traveller)
    record_own_cancellation(acting(traveller), ride, fee=1_320, source="entered")
    [row] = claim_rows(claims(desk, ClaimFilter(ClaimList.DIFFERS)))
    assert (row.received, row.difference) == (21_960, -1_000)


def test_cancelled_and_not_yet_refunded_it_stays_owed_until_the_refund_is_recorded(traveller, desk):
    ride = replaced(traveller)
    record_own_cancellation(desk, ride, fee=500, source="operator", refunded=False)
    assert states(ride) == [(ClaimState.OPEN, 23_280, 22_780)]
    ride.refresh_from_db()
    assert record_refund(desk, ride, kept=500, booked_on=clock.today(), source="operator") is None
    assert states(ride) == [(ClaimState.SETTLED, 23_280, 22_780)]


def test_the_usage_file_alone_settles_it(traveller, desk):
    ride = replaced(traveller)
    take_in(desk, purchase(ride), refund(ride, 23_280), fee(ride, 320))
    ride.refresh_from_db()
    assert (ride.state, ride.cancel_fee) == (R.CANCELLED, 320)
    assert states(ride) == [(ClaimState.SETTLED, 23_280, 22_960)]
    assert list(claims(desk, ClaimFilter(ClaimList.DIFFERS))) == []


def test_a_price_that_only_the_usage_file_tells_is_owed_from_then_on(traveller, desk):
    ride = replaced(traveller, price=None)
    assert not RefundClaim.objects.exists()
    take_in(desk, purchase(ride, amount=23_280))
    assert states(ride) == [(ClaimState.OPEN, 23_280, 22_960)]


def test_two_people_give_it_up_and_it_is_not_asked_for_again(traveller, desk):
    ride = replaced(traveller)
    claim = ride.refund_claims.get()
    ask_claim_close(desk, claim, reason="refused", note="発車後のため")
    decide_claim_end(acting(person("operator")), claim)
    take_in(desk, purchase(ride))
    assert states(ride) == [(ClaimState.CLOSED, 23_280, 22_960)]


def test_when_the_new_booking_is_given_back_instead_nothing_is_owed_for_the_old_one(traveller):
    ride = replaced(traveller)
    change = ride.changes.get()
    claim_cancellation(acting(traveller), change.replacement, max_fee=100_000)
    work_off()
    change.refresh_from_db()
    ride.refresh_from_db()
    assert (change.state, ride.state, ride.problem) == (ChangeState.REFUSED, R.TICKETED, "")
    assert states(ride) == [(ClaimState.VOID, 23_280, 22_960)]
