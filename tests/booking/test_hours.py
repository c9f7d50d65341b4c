"""From when a supplier takes a booking: windows that pass midnight, maintenance in between, the opening of sale."""

import datetime as dt

import pytest
from django.core.management import call_command

from booking.models import SaleOpening, SupplierHours
from booking.queries.hours import months_earlier, opened_from, sale_opens_at
from booking.services.reference import load_reference_table
from booking.suppliers.types import Night, Offer, Ride
from lib import jst
from lib.dated import between
from tests.factories import SETUP, START

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 12, 10)


def hours(begins: str, ends: str, *, kind: str = "open", first: dt.date = START, last: dt.date | None = None) -> None:
    SupplierHours.objects.create(
        supplier="ex", kind=kind, begins=begins, ends=ends, valid=between(first, last), source="試験"
    )


def at(hour: int, minute: int = 0, day: dt.date = DAY) -> dt.datetime:
    return jst.at(day, hour, minute)


NEXT = DAY + dt.timedelta(days=1)
EKINET = [
    (at(4, 59), at(5)),
    (at(5), at(5)),
    (at(23, 49), at(23, 49)),
    (at(23, 50), at(0, 10, NEXT)),
    (at(0, 0), at(0, 10)),
    (at(0, 10), at(0, 10)),
    (at(1, 50), at(5)),
]


@pytest.mark.parametrize(("moment", "opens"), EKINET)
def test_two_windows_a_day_leave_two_pauses(moment, opens):
    hours("05:00", "23:50")
    hours("00:10", "01:50")
    assert opened_from("ex", moment) == opens


@pytest.mark.parametrize(("moment", "opens"), [(at(23), at(23)), (at(1), at(1)), (at(2), at(6)), (at(5, 59), at(6))])
def test_a_window_may_pass_midnight(moment, opens):
    hours("06:00", "02:00")
    assert opened_from("ex", moment) == opens


def test_a_window_of_equal_times_is_the_whole_day():
    hours("00:00", "00:00")
    assert opened_from("ex", at(3)) == at(3)


def test_without_a_row_nothing_waits():
    hours("06:00", "02:00")
    assert opened_from("jal_online", at(3)) == at(3)


def test_hours_that_are_not_known_for_the_day_close_nothing():
    hours("06:00", "02:00", last=DAY - dt.timedelta(days=30))
    assert opened_from("ex", at(3)) == at(3)


def test_maintenance_of_one_night_is_waited_out_and_then_the_hours_hold():
    hours("05:30", "23:30")
    hours("23:00", "06:15", kind="closed", first=DAY, last=DAY)
    assert opened_from("ex", at(22, 59)) == at(22, 59)
    assert opened_from("ex", at(23, 10)) == at(6, 15, NEXT)
    assert opened_from("ex", at(5, 45, NEXT)) == at(6, 15, NEXT)
    assert opened_from("ex", at(23, 10, NEXT)) == at(23, 10, NEXT)


def test_maintenance_in_the_middle_of_the_day_ends_in_open_hours():
    hours("12:00", "13:00", kind="closed", first=DAY, last=DAY)
    assert opened_from("ex", at(12, 30)) == at(13)


MONTHS = [
    (dt.date(2026, 12, 10), 1, dt.date(2026, 11, 10)),
    (dt.date(2026, 3, 31), 1, dt.date(2026, 3, 1)),
    (dt.date(2026, 3, 29), 1, dt.date(2026, 3, 1)),
    (dt.date(2026, 12, 31), 1, dt.date(2026, 12, 1)),
    (dt.date(2027, 1, 31), 1, dt.date(2026, 12, 31)),
    (dt.date(2028, 2, 29), 12, dt.date(2027, 3, 1)),
    (dt.date(2026, 12, 10), 12, dt.date(2025, 12, 10)),
]


@pytest.mark.parametrize(("day", "months", "first"), MONTHS)
def test_a_month_before_is_the_same_day_or_the_first_after_it(day, months, first):
    assert months_earlier(day, months) == first


def ride(day: dt.date) -> Offer:
    return Offer(
        "ex", "のぞみ21号", "", 100, rides=[Ride("のぞみ21号", "東京", "博多", at(10, 0, day), at(15, 0, day))]
    )


def test_sale_opens_so_many_days_or_months_before_the_last_day_of_use():
    SaleOpening.objects.create(supplier="ex", months_before=1, opens="10:00", valid=between(START), source="試験")
    SaleOpening.objects.create(supplier="yado_net", days_before=30, opens="00:00", valid=between(START), source="試験")
    assert sale_opens_at("ex", ride(dt.date(2027, 3, 31))) == jst.at(dt.date(2027, 3, 1), 10)
    nights = [Night(DAY, 9000), Night(NEXT, 9000)]
    assert sale_opens_at("yado_net", Offer("yado_net", "宿", "", 18000, nights=nights)) == jst.at(dt.date(2026, 11, 11))
    assert sale_opens_at("jal_online", ride(DAY)) is None


def test_what_is_known_of_the_suppliers_is_loaded_once_and_leaves_what_people_entered():
    SaleOpening.objects.create(supplier="ex", days_before=5, opens="10:00", valid=between(START), source="窓口")
    load_reference_table(SETUP, "sale_openings")
    found = {row.supplier: (row.days_before, row.months_before, row.opens) for row in SaleOpening.objects.all()}
    assert found == {
        "ex": (5, None, "10:00"),
        "jal_online": (360, None, "00:00"),
        "yado_net": (365, None, "00:00"),
    }
    call_command("load_reference_data", verbosity=0)
    assert SaleOpening.objects.count() == 3
    # Round the clock, or not known: then nothing waits.
    assert not SupplierHours.objects.exists()
