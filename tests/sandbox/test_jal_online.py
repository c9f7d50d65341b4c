"""JALオンライン: search, hold, ticket, change, cancel."""

from __future__ import annotations

import base64
import csv
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox.signing import _signature
from tests.sandbox.running import ROOT, Running

DAY = "2026-12-10"
PASSENGER = {"name_kana": "ヤマダ タロウ", "member_no": "123456789"}


def flights(box: Running, day: str = DAY, origin: str = "HND", destination: str = "FUK") -> Any:
    response = box.jal("POST", "/availability", {"origin": origin, "destination": destination, "date": day})
    assert response.status_code == 200
    return response.json()["flights"]


def fare(box: Running, code: str, day: str = DAY, *, seats: int = 9, skip: int = 0) -> Any:
    """An economy fare with that many seats, on the first flight that has it (after `skip` flights)."""
    found = [
        one
        for flight in flights(box, day)
        for one in flight["fares"]
        if (one["fare_code"], one["seat_class"], one["seats_left"]) == (code, "Y", seats)
    ]
    return found[skip]


def book(box: Running, offer: dict[str, Any], reference: str = "T26120418-1") -> Any:
    request = {"offer_id": offer["offer_id"], "passenger": PASSENGER, "reference": reference, "department_code": "A01"}
    return box.jal("POST", "/bookings", request)


def ticketed(box: Running, code: str, day: str = DAY) -> Any:
    booking = book(box, fare(box, code, day)).json()
    assert (
        box.jal("POST", f"/bookings/{booking['pnr']}/ticket", {"max_price_yen": booking["price_yen"]}).status_code
        == 200
    )
    return booking


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_a_day_between_two_airports_has_flights_in_order_with_fares(box: Running):
    found = flights(box)
    assert [flight["departs_at"] for flight in found] == sorted(flight["departs_at"] for flight in found)
    first = next(flight for flight in found if flight["flight_no"] == "JL303")
    assert (first["departs_at"], first["arrives_at"]) == ("2026-12-10T06:25:00+09:00", "2026-12-10T08:15:00+09:00")
    assert {one["fare_code"] for one in first["fares"]} == {"FLEX", "BIZFLEX", "SAVER"}
    assert {one["seat_class"] for one in first["fares"]} == {"Y", "J", "F"}


def test_prices_follow_the_rules_of_the_data(box: Running):
    with (ROOT / "data" / "seasons.csv").open(encoding="utf-8") as file:
        factor = next(Decimal(row["air_factor"]) for row in csv.DictReader(file) if row["date"] == DAY)
    fares = {one["fare_code"]: one for one in flights(box)[0]["fares"] if one["seat_class"] == "Y"}
    assert fares["FLEX"]["fare_yen"] == 50_200
    assert fares["FLEX"]["psfc_yen"] == 450 + 110
    assert fares["FLEX"]["price_yen"] == 50_760
    assert fares["BIZFLEX"]["fare_yen"] == int(50_200 * Decimal("0.8") * factor)
    assert fares["SAVER"]["fare_yen"] == int(50_200 * Decimal("0.6") * factor)


def test_in_the_high_season_the_peak_price_is_the_ceiling(box: Running):
    fares = {one["fare_code"]: one for one in flights(box, "2026-12-29")[0]["fares"] if one["seat_class"] == "Y"}
    assert fares["FLEX"]["fare_yen"] == 52_610
    assert fares["BIZFLEX"]["fare_yen"] == 52_610


def test_flights_that_have_left_or_close_within_20_minutes_are_not_sold(box: Running):
    box.now("2026-12-10T08:41")
    assert flights(box)[0]["flight_no"] == "JL311"
    assert all(one["fare_code"] != "SAVER" for flight in flights(box) for one in flight["fares"])


def test_a_pair_without_flights_gives_an_empty_list(box: Running):
    assert flights(box, origin="FKS", destination="MMB") == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"date": "2026-11-30"}, (422, "DATE_PAST")),
        ({"date": "2027-11-27"}, (422, "NOT_ON_SALE")),
        ({"origin": "ZZZ"}, (422, "UNKNOWN_AIRPORT")),
        ({"date": "2026-02-30"}, (400, "INVALID_REQUEST")),
        ({"date": 20261210}, (400, "INVALID_REQUEST")),
        ({"seat": "Y"}, (400, "INVALID_REQUEST")),
    ],
)
def test_a_search_that_cannot_be_is_refused(box: Running, change: dict[str, Any], expected: tuple[int, str]):
    request = {"origin": "HND", "destination": "FUK", "date": DAY} | change
    assert code(box.jal("POST", "/availability", request, wrong=True)) == expected


def test_a_stranger_is_refused(box: Running):
    response = box.call("GET", "/jal-online/v1/bookings?reference=x", headers={"X-Corporate-Id": "JL-AOZORA"})
    assert code(response) == (401, "UNAUTHORIZED")


def test_the_same_reference_twice_books_twice_and_both_are_found(box: Running):
    offer = fare(box, "BIZFLEX")
    pnrs = [book(box, offer).json()["pnr"] for _ in range(2)]
    assert len(set(pnrs)) == 2
    found = box.jal("GET", "/bookings?reference=T26120418-1").json()["bookings"]
    assert [one["pnr"] for one in found] == pnrs
    assert box.jal("GET", "/bookings?reference=T26120418-2").json()["bookings"] == []


def test_a_hold_keeps_price_passenger_and_terms_and_can_be_read(box: Running):
    offer = fare(box, "SAVER")
    booking = book(box, offer).json()
    assert booking["state"] == "held"
    assert booking["hold_until"].startswith("2026-12-04T09:00")
    assert (booking["price_yen"], booking["terms"], booking["passenger"]) == (
        offer["price_yen"],
        offer["terms"],
        PASSENGER,
    )
    assert box.jal("GET", f"/bookings/{booking['pnr']}").json() == booking


def test_the_hold_ends_20_minutes_before_departure_at_the_latest(box: Running):
    box.now("2026-12-09T20:00")
    offer = fare(box, "FLEX", skip=3)
    booking = book(box, offer).json()
    departs, ends = (datetime.fromisoformat(one) for one in (booking["flight"]["departs_at"], booking["hold_until"]))
    assert (departs - ends).total_seconds() == 20 * 60


def test_a_hold_that_is_not_ticketed_expires_and_frees_its_seat(box: Running):
    booking = book(box, fare(box, "FLEX")).json()
    box.now("2026-12-04T09:05")
    assert box.jal("GET", f"/bookings/{booking['pnr']}").json()["state"] == "expired"
    refused = box.jal("POST", f"/bookings/{booking['pnr']}/ticket", {"max_price_yen": 99_999_999})
    assert code(refused) == (409, "HOLD_EXPIRED")


def test_ticketing_twice_gives_one_ticket(box: Running):
    booking = book(box, fare(box, "FLEX")).json()
    address = f"/bookings/{booking['pnr']}/ticket"
    ticket = box.jal("POST", address, {"max_price_yen": booking["price_yen"]}).json()
    assert ticket["issued_on"] == "2026-12-01"
    again = box.jal("POST", address, {"max_price_yen": booking["price_yen"]})
    assert code(again) == (409, "ALREADY_TICKETED")
    assert again.json()["ticket"] == ticket


def test_ticketing_stops_above_the_highest_price(box: Running):
    booking = book(box, fare(box, "FLEX")).json()
    refused = box.jal("POST", f"/bookings/{booking['pnr']}/ticket", {"max_price_yen": booking["price_yen"] - 1})
    assert code(refused) == (409, "PRICE_CHANGED")
    assert refused.json()["price_yen"] == booking["price_yen"]


def test_a_hold_is_cancelled_free_of_charge(box: Running):
    booking = book(box, fare(box, "SAVER")).json()
    done = box.jal("POST", f"/bookings/{booking['pnr']}/cancel", {"max_fee_yen": 0}).json()
    assert (done["fee_yen"], done["refund_yen"]) == (0, 0)
    assert box.jal("GET", f"/bookings/{booking['pnr']}").json()["state"] == "cancelled"


@pytest.mark.parametrize(
    ("fare_code", "day", "moment", "percent"),
    [
        ("FLEX", DAY, "2026-12-10T05:00", 0),
        ("BIZFLEX", DAY, "2026-12-11T05:00", 20),
        ("SAVER", DAY, "2026-12-09T05:00", 5),
        ("SAVER", DAY, "2026-12-11T05:00", 100),
        ("SPSAVER", "2027-02-10", "2026-12-17T23:59", 5),
        ("SPSAVER", "2027-02-10", "2026-12-18T00:01", 50),
        ("SPSAVER", "2027-02-10", "2027-02-11T00:00", 100),
    ],
)
def test_a_refund_costs_what_the_fare_says_and_returns_psfc_in_full(
    box: Running, fare_code: str, day: str, moment: str, percent: int
):
    booking = ticketed(box, fare_code, day)
    box.now(moment)
    quote = box.jal("POST", f"/bookings/{booking['pnr']}/cancel-quote").json()
    assert abs(quote["fee_yen"] - booking["fare_yen"] * percent / 100) <= 5
    assert quote["fee_yen"] + quote["refund_yen"] == booking["price_yen"]
    assert quote["psfc_refund_yen"] == booking["psfc_yen"]
    done = box.jal("POST", f"/bookings/{booking['pnr']}/cancel", {"max_fee_yen": quote["fee_yen"]}).json()
    assert (done["fee_yen"], done["refund_yen"]) == (quote["fee_yen"], quote["refund_yen"])


def test_a_cancellation_above_the_highest_fee_tells_the_present_quote_and_does_nothing(box: Running):
    booking = ticketed(box, "SAVER")
    refused = box.jal("POST", f"/bookings/{booking['pnr']}/cancel", {"max_fee_yen": 0})
    assert code(refused) == (409, "FEE_CHANGED")
    assert refused.json()["quote"]["fee_yen"] > 0
    assert box.jal("GET", f"/bookings/{booking['pnr']}").json()["state"] == "ticketed"


def test_cancelling_twice_tells_the_outcome_of_the_first(box: Running):
    booking = ticketed(box, "FLEX")
    done = box.jal("POST", f"/bookings/{booking['pnr']}/cancel", {"max_fee_yen": 0}).json()
    again = box.jal("POST", f"/bookings/{booking['pnr']}/cancel", {"max_fee_yen": 0})
    assert code(again) == (409, "ALREADY_CANCELLED")
    assert again.json()["cancellation"] == done


def test_an_unused_ticket_cannot_be_refunded_for_ever(box: Running):
    booking = ticketed(box, "FLEX")
    box.now("2027-01-10T12:00")
    assert code(box.jal("POST", f"/bookings/{booking['pnr']}/cancel-quote")) == (409, "TOO_LATE")


def test_a_changeable_ticket_is_exchanged_for_another_flight(box: Running):
    booking = ticketed(box, "FLEX")
    offer = fare(box, "FLEX", "2026-12-11", skip=2)
    quote = box.jal("POST", f"/bookings/{booking['pnr']}/change-quote", {"offer_id": offer["offer_id"]}).json()
    assert quote["cost_yen"] == offer["price_yen"] - booking["price_yen"]
    request = {"offer_id": offer["offer_id"], "max_cost_yen": quote["cost_yen"] - 1}
    assert code(box.jal("POST", f"/bookings/{booking['pnr']}/change", request)) == (409, "COST_CHANGED")
    changed = box.jal(
        "POST", f"/bookings/{booking['pnr']}/change", request | {"max_cost_yen": quote["cost_yen"]}
    ).json()
    assert changed["flight"]["departs_at"].startswith("2026-12-11")
    assert changed["ticket"]["ticket_no"] != changed["changes"][0]["from_ticket_no"]


def test_a_saver_cannot_be_changed(box: Running):
    booking = ticketed(box, "SAVER")
    request = {"offer_id": fare(box, "SAVER", "2026-12-11")["offer_id"]}
    assert code(box.jal("POST", f"/bookings/{booking['pnr']}/change-quote", request)) == (409, "NOT_CHANGEABLE")


def test_a_forged_offer_is_refused(box: Running):
    offer = fare(box, "FLEX")
    payload, _, signature = offer["offer_id"].partition(".")
    for forged in (f"{payload}.{signature[::-1]}", f"A{payload[1:]}.{signature}", "x", "日本語.x"):
        assert code(book(box, {"offer_id": forged})) == (422, "OFFER_INVALID")


def test_an_offer_older_than_20_minutes_is_refused(box: Running):
    payload = json.dumps([0, "HND", "FUK", DAY, "JL303", "FLEX", "Y", 50_760]).encode()
    offer = f"{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.{_signature(1, 'jal-online', payload)}"
    assert code(book(box, {"offer_id": offer})) == (410, "OFFER_EXPIRED")


def test_a_price_that_midnight_changed_is_refused_with_the_present_one(box: Running):
    box.now("2026-12-03T23:58")
    offer = fare(box, "SAVER")
    box.now("2026-12-04T00:01")
    refused = book(box, offer)
    assert code(refused) == (409, "PRICE_CHANGED")
    assert refused.json()["price_yen"] > offer["price_yen"]


def test_seats_run_out(box: Running):
    offers = [one for flight in flights(box) for one in flight["fares"] if 0 < one["seats_left"] < 9]
    offer = offers[0]
    left = offer["seats_left"]
    assert [book(box, offer).status_code for _ in range(left + 1)] == [201] * left + [409]
    assert code(book(box, offer)) == (409, "SOLD_OUT")


def test_a_seed_decides_the_seats(box: Running):
    def seats() -> list[int]:
        return [one["seats_left"] for flight in flights(box) for one in flight["fares"]]

    first = seats()
    box.reset(2)
    assert seats() != first
    box.reset(1)
    assert seats() == first


def test_a_booking_that_does_not_exist_is_not_found(box: Running):
    assert code(box.jal("GET", "/bookings/ZZZZZZ")) == (404, "NOT_FOUND")


def test_terms_of_a_saver_end_with_the_whole_fare(box: Running):
    terms = fare(box, "SAVER")["terms"]
    assert [term["until"] for term in terms][-1] is None
    assert date.fromisoformat(terms[0]["until"][:10]) == date.fromisoformat(DAY)
