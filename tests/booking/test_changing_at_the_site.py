"""A change made at the supplier's own site: entered by its person, and told by the usage file, in whichever order."""

import pytest

from booking.errors import AboveAuthorised, BadRefund, CannotChange, ChangeTaken
from booking.models import ChangeKind, ChangeState, ChargeSource, ReservationState
from booking.services.arranging import mark_used
from booking.services.cancelling import record_own_cancellation
from booking.services.changing import confirm_change, record_own_change
from booking.suppliers.types import offer_from_json
from booking.tasks import SWEEPER
from lib import clock
from tests.booking.changes import bought_train, looked, proposed, yen_of
from tests.booking.usage_file import purchase, states
from tests.factories import acting

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


def test_a_train_is_changed_on_the_suppliers_site_and_entered(traveller):
    ride = bought_train(traveller)
    change = proposed(traveller, looked(traveller, ride, air=False), supplier="ex", n=5)
    assert change.kind == ChangeKind.OWN
    confirm_change(acting(traveller), change, max_cost=0, max_fee=0)
    record_own_change(acting(traveller), change, number="2001", price=23_280)
    ride.refresh_from_db()
    change.refresh_from_db()
    assert (ride.state, ride.number, change.state) == (R.TICKETED, "2001", ChangeState.DONE)
    assert ride.title == offer_from_json(change.offer).title
    assert yen_of(ride) == [23_280, -23_280, 23_280]


def test_a_dearer_train_than_confirmed_is_refused_and_nothing_is_lost(traveller):
    ride = bought_train(traveller)
    change = proposed(traveller, looked(traveller, ride, air=False), supplier="ex", n=5)
    confirm_change(acting(traveller), change, max_cost=0, max_fee=0)
    ride.trip.refresh_from_db()
    with pytest.raises(AboveAuthorised):
        record_own_change(acting(traveller), change, number="2001", price=ride.trip.authorised_total + 1)
    ride.refresh_from_db()
    change.refresh_from_db()
    assert (ride.state, change.state) == (R.TICKETED, ChangeState.CONFIRMED)


def changed_at_site(traveller, *, price, before=23_280):
    """A train of `before` yen that was changed on the supplier's site to one of `price` yen, and entered."""
    ride = bought_train(traveller, price=before)
    change = proposed(traveller, looked(traveller, ride, air=False), supplier="ex", n=5)
    confirm_change(acting(traveller), change, max_cost=10_000, max_fee=0)
    record_own_change(acting(traveller), change, number="2001", price=price)
    ride.refresh_from_db()
    return ride


def told(ride, *, operation, amount, at, **more):
    """A row of the usage file about the train, at an hour of today."""
    now = clock.now().astimezone(clock.JST)
    moment = f"{now.year}/{now.month}/{now.day} {at}"
    return purchase(ride, operation=operation, amount=amount, 操作日時=moment, **more)


@pytest.mark.parametrize("new_price", [23_280, 23_480])
def test_the_usage_file_of_an_entered_change_changes_nothing(traveller, take, new_price):
    ride = changed_at_site(traveller, price=new_price)
    rows = take(
        told(ride, operation="購入", amount=23_280, at="9:05"),
        told(ride, operation="取消", amount=23_280, at="10:05"),
        told(ride, operation="購入", amount=new_price, at="10:06"),
    )
    assert states(rows) == ["matched"] * 3
    ride.refresh_from_db()
    assert (ride.state, ride.price, sum(yen_of(ride))) == (R.TICKETED, new_price, new_price)


def test_another_price_than_was_entered_is_charged_as_a_difference(traveller, take):
    ride = changed_at_site(traveller, price=23_280)
    take(
        told(ride, operation="購入", amount=23_280, at="9:05"),
        told(ride, operation="取消", amount=23_280, at="10:05"),
        told(ride, operation="購入", amount=23_000, at="10:06"),
    )
    ride.refresh_from_db()
    assert (ride.state, sum(yen_of(ride))) == (R.TICKETED, 23_000)


def test_a_refund_after_a_change_cancels_as_ever(traveller, take):
    ride = changed_at_site(traveller, price=23_280)
    take(
        told(ride, operation="購入", amount=23_280, at="9:05"),
        told(ride, operation="取消", amount=23_280, at="10:05"),
        told(ride, operation="購入", amount=23_280, at="10:06"),
        told(ride, operation="取消", amount=23_280, at="11:00"),
        told(ride, operation="払戻手数料", amount=320, at="11:00"),
    )
    ride.refresh_from_db()
    assert (ride.state, sum(yen_of(ride))) == (R.CANCELLED, 320)


def test_a_usage_file_in_the_middle_of_a_change_neither_cancels_nor_charges(traveller, take):
    ride = bought_train(traveller)
    change = proposed(traveller, looked(traveller, ride, air=False), supplier="ex", n=5)
    confirm_change(acting(traveller), change, max_cost=10_000, max_fee=0)
    rows = take(
        told(ride, operation="購入", amount=23_280, at="9:05"),
        told(ride, operation="取消", amount=23_280, at="10:05"),
        told(ride, operation="購入", amount=23_480, at="10:06"),
    )
    assert states(rows) == ["matched", "unmatched", "unmatched"]
    record_own_change(acting(traveller), change, number="2001", price=23_480)
    ride.refresh_from_db()
    assert (ride.state, sum(yen_of(ride))) == (R.TICKETED, 23_480)


def test_a_change_of_a_train_whose_price_nobody_knew_costs_the_new_price(traveller, take):
    ride = changed_at_site(traveller, price=23_480, before=None)
    take(
        told(ride, operation="購入", amount=23_280, at="9:05"),
        told(ride, operation="取消", amount=23_280, at="10:05"),
        told(ride, operation="購入", amount=23_480, at="10:06"),
    )
    ride.refresh_from_db()
    assert (ride.state, sum(yen_of(ride))) == (R.TICKETED, 23_480)


def test_a_train_that_was_bought_and_changed_within_a_minute_was_bought_twice(traveller, take):
    ride = changed_at_site(traveller, price=23_280, before=None)
    first = {"列車名": "のぞみ001", "出発時刻": "6:00", "到着時刻": "11:00"}
    take(
        told(ride, operation="購入", amount=23_280, at="9:05", **first),
        told(ride, operation="取消", amount=23_280, at="9:05", **first),
        told(ride, operation="購入", amount=23_280, at="9:05"),
    )
    ride.refresh_from_db()
    assert (ride.state, sum(yen_of(ride))) == (R.TICKETED, 23_280)


@pytest.mark.parametrize("before", [23_280, None])
def test_the_price_is_that_of_the_ride_that_stands_whichever_row_comes_last(traveller, take, before):
    ride = changed_at_site(traveller, price=23_480, before=before)
    first = {"列車名": "のぞみ001", "出発時刻": "6:00", "到着時刻": "11:00"}
    take(told(ride, operation="購入", amount=23_480, at="10:06"))
    take(told(ride, operation="取消", amount=23_280, at="10:05", **first))
    take(told(ride, operation="購入", amount=23_280, at="9:05", **first))
    ride.refresh_from_db()
    assert (ride.price, sum(yen_of(ride))) == (23_480, 23_480)


def test_the_rows_of_a_change_may_come_in_several_files(traveller, take):
    ride = changed_at_site(traveller, price=23_480)
    take(told(ride, operation="購入", amount=23_480, at="10:06"))
    take(told(ride, operation="取消", amount=23_280, at="10:05"))
    take(told(ride, operation="購入", amount=23_280, at="9:05"))
    ride.refresh_from_db()
    assert (ride.state, sum(yen_of(ride))) == (R.TICKETED, 23_480)


def test_a_booking_that_ends_in_the_middle_of_its_change_ends_the_change(traveller):
    ride = bought_train(traveller)
    change = proposed(traveller, looked(traveller, ride, air=False), supplier="ex", n=5)
    confirm_change(acting(traveller), change, max_cost=0, max_fee=0)
    record_own_cancellation(acting(traveller), ride, fee=320, source=ChargeSource.ENTERED)
    change.refresh_from_db()
    assert change.state == ChangeState.DROPPED
    with pytest.raises(ChangeTaken):
        record_own_change(acting(traveller), change, number="2001", price=23_280)
    assert sum(yen_of(ride)) == 320


def test_a_train_that_was_taken_as_it_stood_ends_the_change(traveller):
    ride = bought_train(traveller)
    change = proposed(traveller, looked(traveller, ride, air=False), supplier="ex", n=5)
    confirm_change(acting(traveller), change, max_cost=0, max_fee=0)
    mark_used(SWEEPER, ride)
    change.refresh_from_db()
    assert change.state == ChangeState.DROPPED


def test_a_change_of_what_was_given_back_meanwhile_is_refused(traveller):
    ride = bought_train(traveller)
    change = proposed(traveller, looked(traveller, ride, air=False), supplier="ex", n=5)
    record_own_cancellation(acting(traveller), ride, fee=320, source=ChargeSource.ENTERED)
    with pytest.raises(CannotChange):
        confirm_change(acting(traveller), change, max_cost=100_000, max_fee=0)
    change.refresh_from_db()
    assert change.state == ChangeState.DRAFT


@pytest.mark.parametrize("fee", [23_281, 320_000])
def test_no_more_is_kept_than_was_paid(fee, traveller):
    ride = bought_train(traveller)
    with pytest.raises(BadRefund, match="払った額（23,280円）を超えています") as refused:
        record_own_cancellation(acting(traveller), ride, fee=fee, source=ChargeSource.ENTERED)
    assert refused.value.field == "fee"
    ride.refresh_from_db()
    assert (ride.state, yen_of(ride)) == ("ticketed", [23_280])
