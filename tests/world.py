"""The supplier sandbox as a separate process, and people who use it."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from accounts.models import User
from accounts.services import set_member_number
from booking.models import Connection, Part, Place, PlaceKind, Search, SupplierCall, Trip, Way
from booking.services import driving
from booking.services.connections import set_connection
from booking.services.reference import load_reference_table
from booking.services.searching import Wish, ask_supplier, open_search
from booking.services.trips import draft_total, draft_trip, read_picks, submit_trip
from booking.tasks import BOOKER
from lib import clock
from tests.factories import SETUP, START, acting

ROOT = Path(__file__).resolve().parents[1]


class Sandbox:
    """A running sandbox and its control address."""

    def __init__(self, state: Path, clock_file: Path) -> None:
        self.clock_file = clock_file
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--state-dir", str(state), "--seed", "7"]
        self.process = subprocess.Popen(
            [*command, "--clock-file", str(clock_file)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.url = line.rsplit(" ", 1)[-1].strip()
        assert self.url.startswith("http://127.0.0.1:"), line

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)
        if self.process.stdout:
            self.process.stdout.close()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            f"{self.url}/_control/{path}", data=data, method=method, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def fault(self, supplier: str, operation: str, fault: str, **more: Any) -> None:
        """Let the next such request go wrong."""
        self.control("POST", "faults", {"supplier": supplier, "operation": operation, "fault": fault, **more})

    def truth(self) -> Any:
        """Every booking of every supplier."""
        return self.control("GET", "state")

    def bookings(self, reference: str) -> list[Any]:
        """The live bookings that the suppliers hold under one of our keys."""
        every = self.truth()["bookings"]
        return [row for row in every if row["reference"] == reference and row["state"] not in {"cancelled", "expired"}]


def connect(url: str) -> dict[str, Connection]:
    """The three connections, led to a sandbox; the quiet time is short, so that a test need not wait two minutes."""
    made = {
        "jal": set_connection(
            SETUP, code="jal", supplier="jal_online", name="JALオンライン", way=Way.API, base_url=url,
            credentials={"corporate_id": "JL-AOZORA", "token": "sandbox-jal"},
        ),
        "ex": set_connection(
            SETUP, code="ex", supplier="ex", name="エクスプレス予約", way=Way.HANDOFF, site_url=f"{url}/ex/"
        ),
        "yado": set_connection(
            SETUP, code="yado", supplier="yado_net", name="ヤドネット", way=Way.API, base_url=url,
            credentials={"api_key": "sandbox-yado"},
        ),
    }  # fmt: skip
    Connection.objects.update(quiet_seconds=0)
    for table in ("tax_rules", "natures"):
        load_reference_table(SETUP, table)
    return made


def with_numbers(user: User) -> User:
    """The person with member numbers at JAL and EX."""
    set_member_number(SETUP, user, supplier="jal_online", number="300000001", first=START)
    set_member_number(SETUP, user, supplier="ex", number="9010000001", first=START)
    set_member_number(SETUP, user, supplier="ex_card", number="0000009010000001", first=START)
    return user


def city(name: str) -> Place:
    """A city by name."""
    return Place.objects.get(kind=PlaceKind.CITY, name=name)


def wish(traveller: User, *, days: int = 20, nights: int = 1, **more: Any) -> Wish:
    """横浜 → 福岡 in `days` days, back after `nights` nights (at least one day trip)."""
    out_on = clock.today() + dt.timedelta(days=days)
    facts: dict[str, Any] = {
        "purpose": "九州支社 団地再生協議",
        "origin": city("横浜"),
        "destination": city("福岡"),
        "out_on": out_on,
        "back_on": out_on + dt.timedelta(days=nights),
        "nights": nights,
    }
    return Wish(traveller=traveller, **{**facts, **more})


def searched(traveller: User, **more: Any) -> Search:
    """A search with all answers in."""
    search = open_search(acting(traveller), wish(traveller, **more))
    for answer in search.answers.all():
        ask_supplier(BOOKER, answer.pk)
    return search


def token(search: Search, part: str, supplier: str, *, has: str = "", n: int = 0) -> str:
    """The token of the n-th offer of a part by a supplier, out of those whose detail contains `has`."""
    answer = search.answers.get(part=part, connection__supplier=supplier)
    fitting = [index for index, offer in enumerate(answer.offers) if has in offer["detail"]]
    return f"{answer.public_id}.{fitting[n]}"


def drafted(traveller: User, search: Search, **tokens: str) -> Trip:
    """A draft trip of the tokens by part; without tokens: JAL ビジネスフレックス out, hotel, EX back."""
    chosen = tokens or {
        Part.OUT: token(search, "out", "jal_online", has="ビジネスフレックス"),
        Part.STAY: token(search, "stay", "yado_net"),
        Part.BACK: token(search, "back", "ex"),
    }
    return draft_trip(acting(traveller), search, picks=read_picks(search, {str(k): v for k, v in chosen.items()}))


def submitted(traveller: User, trip: Trip) -> Trip:
    """The trip, confirmed as its page shows it."""
    return submit_trip(acting(traveller), trip, version=trip.version, total=draft_total(trip))


def work_off() -> None:
    """Carry out every open call, as the workers would, until nothing is open."""
    for _ in range(20):
        due = list(SupplierCall.objects.exclude(state="done").values_list("pk", flat=True))
        if not due:
            return
        SupplierCall.objects.filter(pk__in=due).update(next_try_at=clock.wall())
        for pk in due:
            driving.carry_out(BOOKER, pk)
