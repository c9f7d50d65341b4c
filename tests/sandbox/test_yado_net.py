"""ヤドネット: prices per night, local taxes, booking once per reference, cancellation steps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sandbox.running import Running

GUEST = {"name_kana": "タカサキ ヨシコ", "name": "髙﨑 𠮷子"}


def hotels(box: Running, areas: list[str] | None = None, **more: Any) -> Any:
    request = {"area_codes": areas or ["4001"], "check_in": "2026-12-10", "nights": 1, "adults": 1} | more
    response = box.yado("POST", "/availability", request)
    assert response.status_code == 200
    return response.json()["hotels"]


def plan(box: Running, free: bool = True, **more: Any) -> Any:
    """The first plan that can be cancelled free of charge at first (or not)."""
    plans = [one for hotel in hotels(box, **more) for one in hotel["plans"]]
    return next(one for one in plans if (one["terms"][0]["fee_yen"] == 0) == free)


def book(box: Running, token: str, reference: str = "T26120418-2") -> Any:
    return box.yado("POST", "/itineraries", {"rate_token": token, "guest": GUEST, "reference": reference})


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_an_area_has_hotels_with_plans_and_sums_that_add_up(box: Running):
    found = hotels(box, ["4001", "4002"], nights=3)
    assert len(found) > 10
    for one in (one for hotel in found for one in hotel["plans"]):
        assert [night["date"] for night in one["nights"]] == ["2026-12-10", "2026-12-11", "2026-12-12"]
        assert one["price_yen"] == sum(night["room_yen"] + night["breakfast_yen"] for night in one["nights"])
        assert one["total_yen"] == one["price_yen"] + one["stay_tax_yen"] + one["bathing_tax_yen"]
    assert {one["meals"] for hotel in found for one in hotel["plans"]} == {"none", "breakfast"}


def test_a_city_takes_its_wards_with_it(box: Running):
    request = {"municipality_code": "401307", "check_in": "2026-12-10", "nights": 1}
    found = box.yado("POST", "/availability", request).json()["hotels"]
    assert {"福岡市博多区", "福岡市中央区"} <= {hotel["municipality"] for hotel in found}


def test_saturday_costs_more_than_sunday_at_the_same_hotel(box: Running):
    saturday = {hotel["hotel_code"]: hotel["plans"][0]["price_yen"] for hotel in hotels(box, check_in="2026-12-12")}
    sunday = {hotel["hotel_code"]: hotel["plans"][0]["price_yen"] for hotel in hotels(box, check_in="2026-12-13")}
    assert all(saturday[one] > sunday[one] for one in saturday.keys() & sunday.keys())


@pytest.mark.parametrize(
    ("area", "day", "bands"),
    [
        # (charge without consumption tax from which the band begins, tax), by the ordinances in force on that night
        ("4001", "2026-12-10", [(0, 200), (20_000, 500)]),  # 福岡市, 50 of it 県税
        ("1305", "2026-12-10", [(0, 0), (10_000, 100), (15_000, 200)]),  # 東京都
        ("0101", "2026-12-10", [(0, 300), (20_000, 400), (50_000, 1_000)]),  # 札幌市 on top of 北海道
        ("1401", "2026-12-10", [(0, 0)]),  # 横浜市 has none
        ("2601", "2026-12-10", [(0, 200), (6_000, 400), (20_000, 1_000)]),  # 京都市
    ],
)
def test_the_stay_tax_follows_the_place_and_the_charge(box: Running, area: str, day: str, bands: list[tuple[int, int]]):
    nights = [night for hotel in hotels(box, [area], check_in=day) for one in hotel["plans"] for night in one["nights"]]
    assert nights
    for night in nights:
        base = night["room_yen"] - night["room_yen"] * 10 // 110
        assert night["stay_tax_yen"] == [tax for start, tax in bands if base >= start][-1]


def test_the_stay_tax_of_okinawa_begins_in_february(box: Running):
    for day, percent in (("2027-01-31", 0), ("2027-02-01", 2)):
        found = hotels(box, ["4701"], check_in=day)
        night = found[0]["plans"][0]["nights"][0]
        base = night["room_yen"] - night["room_yen"] * 10 // 110
        assert night["stay_tax_yen"] == min(base * percent // 100, 2_000)


def test_registration_numbers_have_a_right_check_digit_and_some_hotels_have_none(box: Running):
    areas = [f"{prefecture}01" for prefecture in ("01", "13", "14", "23", "27", "40")]
    numbers = [hotel["invoice_registration_no"] for hotel in hotels(box, areas)]
    assert None in numbers
    for number in filter(None, numbers):
        digits = [int(one) for one in number[2:]]
        weighted = sum(digit * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
        assert int(number[1]) == 9 - weighted % 9


def test_plans_can_be_asked_by_payment(box: Running):
    for payment in ("corporate_billing", "onsite"):
        assert {one["payment"] for hotel in hotels(box, payment=payment) for one in hotel["plans"]} == {payment}


def test_local_taxes_are_mostly_paid_at_the_desk_although_the_room_is_billed(box: Running):
    plans = [
        one for hotel in hotels(box, ["4001", "4002", "1401"], payment="corporate_billing") for one in hotel["plans"]
    ]
    payers = [one["local_tax_payment"] for one in plans]
    assert payers.count("onsite") > payers.count("corporate_billing") > 0


def test_the_same_reference_books_once(box: Running):
    token = plan(box)["rate_token"]
    first, second = book(box, token), book(box, token)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert first.json()["itinerary_id"].startswith("YN261201")
    assert first.json()["guest"] == GUEST
    assert len(box.truth()["bookings"]) == 1


def test_a_booking_is_found_by_reference_and_read_by_number(box: Running):
    itinerary = book(box, plan(box)["rate_token"]).json()
    assert box.yado("GET", "/itineraries?reference=T26120418-2").json()["itineraries"] == [itinerary]
    assert box.yado("GET", "/itineraries?reference=T26120418-3").json()["itineraries"] == []
    assert box.yado("GET", f"/itineraries/{itinerary['itinerary_id']}").json() == itinerary


def test_each_cancellation_step_takes_effect_at_its_moment(box: Running):
    itinerary = book(box, plan(box)["rate_token"]).json()
    for term, following in zip(itinerary["terms"], itinerary["terms"][1:], strict=False):
        moment = term["until"][:16]
        box.now(moment)
        quote = box.yado("POST", f"/itineraries/{itinerary['itinerary_id']}/cancel-quote")
        if quote.status_code == 200:
            assert quote.json()["fee_yen"] == following["fee_yen"]
            assert quote.json()["percent"] == following["percent"]


def test_a_plan_without_refund_costs_the_room_from_the_first_moment(box: Running):
    itinerary = book(box, plan(box, free=False, areas=["4001", "4002", "1401"])["rate_token"]).json()
    rooms = sum(night["room_yen"] for night in itinerary["nights"])
    assert itinerary["terms"] == [
        {"until": None, "percent": 100, "fee_yen": rooms, "note": "返金不可のプラン: 予約した時から: 室料の100%"}
    ]
    address = f"/itineraries/{itinerary['itinerary_id']}/cancel"
    refused = box.yado("POST", address, {"max_fee_yen": rooms - 1})
    assert code(refused) == (409, "FEE_CHANGED")
    assert refused.json()["quote"]["fee_yen"] == rooms
    done = box.yado("POST", address, {"max_fee_yen": rooms})
    assert done.json()["fee_yen"] == rooms
    again = box.yado("POST", address, {"max_fee_yen": rooms})
    assert code(again) == (409, "ALREADY_CANCELLED")
    assert again.json()["cancellation"] == done.json()


def test_after_check_out_nothing_can_be_cancelled(box: Running):
    itinerary = book(box, plan(box)["rate_token"]).json()
    box.now("2026-12-11T13:00")
    assert code(box.yado("POST", f"/itineraries/{itinerary['itinerary_id']}/cancel-quote")) == (409, "TOO_LATE")


def test_rooms_run_out_and_the_hotel_leaves_the_list(box: Running):
    scarce = next(hotel for hotel in hotels(box, ["4001", "4002", "1401", "2701"]) if hotel["rooms_left"] < 5)
    token = scarce["plans"][0]["rate_token"]
    for number in range(scarce["rooms_left"]):
        assert book(box, token, f"R{number}").status_code == 201
    assert code(book(box, token, "R9")) == (409, "SOLD_OUT")
    assert scarce["hotel_code"] not in {hotel["hotel_code"] for hotel in hotels(box, [scarce["area_code"]])}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"check_in": "2026-11-30"}, (422, "DATE_PAST")),
        ({"check_in": "2027-12-01"}, (422, "NOT_ON_SALE")),
        ({"area_codes": ["9999"]}, (422, "UNKNOWN_AREA")),
        ({"nights": 0}, (400, "INVALID_REQUEST")),
        ({"municipality_code": "401307"}, (400, "INVALID_REQUEST")),
        ({"adults": 2}, (400, "INVALID_REQUEST")),
    ],
)
def test_a_search_that_cannot_be_is_refused(box: Running, change: dict[str, Any], expected: tuple[int, str]):
    request = {"area_codes": ["4001"], "check_in": "2026-12-10", "nights": 1} | change
    assert code(box.yado("POST", "/availability", request, wrong=True)) == expected


def test_a_token_of_another_supplier_is_refused(box: Running):
    search = {"origin": "HND", "destination": "FUK", "date": "2026-12-10"}
    offer = box.jal("POST", "/availability", search).json()["flights"][0]["fares"][0]["offer_id"]
    assert code(book(box, offer)) == (422, "OFFER_INVALID")


def test_a_stranger_is_refused(box: Running):
    assert code(box.call("GET", "/yado-net/v1/itineraries?reference=x")) == (401, "UNAUTHORIZED")


def test_after_23_oclock_nobody_books_for_tonight(box: Running):
    token = plan(box, check_in="2026-12-01")["rate_token"]
    box.now("2026-12-01T23:01")
    assert hotels(box, check_in="2026-12-01") == []
    assert code(book(box, token)) == (409, "TOO_LATE")


def test_twenty_identical_bookings_at_once_make_one(box: Running):
    token = plan(box)["rate_token"]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: book(box, token), range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["itinerary_id"] for answer in answers}) == 1
