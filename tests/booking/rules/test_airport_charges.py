"""旅客施設使用料 by airport, day of issue and day of flight. Expected yen are those of the airports' announcements."""

import datetime as dt

import pytest

from booking.queries.taxes import flight_fee_by_names
from booking.rules.airport_charges import AirportFee, airport_fee

pytestmark = pytest.mark.django_db
day = dt.date.fromisoformat


def fee(origin: str, destination: str, issued: str, flown: str) -> int | None:
    return flight_fee_by_names(origin, destination, issued_on=day(issued), flown_on=day(flown))


def test_haneda_to_fukuoka_cost_480_in_2023_and_560_since_april_2025():
    # 羽田 370 + 福岡 110; then 羽田 450 + 福岡 110; the same in both directions.
    assert fee("羽田", "福岡", "2023-05-01", "2023-06-01") == 480
    assert fee("羽田", "福岡", "2026-11-25", "2026-12-10") == 560
    assert fee("福岡", "羽田", "2026-11-25", "2026-12-10") == 560


def test_haneda_counts_by_the_day_of_issue():
    # 370 to 31 March 2025, 450 afterwards, whenever the flight is; 松山 charges nothing.
    assert fee("羽田", "松山", "2025-03-31", "2025-04-10") == 370
    assert fee("羽田", "松山", "2025-04-01", "2025-04-10") == 450


def test_kansai_counts_by_the_day_of_flight():
    # 440 to 31 March 2025, 560 afterwards, whenever the ticket was issued.
    assert fee("関西", "松山", "2025-03-01", "2025-03-31") == 440
    assert fee("関西", "松山", "2025-03-01", "2025-04-01") == 560


def test_a_ticket_issued_before_a_charge_by_issue_keeps_the_charge_by_flight_that_it_followed():
    # 羽田 counted by flight (290) until 28 February 2022 and by issue (370) from 1 March on.
    assert fee("羽田", "松山", "2022-02-20", "2022-03-10") == 290
    assert fee("羽田", "松山", "2022-03-01", "2022-03-10") == 370


def test_what_the_table_cannot_say_is_not_known():
    # Before the first row; 南紀白浜 charges since November 2023, its amount was not found; no such airport.
    assert fee("茨城", "松山", "2015-10-01", "2015-10-24") is None
    assert fee("羽田", "南紀白浜", "2023-10-01", "2023-10-31") == 370
    assert fee("羽田", "南紀白浜", "2023-10-01", "2023-11-01") is None
    assert fee("羽田", "どこか", "2026-11-25", "2026-12-10") is None
    assert fee("羽田", "", "2026-11-25", "2026-12-10") is None


def test_a_charge_that_ended_without_a_successor_is_not_known_any_more():
    ended = [AirportFee("ZZZ", 100, day("2020-01-01"), day("2026-03-31"), by_issue=False)]
    assert airport_fee("ZZZ", ended, issued_on=day("2026-03-01"), flown_on=day("2026-03-31")) == 100
    assert airport_fee("ZZZ", ended, issued_on=day("2026-03-01"), flown_on=day("2026-04-01")) is None


def test_both_airports_take_two_queries(django_assert_num_queries):
    with django_assert_num_queries(2):
        assert fee("羽田", "那覇", "2026-11-25", "2026-12-10") == 690
