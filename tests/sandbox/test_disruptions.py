"""A train or flight that does not run: not sold, and given back or changed for nothing."""

from __future__ import annotations

import httpx

from tests.sandbox.running import Running
from tests.sandbox.test_ex import buy, hidden, person, search, text, usage  # noqa: F401
from tests.sandbox.test_jal_online import DAY, book, code, fare, flights, ticketed


def stop(box: Running, supplier: str, service: str, day: str = DAY, **more: str) -> None:
    answer = box.call("POST", "/_control/disruptions", {"supplier": supplier, "service": service, "date": day} | more)
    assert answer.status_code == 201


def test_a_cancelled_flight_is_no_longer_offered_nor_sold(box: Running):
    flight = flights(box)[3]
    offer = flight["fares"][0]
    stop(box, "jal-online", flight["flight_no"])
    assert flight["flight_no"] not in [one["flight_no"] for one in flights(box)]
    assert code(book(box, offer)) == (409, "SOLD_OUT")
    stop(box, "jal-online", flight["flight_no"], runs="yes")
    assert flight["flight_no"] in [one["flight_no"] for one in flights(box)]


def test_the_ticket_of_a_cancelled_flight_is_refunded_whole_even_after_departure(box: Running):
    booking = ticketed(box, "SAVER")
    stop(box, "jal-online", booking["flight"]["flight_no"])
    quote = box.jal("POST", f"/bookings/{booking['pnr']}/cancel-quote").json()
    assert (quote["fee_yen"], quote["refund_yen"]) == (0, booking["price_yen"])
    box.now(f"{DAY}T23:30")
    cancelled = box.jal("POST", f"/bookings/{booking['pnr']}/cancel", {"max_fee_yen": 0}).json()
    assert (cancelled["fee_yen"], cancelled["refund_yen"]) == (0, booking["price_yen"])


def test_the_ticket_of_a_cancelled_flight_is_changed_at_the_price_that_was_paid(box: Running):
    booking = ticketed(box, "FLEX")
    stop(box, "jal-online", booking["flight"]["flight_no"])
    other = fare(box, "FLEX", "2026-12-11", skip=2)
    quote = box.jal("POST", f"/bookings/{booking['pnr']}/change-quote", {"offer_id": other["offer_id"]}).json()
    assert (quote["cost_yen"], quote["new_price_yen"]) == (0, booking["price_yen"])
    wanted = {"offer_id": other["offer_id"], "max_cost_yen": 0}
    changed = box.jal("POST", f"/bookings/{booking['pnr']}/change", wanted).json()
    assert (changed["price_yen"], changed["ticket"]["price_yen"]) == (booking["price_yen"], booking["price_yen"])
    assert changed["flight"]["departs_at"].startswith("2026-12-11")


def test_a_cancelled_train_is_not_sold_and_refunded_without_a_fee(box: Running, person: httpx.Client):  # noqa: F811
    buy(person)
    [booking] = box.truth()["ex"]["bookings"]
    name, day = booking["ride"]["train_name"], booking["ride"]["date"]
    stop(box, "ex", name, day)
    assert f"{name}<" not in search(person, day).text
    refund = person.get(f"/ex/bookings/{booking['key']}/refund")
    assert "払戻手数料 0円" in text(refund)
    person.post(f"/ex/bookings/{booking['key']}/refund", data=hidden(refund))
    assert [row["操作"] for row in usage(box)] == ["購入", "取消"]
