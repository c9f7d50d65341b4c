"""What JALオンライン says of a change: taken as agreed, else nothing is known of a question and a write is open."""

import datetime as dt

import pytest

from booking.suppliers.errors import NotSent, OutcomeUnknown
from booking.suppliers.jal_online import JalOnline
from booking.suppliers.types import Link, Offer, Ride
from lib import clock
from tests.booking.suppliers.peer import answer, peer, says

GONE = "(gone)"


def moment(days=20, hour=9):
    return (clock.now() + dt.timedelta(days=days)).astimezone(clock.JST).replace(hour=hour, microsecond=0)


@pytest.fixture(autouse=True)
def loopback(settings):
    settings.SANDBOX_URL = "http://127.0.0.1:1"


DEPARTS = moment().replace(minute=0, second=0)
HOLD = moment(3)
RIDE = Ride("JAL 303", "羽田", "福岡", DEPARTS, DEPARTS + dt.timedelta(hours=2))
WANTED = Offer("jal_online", "JAL 303", "フレックス 普通席", 41000, token="o-1", rides=[RIDE])
QUOTE = {
    "cost_yen": -1500, "old_price_yen": 42500, "new_price_yen": 41000, "valid_until": moment(1).isoformat(),
}  # fmt: skip
TICKET = {
    "ticket_no": "1310000000002", "issued_on": moment(0).date().isoformat(), "issued_at": moment(0).isoformat(),
    "price_yen": 41000,
}  # fmt: skip
HELD = {
    "pnr": "ABC234", "state": "held", "reference": "R-1", "hold_until": HOLD.isoformat(),
    "flight": {"flight_no": "JL303", "departs_at": DEPARTS.isoformat()}, "fare_name": "フレックス", "seat_class": "Y",
    "price_yen": 41000, "psfc_yen": 560, "ticket": None, "cancellation": None,
}  # fmt: skip
TICKETED = {**HELD, "state": "ticketed", "ticket": TICKET}


def adapter(url):
    return JalOnline(Link(url, credentials={"corporate_id": "C", "token": "t"}))


def quoted(body):
    with peer(says(answer(200, body))) as other:
        return adapter(other.url).quote_change("ABC234", WANTED)


def changed(body):
    with peer(says(answer(200, body))) as other:
        return adapter(other.url).change("ABC234", WANTED, max_cost=0)


def found(body):
    with peer(says(answer(200, {"bookings": [body]}))) as other:
        return adapter(other.url).find("R-1")


def but(body, at, value):
    """The body with another value, or none, at one place of it."""
    first, *rest = at
    if rest:
        return {**body, first: but(body[first], rest, value)}
    return {name: kept for name, kept in {**body, first: value}.items() if kept is not GONE}


def test_a_change_may_give_money_back():
    assert quoted(QUOTE).cost == -1500


def test_a_ticketed_booking_stands_with_its_new_ticket_and_is_held_no_longer():
    standing = changed(TICKETED)
    assert standing.ticketed is not None
    assert (standing.ticketed.number, standing.ticketed.ticket_number) == ("ABC234", "1310000000002")
    assert (standing.service, standing.departs, standing.detail) == ("JAL 303", DEPARTS, "フレックス 普通席")
    assert (standing.price, standing.psfc, standing.hold_until) == (41000, 560, None)


def test_a_held_booking_stands_until_its_new_moment():
    standing = changed(HELD)
    assert (standing.ticketed, standing.hold_until) == (None, HOLD)


@pytest.mark.parametrize("body", [HELD, TICKETED])
def test_a_booking_that_is_found_says_which_flight_it_is_for(body):
    [there] = found(body)
    assert there.standing is not None
    assert (there.state, there.standing.service, there.standing.departs) == (body["state"], "JAL 303", DEPARTS)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("cost_yen",), 1500),
        (("cost_yen",), "-1500"),
        (("cost_yen",), GONE),
        (("new_price_yen",), -41000),
        (("old_price_yen",), GONE),
        (("valid_until",), None),
        (("valid_until",), "soon"),
    ],
)
def test_a_quote_that_is_not_as_agreed_is_none(at, value):
    with pytest.raises(NotSent):
        quoted(but(QUOTE, at, value))


@pytest.mark.parametrize(
    ("body", "at", "value"),
    [
        (HELD, ("pnr",), "XYZ789"),
        (HELD, ("pnr",), GONE),
        (HELD, ("state",), "cancelled"),
        (HELD, ("state",), "expired"),
        (HELD, ("state",), "ticketed"),
        (HELD, ("hold_until",), None),
        (HELD, ("hold_until",), moment(-1).isoformat()),
        (HELD, ("ticket",), TICKET),
        (HELD, ("ticket",), GONE),
        (HELD, ("flight", "flight_no"), "JL305"),
        (HELD, ("flight", "flight_no"), "303"),
        (HELD, ("flight", "departs_at"), moment(21).isoformat()),
        (HELD, ("flight", "departs_at"), GONE),
        (HELD, ("flight",), None),
        (HELD, ("flight",), GONE),
        (HELD, ("seat_class",), "X"),
        (HELD, ("fare_name",), ""),
        (HELD, ("price_yen",), -1),
        (HELD, ("price_yen",), 500),
        (HELD, ("price_yen",), True),
        (HELD, ("psfc_yen",), GONE),
        (TICKETED, ("ticket",), None),
        (TICKETED, ("ticket", "ticket_no"), "1"),
        (TICKETED, ("ticket", "price_yen"), -1),
        (TICKETED, ("ticket", "issued_on"), "2026-13-01"),
    ],
)
def test_a_change_whose_answer_is_not_as_agreed_is_open(body, at, value):
    with pytest.raises(OutcomeUnknown):
        changed(but(body, at, value))


@pytest.mark.parametrize("body", [None, [], {}, "held", 7, [[]]])
def test_an_answer_of_another_shape_is_none(body):
    with pytest.raises(NotSent):
        quoted(body)
    with pytest.raises(OutcomeUnknown):
        changed(body)


@pytest.mark.parametrize(
    ("at", "value"), [(("flight",), None), (("flight", "flight_no"), GONE), (("seat_class",), "X")]
)
def test_a_booking_of_no_known_flight_is_not_found(at, value):
    with pytest.raises(NotSent):
        found(but(HELD, at, value))
