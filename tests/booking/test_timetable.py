"""Direct trains between stations and places on a day."""

import datetime as dt

import pytest

from accounts.services import service_actor
from booking.models import Train, TrainStop
from booking.queries.places import resolve_place
from booking.queries.timetable import connections, rail_candidates
from booking.services.reference import LOADERS, load_reference_table
from lib import jst

pytestmark = pytest.mark.django_db
THURSDAY = dt.date(2026, 12, 10)
FRIDAY = dt.date(2026, 12, 11)
SATURDAY = dt.date(2026, 12, 12)
PURCHASE = dt.date(2026, 11, 25)


@pytest.fixture
def timetable():
    """The real timetable and tariffs."""
    for table in LOADERS:
        load_reference_table(service_actor("command"), table)


@pytest.fixture
def empty_timetable():
    """No train but those that a test makes."""
    Train.objects.all().delete()


def train(key: str, *calls: tuple[str, int | None, int | None], **facts: object) -> Train:
    defaults = {"name": "ひかり", "number": 501, "runs_on": "all", "all_reserved": False, "sellers": "ex"}
    made = Train.objects.create(key=key, line="東海道", **{**defaults, **facts})
    for position, (station, arrives, departs) in enumerate(calls, start=1):
        TrainStop.objects.create(train=made, position=position, station=station, arrives=arrives, departs=departs)
    return made


def test_a_ride_has_its_times_in_japan_its_minutes_and_its_name(empty_timetable):
    train("hikari-501", ("東京", None, 423), ("新横浜", 440, 441), ("名古屋", 530, 532), ("新大阪", 590, None))
    (ride,) = connections("新横浜", "名古屋", THURSDAY, sellers="ex")
    assert ride.name == "ひかり501号"
    assert (ride.departs, ride.arrives) == (jst.at(THURSDAY, 7, 21), jst.at(THURSDAY, 8, 50))
    assert ride.departs.utcoffset() == dt.timedelta(hours=9)
    assert ride.minutes == 89
    assert (ride.all_reserved, ride.irregular) == (False, False)


def test_trains_of_the_other_direction_and_those_that_pass_are_left_out(empty_timetable):
    train("hikari-501", ("東京", None, 423), ("名古屋", 530, 532), ("新大阪", 590, None))
    assert connections("名古屋", "東京", THURSDAY, sellers="ex") == []
    assert connections("東京", "京都", THURSDAY, sellers="ex") == []


def test_rides_are_sorted_by_departure(empty_timetable):
    train("b", ("東京", None, 500), ("新大阪", 650, None), number=3)
    train("a", ("東京", None, 480), ("新大阪", 640, None), number=5)
    assert [ride.number for ride in connections("東京", "新大阪", THURSDAY, sellers="ex")] == [5, 3]


def test_only_trains_that_the_seller_sells_are_given(empty_timetable):
    train("a", ("東京", None, 480), ("仙台", 580, None), sellers="ekinet;e5489")
    assert connections("東京", "仙台", THURSDAY, sellers="ex") == []
    assert len(connections("東京", "仙台", THURSDAY, sellers="e5489")) == 1
    assert len(connections("東京", "仙台", THURSDAY, sellers="")) == 1


def test_weekday_trains_run_on_business_days(empty_timetable):
    train("a", ("東京", None, 480), ("新大阪", 640, None), runs_on="weekday")
    assert len(connections("東京", "新大阪", FRIDAY, sellers="ex")) == 1
    assert connections("東京", "新大阪", SATURDAY, sellers="ex") == []
    assert connections("東京", "新大阪", dt.date(2027, 1, 1), sellers="ex") == []


def test_irregular_trains_run_around_weekends_holidays_and_in_season_and_say_so(empty_timetable):
    load_reference_table(service_actor("command"), "rail_seasons")
    train("a", ("東京", None, 480), ("新大阪", 640, None), runs_on="irregular")
    assert connections("東京", "新大阪", THURSDAY, sellers="ex") == []
    assert connections("東京", "新大阪", FRIDAY, sellers="ex")[0].irregular
    assert connections("東京", "新大阪", SATURDAY, sellers="ex")
    assert connections("東京", "新大阪", dt.date(2026, 11, 3), sellers="ex")  # a Tuesday, 文化の日
    assert connections("東京", "新大阪", dt.date(2026, 12, 29), sellers="ex")  # a Tuesday in 最繁忙期


def test_nozomi_is_all_reserved_in_its_periods_only(empty_timetable):
    load_reference_table(service_actor("command"), "rail_seasons")
    train("a", ("東京", None, 480), ("新大阪", 630, None), name="のぞみ")
    train("b", ("東京", None, 490), ("新大阪", 650, None), name="ひかり")
    assert [ride.all_reserved for ride in connections("東京", "新大阪", dt.date(2026, 12, 28), sellers="ex")] == [
        True,
        False,
    ]
    assert [ride.all_reserved for ride in connections("東京", "新大阪", THURSDAY, sellers="ex")] == [False, False]


def test_connections_take_two_queries(timetable, django_assert_num_queries):
    with django_assert_num_queries(2):
        found = connections("新横浜", "博多", THURSDAY, sellers="ex")
    assert len(found) > 20


def test_yokohama_to_fukuoka_runs_from_shin_yokohama_to_hakata_with_its_estimate(timetable, django_assert_num_queries):
    origin, destination = resolve_place("横浜"), resolve_place("福岡")
    with django_assert_num_queries(7):
        found = rail_candidates(origin, destination, THURSDAY, PURCHASE, sellers="ex")
    assert {(one.ride.origin, one.ride.destination) for one in found} == {("新横浜", "博多")}
    assert {one.ride.train for one in found} == {"のぞみ"}
    # 13,750 + 8,670 + 1,060, and 200 less on a day of 閑散期
    assert {one.fare and one.fare.total for one in found} == {23280}
    assert {one.fare and one.fare.basis for one in found} == {"2024年4月の運賃表"}


def test_the_way_back_costs_the_same(timetable):
    found = rail_candidates(resolve_place("福岡"), resolve_place("横浜"), FRIDAY, PURCHASE, sellers="ex")
    assert {(one.ride.origin, one.ride.destination) for one in found} == {("博多", "新横浜")}
    assert {one.fare and one.fare.total for one in found} == {23480}


def test_places_may_be_stations_and_airports(timetable):
    found = rail_candidates(resolve_place("品川駅"), resolve_place("福岡空港"), THURSDAY, PURCHASE, sellers="ex")
    assert {(one.ride.origin, one.ride.destination) for one in found} == {("品川", "博多")}


def test_a_place_off_the_lines_has_no_candidates(timetable):
    assert rail_candidates(resolve_place("横浜"), resolve_place("いわき"), THURSDAY, PURCHASE, sellers="ex") == []
    assert rail_candidates(resolve_place("横浜"), resolve_place("那覇"), THURSDAY, PURCHASE, sellers="ex") == []


def test_a_ride_that_the_tariff_does_not_cover_is_shown_without_a_price(timetable):
    found = rail_candidates(resolve_place("京都駅"), resolve_place("新大阪駅"), THURSDAY, PURCHASE, sellers="ex")
    assert found
    assert {one.fare for one in found} == {None}
