"""Runs one campaign and says what the judge found; ends with 1 when a promise was broken."""

import argparse
import json
import random
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from tests.campaign import plan as plans
from tests.campaign import without
from tests.campaign.stage import Crew, Servers, take_environment
from tests.campaign.turns import Turns

if TYPE_CHECKING:
    from tests.campaign.facts import Facts
    from tests.campaign.world import World


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wishes", type=int, default=60)
    parser.add_argument("--keep", type=Path, help="a folder for the plan, the report and what the processes printed")
    parser.add_argument("--without", choices=sorted(without.SAFEGUARDS), help="a safeguard to be taken out")
    parser.add_argument("--rest", type=int, default=180, help="seconds in which everything must come to rest")
    parser.add_argument("--in-hand", type=int, help="wishes under way at the same time")
    return parser.parse_args()


class Campaign:
    """One campaign, from an empty database to the verdict."""

    def __init__(self, plan: plans.Plan, servers: Servers, *, in_hand: int, rest: int) -> None:
        from tests.campaign import desk, people, world
        from tests.world import Sandbox

        self.plan, self.servers, self.in_hand, self.rest = plan, servers, in_hand, rest
        self.desk, self.stories, self.worlds = desk, people, world
        self.clock_file = servers.home / "clock"
        self.go_to(plans.BEGIN.isoformat())
        self.sandbox = Sandbox(servers.home / "sandbox", self.clock_file)
        self.crew = Crew(servers, self.sandbox.url, self.clock_file)
        self.said: list[str] = []
        self.counts: Counter[str] = Counter()
        self.over = threading.Event()
        self.world: World
        self.facts: Facts

    def go_to(self, moment: str) -> None:
        """Move business time forwards to a moment in Japan."""
        import datetime as dt

        from lib import clock

        wanted = dt.datetime.fromisoformat(moment)
        clock.shift_by(max(0, round((wanted - clock.now()).total_seconds())))

    def run(self) -> list[str]:
        """Carry the plan out; the violations."""
        begun = time.monotonic()
        people = self.desk.furnish(self.sandbox, plans.PEOPLE)
        self.pair = self.desk.operators()
        self.world = self.worlds.World(people, self.sandbox, self.crew.portal.url, self.pair[1])
        for name in self.crew.names:
            self.crew.start(name)
        self.wait_for_web()
        self.counts["furnished after seconds"] = round(time.monotonic() - begun)
        profile = {"probability": self.plan.search_faults, "seed": self.plan.seed, "seconds": 2}
        asking = ["jal-online.availability", "yado-net.availability", "jal-online.find", "yado-net.find", "ex.usage"]
        self.sandbox.control("POST", "profile", {**profile, "operations": asking})
        # Files grow with the wishes, and each is read whole: so many in a campaign, however long it is.
        pause = max(8.0, len(self.plan.wishes) / 50)
        helpers = [
            threading.Thread(target=self._keep_at_it, args=each, daemon=True)
            for each in ((self._mind, 1.0), (self._feed, pause), (self._close, pause))
        ]
        for helper in helpers:
            helper.start()
        self._wishes()
        self.counts["wishes done after seconds"] = round(time.monotonic() - begun)
        self._come_to_rest()
        self.over.set()
        for helper in helpers:
            helper.join(timeout=30)
        self.counts["at rest after seconds"] = round(time.monotonic() - begun)
        return self._judge()

    def wait_for_web(self) -> None:
        """Until the web server answers."""
        from tests.running import _answers, wait_until

        wait_until(lambda: _answers(f"{self.crew.portal.url}/healthz"), seconds=60, what="no web server")

    def _wishes(self) -> None:
        turns = Turns(8, in_hand=self.in_hand)
        troubles = list(self.plan.troubles)
        moves = list(self.plan.moves)
        for wish in self.plan.wishes:
            while troubles and troubles[0].after <= wish.n:
                self._befall(troubles.pop(0).what)
            while moves and moves[0][0] <= wish.n:
                self.go_to(moves.pop(0)[1])
                self.counts["moves of the clock"] += 1
            turns.begin(self.stories.story(self.world, wish))
        for trouble in troubles:
            self._befall(trouble.what)
        if not turns.finish(self.rest):
            self.said.append(f"{turns.open} stories did not end")
        self.said += turns.problems

    def _befall(self, what: str) -> None:
        verb, _, whom = what.partition(" ")
        self.counts[what] += 1
        if verb == "kill":
            self.crew.kill(whom)
        elif verb == "flush":
            self.servers.flush_redis()
        else:
            self.servers.restart_postgres()

    def _keep_at_it(self, act: Any, pause: float) -> None:
        from django.db import connections

        while not self.over.wait(pause):
            try:
                act()
            except Exception as error:  # noqa: BLE001  the database was restarted, the site was away: next time
                self.counts[f"helpers tried again ({type(error).__name__})"] += 1
            finally:
                connections.close_all()

    def _mind(self) -> None:
        for said in self.crew.mind():
            self.counts["processes that ended by themselves"] += 1
            self.said.append(said)

    def _feed(self) -> None:
        kinds = [None, "rows_late", "rows_missing", "rows_doubled", "rows_shuffled"]
        kind = random.Random(f"{self.plan.seed} {self.counts['feeds']}").choice(kinds)
        if kind:
            self.sandbox.fault("ex", "usage", kind, share=0.4)
        if self.desk.fetch_feed(self.sandbox, self.pair[0]):
            self.counts["feeds"] += 1

    def _close(self) -> None:
        self.counts["closings agreed"] += self.desk.close_months(self.pair)

    def _come_to_rest(self) -> None:
        """No more faults; the clock goes on to where all is over, the last files are read, the last months closed."""
        self.sandbox.control("DELETE", "faults")
        if not self._settled("calls and mails"):
            return
        self.go_to(plans.LAST.isoformat())
        time.sleep(1)
        if not self._settled("the last day"):
            return
        with suppress(Exception):
            self.desk.fetch_feed(self.sandbox, self.pair[0])
        if not self._settled("the last file"):
            return
        for _ in range(20):
            if not self._patiently(lambda: self.desk.close_months(self.pair)) or not self._settled("closings"):
                return

    def _patiently(self, act: Any) -> Any:
        from django.db import InterfaceError, OperationalError, connections

        for _ in range(20):
            try:
                return act()
            except (OperationalError, InterfaceError):
                connections.close_all()
                time.sleep(0.5)
        return act()

    def _settled(self, what: str) -> bool:
        """Wait until nothing is under way any more; what never ends is the judge's business at once."""
        from audit.models import OutgoingMail
        from billing.models import Period
        from booking.models import Feed, Reservation, SupplierCall
        from booking.services.arranging import due_for_use
        from booking.services.travelled import stays_to_settle
        from lib import clock

        def open_work() -> dict[str, int]:
            late = Reservation.objects.filter(state="booked", hold_until__lt=clock.now())
            return {
                "calls": SupplierCall.objects.exclude(state="done").count(),
                "mails": OutgoingMail.objects.filter(state="queued").count(),
                "feeds": Feed.objects.filter(state="waiting").count(),
                "closings": Period.objects.filter(state="closing").count(),
                "holds": late.count(),
                "travelled": len(due_for_use()) + len(stays_to_settle()),
            }

        until = time.monotonic() + self.rest
        found: dict[str, int] = {}
        while time.monotonic() < until:
            found = self._patiently(open_work)
            if not any(found.values()):
                return True
            time.sleep(0.5)
        self.said.append(f"{what}: not at rest after {self.rest} s: {found}")
        return False

    def _judge(self) -> list[str]:
        from tests.campaign.facts import collect
        from tests.campaign.judges import judge

        requests = self.sandbox.control("GET", "requests")
        self.counts |= Counter({f"calls {name}": count for name, count in requests["counts"].items()})
        confirmed = [str(trip) for trip in self.world.confirmed.values()]
        self.facts = facts = collect(self.sandbox.truth(), confirmed, self.servers.home / "mail")
        self.counts |= Counter(
            {
                "wishes confirmed": len(confirmed), "bookings at suppliers": len(facts.supplied),
                "claims": len(facts.claims), "claims open": sum(claim.state == "open" for claim in facts.claims),
                "charges": len(facts.charges), "lines": len(facts.lines), "events": len(facts.events),
                "mails": len(facts.mails), "mails that arrived twice": sum(mail.delivered > 1 for mail in facts.mails),
            }
        )  # fmt: skip
        return [
            *judge(facts),
            *(f"at rest: {said}" for said in self.said if "not at rest" in said or "stories" in said),
        ]

    def report(self) -> dict[str, Any]:
        """What happened, in figures."""
        return {
            "counts": dict(sorted(self.counts.items())),
            "acts": dict(self.world.acts.most_common()),
            "abandoned": dict(self.world.abandoned.most_common()),
            "the portal said no": dict(self.world.noes.most_common(12)),
            "said": self.said,
        }

    def stop(self) -> None:
        """End everything that was started here."""
        self.over.set()
        self.crew.stop()
        self.sandbox.stop()


def main() -> int:
    """One campaign; 0 when no promise was broken."""
    wanted = arguments()
    plan = plans.make_plan(wanted.seed, wanted.wishes)
    if wanted.keep:
        wanted.keep.mkdir(parents=True, exist_ok=True)
        (wanted.keep / "plan.json").write_text(plan.as_json(), encoding="utf-8")
    begun = time.monotonic()
    # Whoever ends us ends what we started: the servers and processes below are in sessions of their own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    servers = Servers()
    campaign: Campaign | None = None
    try:
        take_environment({**servers.environment(), without.VARIABLE: wanted.without or ""})
        django.setup()
        without.take_out()
        _make_tables()
        in_hand = wanted.in_hand or min(60, 4 + wanted.wishes // 8)
        campaign = Campaign(plan, servers, in_hand=in_hand, rest=wanted.rest)
        violations = campaign.run()
        report = json.dumps(campaign.report(), ensure_ascii=False, indent=1)
        say(report)
        if wanted.keep:
            (wanted.keep / "report.json").write_text(report, encoding="utf-8")
            facts = json.dumps(asdict(campaign.facts), ensure_ascii=False, indent=1, default=str)
            (wanted.keep / "facts.json").write_text(facts, encoding="utf-8")
            (wanted.keep / "processes.log").write_text(campaign.crew.tails(), encoding="utf-8")
    finally:
        if campaign is not None:
            campaign.stop()
        servers.stop()
    for violation in violations:
        say(f"VIOLATION {violation}")
    seconds = time.monotonic() - begun
    say(f"seed {plan.seed}, {len(plan.wishes)} wishes: {len(violations)} violations in {seconds:.0f} s")
    return 1 if violations else 0


def say(line: str) -> None:
    """One line for whoever started this, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _make_tables() -> None:
    """Migrated as the owner; afterwards this process is the portal's own role again."""
    from django.core.management import call_command
    from django.db import connection

    own = dict(connection.settings_dict)
    call_command("migrate_portal", verbosity=0, stdout=StringIO())
    if statement := without.statement():
        with connection.cursor() as cursor:
            cursor.execute(statement)
    connection.settings_dict.update(own)
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL only


if __name__ == "__main__":
    sys.exit(main())
