"""Each fault does to one request what the contract says, and leaves the next alone."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest

from tests.sandbox.running import JAL, Running
from tests.sandbox.test_jal_online import PASSENGER, fare


def request(box: Running) -> Any:
    return {"offer_id": fare(box, "FLEX")["offer_id"], "passenger": PASSENGER, "reference": "K1"}


def post(box: Running, body: dict[str, Any]) -> httpx.Response:
    """A booking on a connection of its own, not held to the contract."""
    return httpx.post(f"{box.address}/jal-online/v1/bookings", json=body, headers=JAL, timeout=10)


def held(box: Running) -> int:
    return len(box.truth()["bookings"])


def last(box: Running) -> Any:
    """What the sandbox wrote down about the last request to a supplier."""
    return box.call("GET", "/_control/requests").json()["requests"][-1]


def wait_until_held(box: Running) -> None:
    """Asks until the booking is there; the test runner's own limit ends a wait in vain."""
    while not held(box):
        threading.Event().wait(0.02)


def test_lose_before_closes_the_connection_and_nothing_is_done(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "lose_before")
    with pytest.raises(httpx.RemoteProtocolError):
        post(box, body)
    assert held(box) == 0
    assert post(box, body).status_code == 201


def test_lose_after_closes_the_connection_and_the_booking_stands(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "lose_after")
    with pytest.raises(httpx.RemoteProtocolError):
        post(box, body)
    assert box.jal("GET", "/bookings?reference=K1").json()["bookings"][0]["state"] == "held"


def test_late_commit_gives_no_answer_and_books_later(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "late_commit", seconds=0.5)
    with pytest.raises(httpx.RemoteProtocolError):
        post(box, body)
    assert box.jal("GET", "/bookings?reference=K1").json()["bookings"] == []
    wait_until_held(box)


def test_a_late_commit_is_dropped_by_a_reset(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "late_commit", seconds=0.1)
    with pytest.raises(httpx.RemoteProtocolError):
        post(box, body)
    box.reset()
    body = request(box)
    box.fault("jal-online", "book", "late_commit", seconds=0.3)
    with pytest.raises(httpx.RemoteProtocolError):
        post(box, body | {"reference": "K2"})
    wait_until_held(box)
    assert [one["reference"] for one in box.truth()["bookings"]] == ["K2"]


def test_late_commit_can_hold_the_connection_until_the_client_gives_up(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "late_commit", seconds=0, hold=30)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{box.address}/jal-online/v1/bookings", json=body, headers=JAL, timeout=0.3)
    wait_until_held(box)


def test_hang_is_silent_and_nothing_is_done(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "hang", seconds=0.3)
    with pytest.raises(httpx.RemoteProtocolError):
        post(box, body)
    assert held(box) == 0


@pytest.mark.parametrize(("fault", "status"), [("error_500", 500), ("error_503", 503)])
def test_a_server_error_leaves_nothing_done_or_everything(box: Running, fault: str, status: int):
    body = request(box)
    box.fault("jal-online", "book", fault)
    assert box.jal("POST", "/bookings", body).status_code == status
    assert held(box) == 0
    box.fault("jal-online", "book", fault, after=True)
    assert box.jal("POST", "/bookings", body).status_code == status
    assert held(box) == 1


def test_too_many_tells_when_to_come_back(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "too_many", seconds=6.5)
    response = box.jal("POST", "/bookings", body)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")


def test_drip_sends_the_whole_answer_byte_by_byte(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "drip", seconds=0.0001)
    assert post(box, body).json()["reference"] == "K1"


def test_garbage_is_done_and_cannot_be_read(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "garbage")
    response = post(box, body)
    assert response.status_code == 200
    with pytest.raises(ValueError, match=r".+"):
        json.loads(response.content)
    assert held(box) == 1


def test_wrong_meaning_is_done_and_lacks_what_matters(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "wrong_meaning")
    response = post(box, body)
    assert response.status_code == 201
    assert "pnr" not in response.json()
    assert held(box) == 1


def test_reset_mid_answer_is_done_and_breaks_off(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "reset_mid_answer")
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        post(box, body)
    assert held(box) == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("price_changed", (409, "PRICE_CHANGED")),
        ("sold_out", (409, "SOLD_OUT")),
        ("session_expired", (401, "SESSION_EXPIRED")),
        ("maintenance", (503, "CLOSED")),
    ],
)
def test_a_refusing_fault_refuses_and_nothing_is_done(box: Running, fault: str, expected: tuple[int, str]):
    body = request(box)
    box.fault("jal-online", "book", fault)
    response = box.jal("POST", "/bookings", body)
    assert (response.status_code, response.json()["error"]["code"]) == expected
    assert held(box) == 0


def test_a_fault_strikes_as_often_as_it_was_told(box: Running):
    box.fault("yado-net", "*", "error_503", times=2)
    statuses = [box.yado("GET", "/itineraries?reference=x").status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert box.call("GET", "/_control/faults").json()["faults"] == []


def test_a_fault_of_one_operation_leaves_the_others_alone(box: Running):
    box.fault("jal-online", "ticket", "error_500")
    assert box.jal("GET", "/bookings?reference=x").status_code == 200
    assert box.yado("GET", "/itineraries?reference=x").status_code == 200


def test_chance_is_repeatable_by_seed(box: Running):
    def run() -> list[int]:
        box.fault("yado-net", "find", "error_500", probability=0.5, seed=7, times=1000)
        statuses = [box.yado("GET", "/itineraries?reference=x").status_code for _ in range(20)]
        box.call("DELETE", "/_control/faults")
        return statuses

    first = run()
    assert set(first) == {200, 500}
    assert run() == first


def test_latency_is_kept_by_supplier_and_operation_until_it_is_taken_back(box: Running):
    def set_latency(**wanted: Any) -> Any:
        return box.call("POST", "/_control/latency", wanted).json()["latencies"]

    assert set_latency(supplier="jal-online", ms=300_000) == {"jal-online.*": 300_000}
    set_latency(supplier="jal-online", operation="find", ms=1)
    assert box.jal("GET", "/bookings?reference=x").status_code == 200
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{box.address}/jal-online/v1/bookings/ZZZZZZ", headers=JAL, timeout=0.2)
    assert set_latency(supplier="jal-online", ms=0) == {"jal-online.find": 1}


def test_requests_are_counted_and_told_with_reference_fault_and_status(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "lose_after")
    with pytest.raises(httpx.RemoteProtocolError):
        post(box, body)
    entry = last(box)
    assert (entry["operation"], entry["reference"], entry["fault"], entry["status"]) == (
        "book",
        "K1",
        "lose_after",
        None,
    )
    pnr = box.truth()["bookings"][0]["number"]
    box.jal("GET", f"/bookings/{pnr}")
    entry = last(box)
    assert (entry["operation"], entry["reference"], entry["status"]) == ("read", "K1", 200)
    counts = box.call("GET", "/_control/requests").json()["counts"]
    assert counts == {"jal-online.availability": 1, "jal-online.book": 1, "jal-online.read": 1}


def test_a_fault_can_strike_a_page_for_people(box: Running):
    box.fault("ex", "page", "maintenance")
    page = box.client.get("/ex/login")
    assert page.status_code == 503
    assert "システムの保守のため" in page.text


def test_a_fault_of_one_reference_leaves_other_bookings_alone(box: Running):
    body = request(box)
    box.fault("jal-online", "book", "sold_out", reference="K2")
    assert box.jal("POST", "/bookings", body).status_code == 201
    assert box.jal("POST", "/bookings", body | {"reference": "K2"}).status_code == 409


def test_a_fault_of_one_reference_strikes_what_names_only_its_booking(box: Running):
    pnr = box.jal("POST", "/bookings", request(box)).json()["pnr"]
    box.fault("jal-online", "ticket", "maintenance", reference="K1")
    assert box.jal("POST", f"/bookings/{pnr}/ticket", {"max_price_yen": 99999}).status_code == 503


def struck(box: Running, references: list[str]) -> set[str]:
    """Which of these questions a fault of every second request strikes."""
    box.call("DELETE", "/_control/faults")
    box.fault("yado-net", "find", "error_500", times=1000, probability=0.5, seed=4)
    return {
        name for name in references if box.yado("GET", f"/itineraries?reference={name}", wrong=True).status_code == 500
    }


def test_chance_strikes_the_same_requests_in_whatever_order_they_come(box: Running):
    references = [f"R{number}" for number in range(40)]
    first = struck(box, references)
    assert 8 < len(first) < 32
    assert struck(box, references[::-1]) == first


def test_a_dearer_booking_stands_at_more_than_was_offered(box: Running):
    body = request(box)
    offered = fare(box, "FLEX")["price_yen"]
    box.fault("jal-online", "book", "dearer")
    booking = box.jal("POST", "/bookings", body).json()
    assert booking["price_yen"] > offered
    assert booking["price_yen"] == booking["fare_yen"] + booking["psfc_yen"]
    pnr = booking["pnr"]
    assert box.jal("POST", f"/bookings/{pnr}/ticket", {"max_price_yen": offered}).status_code == 409
    assert box.jal("POST", f"/bookings/{pnr}/ticket", {"max_price_yen": booking["price_yen"]}).status_code == 200


@pytest.mark.parametrize("operation", ["ex.purchase", "jal-online.ticket", "yado-net.*"])
@pytest.mark.parametrize("kind", ["dearer", "rows_late"])
def test_a_fault_that_cannot_happen_there_is_refused(operation: str, kind: str, box: Running):
    supplier, _, name = operation.partition(".")
    wanted = {"supplier": supplier, "operation": name, "fault": kind}
    assert box.call("POST", "/_control/faults", wanted).status_code == 400


def test_a_profile_takes_the_place_of_what_waited(box: Running):
    box.fault("ex", "purchase", "sold_out")
    profile = {"probability": 0.2, "seed": 3, "seconds": 0.1}
    waiting = box.call("POST", "/_control/profile", profile).json()["faults"]
    kinds = {(one["supplier"], one["operation"], one["fault"]) for one in waiting}
    assert ("jal-online", "book", "dearer") in kinds
    assert ("ex", "usage", "rows_shuffled") in kinds
    assert ("ex", "purchase", "dearer") not in kinds
    by_operation = [
        one["probability"] for one in waiting if (one["supplier"], one["operation"]) == ("yado-net", "book")
    ]
    assert round(sum(by_operation), 6) == 0.2
    assert box.call("POST", "/_control/profile", {"probability": 0}).json()["faults"] == []


def test_a_profile_may_be_of_some_kinds_and_operations_only(box: Running):
    wanted = {"kinds": ["hang", "drip"], "operations": ["yado-net.find"]}
    waiting = box.call("POST", "/_control/profile", wanted).json()["faults"]
    assert [(one["operation"], one["fault"]) for one in waiting] == [("find", "hang"), ("find", "drip")]
    assert box.call("POST", "/_control/profile", {"operations": ["yado-net.ticket"]}).status_code == 400
