"""The journal survives a kill; a signal ends the process at once."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest

from tests.sandbox.running import Running
from tests.sandbox.test_ex import buy, sign_in
from tests.sandbox.test_jal_online import book as book_flight
from tests.sandbox.test_jal_online import fare
from tests.sandbox.test_yado_net import book as book_hotel
from tests.sandbox.test_yado_net import plan


def test_everything_that_was_answered_survives_sigkill(tmp_path: Path):
    box = Running(tmp_path, seed=5)
    box.now("2026-12-01T09:00")
    booking = book_flight(box, fare(box, "FLEX")).json()
    box.jal("POST", f"/bookings/{booking['pnr']}/ticket", {"max_price_yen": booking["price_yen"]})
    book_hotel(box, plan(box)["rate_token"])
    with httpx.Client(base_url=box.address) as person:
        sign_in(person)
        buy(person)
    before = box.truth()
    box.end(signal.SIGKILL)
    with (box.state_dir / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"put": [["jal.bookings", "ZZZ')

    box.start()
    after = box.truth()
    assert {**after, "now": ""} == {**before, "now": ""}
    assert len(after["bookings"]) == 3
    book_flight(box, fare(box, "FLEX"))
    box.end(signal.SIGKILL)
    box.start()
    assert len(box.truth()["bookings"]) == 4
    box.end()


def test_the_seed_of_a_reset_is_kept(tmp_path: Path):
    box = Running(tmp_path, seed=5)
    box.reset(9)
    assert box.end() == 0
    box.start()
    assert box.truth()["seed"] == 9
    box.end()


def test_sigterm_ends_it_although_a_request_hangs(tmp_path: Path):
    box = Running(tmp_path)
    box.fault("yado-net", "find", "hang", seconds=600)
    with httpx.Client(base_url=box.address, timeout=0.2) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get("/yado-net/v1/itineraries?reference=x")
        assert box.end() == 0
