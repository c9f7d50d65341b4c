"""Twenty people while suppliers are well, while they drip and hang, and while only bookings do: `make bench ARGS="-k slow"`.

The home page and the answers of those that are well are ratios to the same people with healthy suppliers. Meanwhile
`pg_stat_activity` is looked at five times a second, and so are the calls in flight, as connections to the sandbox.
"""

import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import User
from accounts.services import set_member_number
from booking.models import Connection
from tests import factories, world
from tests.bench.people import Clocks, all_at_it
from tests.running import Portal

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE, ROUNDS = 20, 2
LATENCY = {"jal-online": 400, "yado-net": 700}
# Fewer than the calls that hang at the same time: calls that held one would stop all others.
POOL = 8
DRIP = {"fault": "drip", "seconds": 5, "times": 100_000}
HANG = {"fault": "hang", "seconds": 60, "times": 100_000}
TROUBLES = {
    "all are well": [],
    "searches: flights drip, hotels hang": [
        {"supplier": "jal-online", "operation": "availability", **DRIP},
        {"supplier": "yado-net", "operation": "availability", **HANG},
    ],
    "searches: hotels hang": [{"supplier": "yado-net", "operation": "availability", **HANG}],
    "bookings: flights drip, hotels hang": [
        {"supplier": "jal-online", "operation": "book", **DRIP},
        {"supplier": "yado-net", "operation": "book", **HANG},
    ],
}
ACTIVITY = """
SELECT application_name, count(*), count(*) FILTER (WHERE xact_start IS NOT NULL),
    coalesce(max(extract(epoch FROM now() - xact_start)), 0)
FROM pg_stat_activity
WHERE datname = current_database() AND application_name IN ('io', 'web') GROUP BY 1
"""


class Watch(threading.Thread):
    """Looks at the database's sessions and at the calls in flight until it is told to stop."""

    def __init__(self, sandbox_port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.over = sandbox_port, threading.Event()
        self.sessions: Counter[str] = Counter()
        self.in_transaction: Counter[str] = Counter()
        self.in_flight, self.longest = 0, 0.0

    def run(self) -> None:
        while not self.over.wait(0.2):
            flying = calls_in_flight(self.port)
            with connection.cursor() as cursor:
                cursor.execute(ACTIVITY)
                rows = cursor.fetchall()
            self.in_flight = max(self.in_flight, flying)
            for name, sessions, in_transaction, age in rows:
                self.sessions[name] = max(self.sessions[name], sessions)
                self.in_transaction[name] = max(self.in_transaction[name], in_transaction)
                self.longest = max(self.longest, float(age))
        connection.close()


def calls_in_flight(port: int) -> int:
    """Established connections of this machine to a port, as the kernel knows them."""
    wanted = f":{port:04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:])
    return sum(row[2].endswith(wanted) and row[3] == "01" for row in rows)


def furnished(sandbox: world.Sandbox) -> list[User]:
    factories.contract()
    world.connect(sandbox.url)
    Connection.objects.update(quiet_seconds=120)
    people = [factories.person() for _ in range(PEOPLE)]
    for n, user in enumerate(people):
        set_member_number(
            factories.SETUP, user, supplier="jal_online", number=f"{300000001 + n}", first=factories.START
        )
    return people


def set_trouble(sandbox: world.Sandbox, faults: list[dict[str, object]]) -> None:
    """These faults and no others, at connections that nobody remembers as failing."""
    sandbox.control("DELETE", "faults")
    for supplier, milliseconds in LATENCY.items():
        sandbox.control("POST", "latency", {"supplier": supplier, "ms": milliseconds})
    for fault in faults:
        sandbox.control("POST", "faults", fault)
    Connection.objects.update(
        failures=0, attempts=0, rests_since=None, rests_because="", next_try_at=None, claim_token=None
    )


def test_slow_suppliers(sandbox: world.Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    people = furnished(sandbox)
    portal = Portal(tmp_path, sandbox_url=sandbox.url, clock_file=sandbox.clock_file)
    portal.environment |= {"WEB_WORKERS": "2"}
    seen: dict[str, tuple[Clocks, Watch]] = {}
    try:
        portal.start_web(PGAPPNAME="web")
        portal.start_worker("io", threads=100, PGAPPNAME="io", DATABASE_POOL=str(POOL))
        portal.start_beat()
        for name, faults in TROUBLES.items():
            clocks, watch = Clocks(), Watch(int(sandbox.url.rsplit(":", 1)[-1]))
            set_trouble(sandbox, faults)
            all_at_it(people, portal.url, clocks, rounds=ROUNDS, ready=watch.start)
            watch.over.set()
            watch.join()
            seen[name] = (clocks, watch)
            with capsys.disabled():
                told(name, clocks, watch, seen["all are well"][0])
            time.sleep(5)
    finally:
        portal.stop()


def told(name: str, clocks: Clocks, watch: Watch, well: Clocks) -> None:
    """Medians, each as a ratio to the same with healthy suppliers, and what the database saw."""
    sys.stdout.write(f"\n{name}\n")
    for what in sorted(clocks.waited):
        median, times = clocks.median(what), len(clocks.waited[what])
        ratio = f"x{median / well.median(what):.2f}" if well.waited[what] and median else ""
        sys.stdout.write(f"    {what:<48} {times:4} times  median {median * 1000:8.0f} ms  {ratio}\n")
    sys.stdout.write(
        f"    at most {watch.in_flight} calls in flight; sessions {dict(watch.sessions)}, in a transaction at once"
        f" {dict(watch.in_transaction)}; longest transaction {watch.longest * 1000:.0f} ms\n"
    )
