"""The agency's own fee (取扱手数料) for what an operator arranges or cancels: by its table, and never without a row."""

import pytest

from booking.models import AgencyFee, ChargeKind, ChargeSource, FeeService, Nature, Reservation
from booking.services.cancelling import record_own_cancellation
from lib.dated import between
from tests.booking.buying import booked_money, bought, load_rules
from tests.factories import START, acting, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(db):
    load_rules()
    return acting(person("operator"))


def table(service: str, **row: int) -> None:
    AgencyFee.objects.create(service=service, valid=between(START), **row)


def fees(reservation: Reservation) -> list[int]:
    return [amount for kind, amount in booked_money(reservation) if kind == ChargeKind.HANDLING]


@pytest.mark.parametrize(
    ("supplier", "service"),
    [("jal_online", FeeService.ARRANGE_AIR), ("ex", FeeService.ARRANGE_RAIL), ("yado_net", FeeService.ARRANGE_STAY)],
)
def test_recording_a_booking_charges_the_fee_of_its_kind(supplier, service, desk):
    for each in FeeService:
        table(each, yen=550 if each == service else 9999)
    booking = bought(supplier=supplier)
    assert fees(booking) == [550]
    fee = booking.charges.get(kind=ChargeKind.HANDLING)
    assert (fee.nature, fee.billing_on, fee.rule) == (Nature.OWN, booking.trip.first_day, "with_subject")


def test_a_percentage_is_of_the_price_and_cut_below_ten_yen(desk):
    table(FeeService.ARRANGE_RAIL, percent=3)
    assert fees(bought(price=14450)) == [430]


def test_a_cancellation_at_the_desk_charges_its_fee_and_leaves_that_of_the_arranging(desk):
    table(FeeService.ARRANGE_RAIL, yen=550)
    table(FeeService.CANCEL, yen=330)
    ride = bought()
    record_own_cancellation(desk, ride, fee=320, source=ChargeSource.OPERATOR)
    assert fees(ride) == [550, 330]
    assert sum(amount for _, amount in booked_money(ride)) == 550 + 330 + 320


def test_a_cancellation_whose_refund_is_awaited_is_handled_all_the_same(desk):
    table(FeeService.CANCEL, yen=330)
    ride = bought()
    record_own_cancellation(desk, ride, fee=320, source=ChargeSource.OPERATOR, refunded=False)
    assert booked_money(ride) == [(ChargeKind.FARE, 14400), (ChargeKind.HANDLING, 330)]


def test_what_the_traveller_cancels_costs_no_fee_of_ours(desk):
    table(FeeService.CANCEL, yen=330)
    ride = bought()
    record_own_cancellation(acting(ride.trip.traveller), ride, fee=320, source=ChargeSource.ENTERED)
    assert fees(ride) == []


def test_without_a_row_of_the_day_nothing_is_charged(desk):
    ride = bought()
    record_own_cancellation(desk, ride, fee=320, source=ChargeSource.OPERATOR)
    assert fees(ride) == []
