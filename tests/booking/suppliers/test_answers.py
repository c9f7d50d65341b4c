"""Right JSON with a wrong meaning: each adapter takes its own answers, and none that is not as agreed."""

import copy
import datetime as dt
import json
from typing import Any

import pytest

from booking.suppliers.answers import BadAnswer, strict_json, words
from booking.suppliers.errors import NotSent, OutcomeUnknown
from booking.suppliers.jal_online import JalOnline
from booking.suppliers.types import BookWish, Link, MoveAsk, Offer, StayAsk
from booking.suppliers.yado_net import YadoNet
from lib import clock
from tests.booking.suppliers.peer import answer, peer, says

DAY = clock.today() + dt.timedelta(days=20)
GONE = "(gone)"


def moment(days=20, hour=9):
    return (clock.now() + dt.timedelta(days=days)).astimezone(clock.JST).replace(hour=hour, microsecond=0).isoformat()


@pytest.fixture(autouse=True)
def loopback(settings):
    settings.SANDBOX_URL = "http://127.0.0.1:1"


def terms():
    return [{"until": moment(), "fee_yen": 0, "note": "出発前"}, {"until": None, "fee_yen": 800, "note": "出発後"}]


TICKET = {"ticket_no": "1310000000001", "issued_on": DAY.isoformat(), "issued_at": moment(0), "price_yen": 41000}
JAL_CANCELLED = {"cancelled_at": moment(0), "fee_yen": 0, "refund_yen": 41000, "psfc_refund_yen": 560}
FLIGHT = {
    "flight_no": "JL303", "origin": "HND", "destination": "FUK", "departs_at": moment(hour=9),
    "arrives_at": moment(hour=11),
}  # fmt: skip
FARE = {
    "fare_code": "FLEX", "fare_name": "フレックス", "seat_class": "Y", "changeable": True, "change_rule": "無料", "price_yen": 41000,
    "psfc_yen": 560, "seats_left": 5, "offer_id": "o-1", "terms": terms(),
}  # fmt: skip
JAL_BOOKED = {
    "flight": FLIGHT, "fare_name": "フレックス", "seat_class": "Y",
    "pnr": "ABC234", "state": "held", "reference": "R-1", "hold_until": moment(3), "price_yen": 41000, "psfc_yen": 560,
    "ticket": None, "cancellation": None,
}  # fmt: skip
NIGHT = {"date": DAY.isoformat(), "price_yen": 9000, "stay_tax_yen": 200, "bathing_tax_yen": 0}
PLAN = {
    "plan_name": "素泊まり", "payment": "corporate_billing", "local_tax_payment": "corporate_billing",
    "nights": [NIGHT], "price_yen": 9000, "stay_tax_yen": 200, "bathing_tax_yen": 0, "total_yen": 9200,
    "rate_token": "t-1", "terms": terms(),
}  # fmt: skip
HOTEL = {
    "name": "ホテル博多", "smoking": "booth", "rooms_left": 3, "nearest_station": "博多", "walk_minutes": 5,
    "invoice_registration_no": None, "plans": [PLAN],
}  # fmt: skip
YADO_BOOKED = {**PLAN, "itinerary_id": "YN000000000001", "state": "confirmed", "reference": "R-1", "cancellation": None}
YADO_CANCELLED = {"cancelled_at": moment(0), "fee_yen": 0}


def linked(url):
    return Link(url, credentials={"corporate_id": "C", "token": "t", "api_key": "k"})


def book(adapter, url):
    return adapter(linked(url)).book(BookWish(Offer("x", "", "", 1), "R-1", "T-1", "青木", "アオキ", "", 50000))


def move(url):
    return JalOnline(linked(url)).search(MoveAsk("HND", "FUK", DAY, "羽田", "福岡"))


def stay(url):
    return YadoNet(linked(url)).search_stays(StayAsk(["4001"], DAY, 1))


CALLS: dict[str, Any] = {
    "jal search": (move, {"flights": [{**FLIGHT, "fares": [FARE]}]}),
    "jal book": (lambda url: book(JalOnline, url), JAL_BOOKED),
    "jal ticket": (lambda url: JalOnline(linked(url)).ticket("ABC234", max_yen=41000), TICKET),
    "jal find": (lambda url: JalOnline(linked(url)).find("R-1"), {"bookings": [JAL_BOOKED]}),
    "jal quote": (
        lambda url: JalOnline(linked(url)).quote_cancel("ABC234"),
        {**JAL_CANCELLED, "valid_until": moment(1)},
    ),
    "jal cancel": (lambda url: JalOnline(linked(url)).cancel("ABC234", max_fee=0), JAL_CANCELLED),
    "yado search": (stay, {"hotels": [HOTEL]}),
    "yado book": (lambda url: book(YadoNet, url), YADO_BOOKED),
    "yado find": (lambda url: YadoNet(linked(url)).find("R-1"), {"itineraries": [YADO_BOOKED]}),
    "yado quote": (lambda url: YadoNet(linked(url)).quote_cancel("YN1"), {"fee_yen": 0, "valid_until": moment(1)}),
    "yado cancel": (lambda url: YadoNet(linked(url)).cancel("YN1", max_fee=0), YADO_CANCELLED),
}
WRITES = {"jal book", "jal ticket", "jal cancel", "yado book", "yado cancel"}


def told(call, body):
    """What the call makes of this answer."""
    with peer(says(answer(200, body))) as other:
        return CALLS[call][0](other.url)


def refused(call):
    return pytest.raises(OutcomeUnknown if call in WRITES else NotSent)


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_as_agreed_is_taken(call):
    assert told(call, CALLS[call][1])


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("body", [None, [], {}, "held", 7, [[]], {"flights": {}, "bookings": 1, "hotels": "x"}])
def test_an_answer_of_another_shape_is_not(call, body):
    with refused(call):
        told(call, body)


FLIGHT_AT, FARE_AT = ("flights", 0), ("flights", 0, "fares", 0)
JAL_AT, HOTEL_AT = ("bookings", 0), ("hotels", 0)
PLAN_AT, NIGHT_AT = ("hotels", 0, "plans", 0), ("hotels", 0, "plans", 0, "nights", 0)
WRONG = [
    ("jal search", (*FLIGHT_AT, "departs_at"), moment(21)),
    ("jal search", (*FLIGHT_AT, "arrives_at"), moment(hour=8)),
    ("jal search", (*FLIGHT_AT, "departs_at"), moment()[:19]),
    ("jal search", (*FLIGHT_AT, "destination"), "ITM"),
    ("jal search", (*FLIGHT_AT, "flight_no"), "303"),
    ("jal search", (*FARE_AT, "price_yen"), -1),
    ("jal search", (*FARE_AT, "price_yen"), 41000.5),
    ("jal search", (*FARE_AT, "price_yen"), "41000"),
    ("jal search", (*FARE_AT, "price_yen"), True),
    ("jal search", (*FARE_AT, "price_yen"), 100),
    ("jal search", (*FARE_AT, "price_yen"), 10**9),
    ("jal search", (*FARE_AT, "seat_class"), "X"),
    ("jal search", (*FARE_AT, "seats_left"), -3),
    ("jal search", (*FARE_AT, "terms"), []),
    ("jal search", (*FARE_AT, "offer_id"), ""),
    ("jal search", (*FARE_AT, "offer_id"), "x" * 401),
    ("jal search", (*FARE_AT, "changeable"), "no"),
    ("jal search", (*FARE_AT, "fare_name"), "\x00"),
    ("jal search", (*FARE_AT, "terms", 0, "until"), "1970-01-01T00:00:00+09:00"),
    ("jal book", ("reference",), "R-2"),
    ("jal book", ("pnr",), ""),
    ("jal book", ("pnr",), "../x?y"),
    ("jal book", ("pnr",), GONE),
    ("jal book", ("price_yen",), -41000),
    ("jal book", ("price_yen",), None),
    ("jal book", ("state",), "cancelled"),
    ("jal book", ("state",), "who knows"),
    ("jal book", ("hold_until",), moment(-1)),
    ("jal book", ("hold_until",), None),
    ("jal book", ("hold_until",), "tomorrow"),
    ("jal ticket", ("ticket_no",), "0"),
    ("jal ticket", ("price_yen",), -1),
    ("jal ticket", ("issued_on",), "2026-13-01"),
    ("jal find", (*JAL_AT, "reference"), "R-2"),
    ("jal find", (*JAL_AT, "state"), "ticketed"),
    ("jal find", (*JAL_AT, "state"), "cancelled"),
    ("jal find", (*JAL_AT, "cancellation"), JAL_CANCELLED),
    ("jal find", (*JAL_AT, "ticket"), GONE),
    ("jal quote", ("fee_yen",), -1),
    ("jal quote", ("valid_until",), GONE),
    ("jal cancel", ("refund_yen",), -1),
    ("jal cancel", ("cancelled_at",), None),
    ("yado search", (*HOTEL_AT, "smoking"), "cigars"),
    ("yado search", (*HOTEL_AT, "rooms_left"), 0),
    ("yado search", (*HOTEL_AT, "name"), "\ud800"),
    ("yado search", (*HOTEL_AT, "invoice_registration_no"), "T1"),
    ("yado search", (*PLAN_AT, "total_yen"), 9000),
    ("yado search", (*PLAN_AT, "price_yen"), 8000),
    ("yado search", (*PLAN_AT, "payment"), "stones"),
    ("yado search", (*NIGHT_AT, "date"), (DAY + dt.timedelta(days=1)).isoformat()),
    ("yado search", (*NIGHT_AT, "price_yen"), -9000),
    ("yado book", ("reference",), "R-2"),
    ("yado book", ("itinerary_id",), "YN1"),
    ("yado book", ("state",), "cancelled"),
    ("yado book", ("total_yen",), 1),
    ("yado find", ("itineraries", 0, "state"), "cancelled"),
    ("yado find", ("itineraries", 0, "reference"), "R-9"),
    ("yado quote", ("fee_yen",), "0"),
    ("yado cancel", ("fee_yen",), -1),
    ("yado cancel", ("cancelled_at",), "1999-01-01T00:00:00+09:00"),
]


@pytest.mark.parametrize(
    ("call", "at", "value"), WRONG, ids=[f"{call} {at[-1]} {value!r:.30}" for call, at, value in WRONG]
)
def test_a_field_that_is_not_as_agreed_makes_the_whole_answer_none(call, at, value):
    body = copy.deepcopy(CALLS[call][1])
    place = body
    for step in at[:-1]:
        place = place[step]
    if value is GONE:
        del place[at[-1]]
    else:
        place[at[-1]] = value
    with refused(call):
        told_escaped(call, body)


def told_escaped(call, body):
    # Written with escapes, so that also what is no character can be sent.
    with peer(says(answer(200, raw=json.dumps(body).encode()))) as other:
        return CALLS[call][0](other.url)


def test_a_hold_that_ran_out_or_was_cancelled_is_found_as_gone():
    expired = {**JAL_BOOKED, "state": "expired", "hold_until": moment(-1)}
    assert told("jal find", {"bookings": [expired]})[0].state == "cancelled"
    assert told("jal find", {"bookings": [{**JAL_BOOKED, "hold_until": moment(-1)}]})[0].state == "held"


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 1}', '{"a": {"b": 1, "b": 2}}', "-Infinity", "-1e400", "1" * 16, "\ufeff{}"]
)
def test_json_that_readers_disagree_about_is_none(text):
    with pytest.raises(BadAnswer):
        strict_json(text.encode())


def test_words_for_people_are_one_line_of_bounded_length():
    assert words({"note": "  取消\n  無料 "}, "note") == "取消 無料"
    assert len(words({"note": "あ" * 500}, "note")) == 80
