"""Lists ask the database as often for thirty rows as for three, and no more often than `query_counts.json` says.

A number that went down, or up for a good reason, is written into the file by hand: the message names both.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import transaction

from accounts.models import OfficeDetails, Role
from accounts.services import withdraw_confirmation
from audit.services import queue_mail
from billing.models import Invoice, Period
from billing.services import ask_charge_correction, open_periods, reissue_invoice, send_invoice
from booking.models import Feed, FeedRow, RailFareRule, SearchAnswer, SupplierCall
from booking.services.claims import open_claim
from booking.services.disruptions import DisruptionFacts, enter_disruption, tell_newcomers
from lib import clock
from lib.dated import between
from tests import factories
from tests.accounts.two_people import ask
from tests.counting import queries_of_page
from tests.factories import SETUP, acting
from tests.permissions.stage import TODAY, TRAVEL, Stage, rail_offer

pytestmark = pytest.mark.django_db
COUNTS: dict[str, int] = json.loads(Path(__file__).with_name("query_counts.json").read_text(encoding="utf-8"))
FEW, MANY = 3, 30


def trips(stage: Stage, n: int) -> None:
    """Trips of the traveller with a ride each, some of which wait for a number."""
    for index in range(n):
        trip = factories.trip(stage.own, day=TRAVEL + dt.timedelta(days=index))
        nothing = {"number": "", "booked_at": None, "ticketed_at": None}
        waiting = {"state": "handed_off", **nothing} if index % 2 else {}
        factories.segment(factories.reservation(trip, stage.ex, **waiting))


def items(stage: Stage, n: int) -> None:
    """Reservations of one trip, each with a charge."""
    for _ in range(n):
        ride = factories.reservation(stage.trip, stage.jal)
        factories.charge(stage.own, on=TRAVEL, reservation=ride)


def people(stage: Stage, n: int) -> None:
    for _ in range(n):
        factories.person(Role.EMPLOYEE, Role.APPROVER, of=factories.department(stage.office))


def refunds(stage: Stage, n: int) -> None:
    """Money owed to as many travellers."""
    for _ in range(n):
        ride = factories.reservation(factories.trip(), stage.ex, state="cancelled", cancelled_at=clock.now())
        factories.charge(ride.trip.traveller, reservation=ride)
        with transaction.atomic():
            open_claim(SETUP, ride, expected=40000)


def passengers(stage: Stage, n: int) -> None:
    """More bookings on the disruption that there is, all told."""
    for _ in range(n):
        ride = factories.reservation(factories.trip(stage.own, day=TRAVEL), stage.ex)
        factories.segment(ride, service=stage.disruption.service)
    tell_newcomers(SETUP, stage.disruption)


def disruptions(stage: Stage, n: int) -> None:
    """Disruptions with a booking each."""
    facts = DisruptionFacts("stopped", "公式サイト", clock.now(), TRAVEL, TRAVEL, "運休します。")
    for index in range(n):
        ride = factories.reservation(factories.trip(stage.own, day=TRAVEL), stage.ex)
        name = factories.segment(ride, service=f"こだま{index}号").service
        enter_disruption(acting(stage.people["operator"]), supplier="ex", service=name, day=TRAVEL, facts=facts)


def feeds(stage: Stage, n: int) -> None:
    for index in range(n):
        Feed.objects.create(
            connection=stage.ex, file_name=f"{index}.csv", sha256=str(index), content=b"", state="done",
            uploaded_by=stage.people["operator"], uploaded_at=clock.now(),
        )  # fmt: skip


def connections(stage: Stage, n: int) -> None:
    for _ in range(n):
        factories.connection(active=False, paused_because="設定")


def feed_rows(stage: Stage, n: int) -> None:
    for line in range(n):
        ride = factories.reservation(factories.trip(stage.own), stage.ex)
        FeedRow.objects.create(
            feed=stage.feed, line=line + 10, digest=str(line), state="unmatched", reservation=ride, reason="要確認"
        )


def calls(stage: Stage, n: int) -> None:
    """Answers that were lost, half of which are known by now."""
    nothing = {"number": "", "booked_at": None, "ticketed_at": None}
    for index in range(n):
        open_one = {"state": "asking", "next_try_at": clock.wall()}
        over = {"state": "done", "asks": 1, "done_at": clock.now()}
        ride = factories.reservation(factories.trip(stage.own), stage.jal, state="unknown", **nothing)
        SupplierCall.objects.create(
            reservation=ride, verb="book", state_before="draft", max_yen=1, created_at=clock.now(),
            **(over if index % 2 else open_one),
        )  # fmt: skip


def mails(stage: Stage, n: int) -> None:
    with transaction.atomic():
        for _ in range(n):
            queue_mail(
                SETUP, kind="試験", to_person=stage.own.public_id, to_address=stage.own.email, subject="結果",
                body="本文", about=stage.trip,
            )  # fmt: skip


def offices(stage: Stage, n: int) -> None:
    """Offices with a person and a charge each, and the periods of all of them."""
    for _ in range(n):
        traveller = factories.person(of=factories.department())
        factories.charge(traveller, on=dt.date(2026, 11, 30))
    open_periods(SETUP, until=TODAY)


def charges(stage: Stage, n: int) -> None:
    """Charges of November in the office, each of a person and a trip of its own."""
    for _ in range(n):
        traveller = factories.person(of=factories.department(stage.office))
        ride = factories.reservation(factories.trip(traveller), stage.jal)
        factories.charge(traveller, on=dt.date(2026, 11, 30), reservation=ride, segment=factories.segment(ride))


def followers(stage: Stage, n: int) -> None:
    """Corrections of one charge, and requests that ended."""
    for _ in range(n):
        factories.charge(stage.own, amount=1, kind="correction", origin=stage.charge, relation="correction")
        asked = ask_charge_correction(acting(stage.people["operator"]), stage.charge, difference=1, reason="誤り")
        withdraw_confirmation(acting(stage.people["operator"]), asked)


def invoices(stage: Stage, n: int) -> None:
    offices(stage, n)
    for period in Period.objects.filter(last_day=dt.date(2026, 11, 30)).select_related("office"):
        factories.close(period)
    assert Invoice.objects.count() > n


def papers(stage: Stage, n: int) -> None:
    """Copies and sendings of one invoice, to as many contacts."""
    for _ in range(n):
        factories.person(Role.BILLING, of=factories.department(stage.office))
    for _ in range(n):
        reissue_invoice(acting(stage.people["operator"]), stage.invoice, reason="紛失")
        send_invoice(acting(stage.people["operator"]), stage.invoice)


def offers(stage: Stage, n: int) -> None:
    """An answer with many offers, and answers of many suppliers."""
    SearchAnswer.objects.filter(pk=stage.answer.pk).update(offers=[rail_offer(TRAVEL).as_json()] * n)
    for _ in range(n):
        SearchAnswer.objects.create(
            search=stage.search, connection=factories.connection("jal_online"), part="out", state="answered",
            asked_at=clock.now(), answered_at=clock.now(), offers=[rail_offer(TRAVEL).as_json()],
        )  # fmt: skip


def confirmations(stage: Stage, n: int) -> None:
    """Requests of as many colleagues, and of the operator: half of each are over."""
    for index in range(n):
        for asker in (factories.person(Role.OPERATOR), stage.people["operator"]):
            asked = ask(asker, factories.office())
            if index % 2:
                withdraw_confirmation(acting(asker), asked)


def rail_rules(stage: Stage, n: int) -> None:
    RailFareRule.objects.bulk_create(
        RailFareRule(
            rule_id=f"XX{index}", rule_type="season", operator="JR各社", unit="yen", valid=between(TODAY), source="試験"
        )
        for index in range(n)
    )


def addresses(stage: Stage, n: int) -> None:
    """Offices with a name of each day."""
    for _ in range(n):
        office = factories.office()
        OfficeDetails.objects.filter(office=office).update(valid=between(TODAY))


def everything(stage: Stage, n: int) -> None:
    for fill in (trips, disruptions, feed_rows, charges, confirmations, calls):
        fill(stage, n)


# name in the file -> (address, what follows it, who looks, what there is more of)
LISTS: dict[str, tuple[str, str, str, Callable[[Stage, int], None]]] = {
    "home of an employee": ("config:home", "", "own", everything),
    "home of a proxy": ("config:home", "", "proxy", everything),
    "home of an approver": ("config:home", "", "approver", everything),
    "home of an admin": ("config:home", "", "admin", everything),
    "home of an operator": ("config:home", "", "operator", everything),
    "home of an auditor": ("config:home", "", "auditor", everything),
    "people, as an admin": ("accounts:people", "", "admin", people),
    "people, as an operator": ("accounts:people", "", "operator", people),
    "dated tables": ("accounts:tables", "", "operator", rail_rules),
    "a dated table": ("accounts:tables", "rail-fares/", "operator", rail_rules),
    "a dated table of offices": ("accounts:tables", "offices/", "auditor", addresses),
    "events of a kind": ("audit:events", "?kind=accounts.role.granted", "auditor", people),
    "confirmations": ("accounts:confirmations", "", "operator", confirmations),
    "mails": ("audit:mails", "", "auditor", mails),
    "trips, as a traveller": ("booking:trips", "", "own", trips),
    "trips, as an operator": ("booking:trips", "", "operator", trips),
    "trips found by words": ("booking:trips", "?q=団地再生", "operator", trips),
    "a trip": ("booking:trip", "", "own", items),
    "results": ("booking:results", "?show=all", "own", offers),
    "calls": ("booking:calls", "", "operator", calls),
    "a call": ("booking:call", "", "auditor", calls),
    "connections": ("booking:connections", "", "operator", connections),
    "money owed": ("booking:claims", "", "operator", refunds),
    "disruptions": ("booking:disruptions", "", "operator", disruptions),
    "a disruption": ("booking:disruption", "", "operator", passengers),
    "feeds": ("booking:feeds", "", "operator", feeds),
    "rows of a feed": ("booking:feed", "", "operator", feed_rows),
    "periods": ("billing:periods", "?month=2026-11", "operator", offices),
    "a period": ("billing:period", "", "operator", charges),
    "invoices": ("billing:invoices", "", "auditor", invoices),
    "an invoice": ("billing:invoice", "", "operator", papers),
    "sending an invoice": ("billing:send", "", "operator", papers),
    "charges": ("billing:charges", "", "operator", charges),
    "charges found by words": ("billing:charges", "?state=open&q=試験", "auditor", charges),
    "a charge": ("billing:charge", "", "operator", followers),
    "ledger": ("billing:ledger", "", "admin", charges),
    "ledger of all offices": ("billing:ledger", "", "operator", charges),
    "usage": ("billing:usage", "", "admin", charges),
    "usage of all offices": ("billing:usage", "", "operator", charges),
}


def queries_of(stage: Stage, name: str, rows: int) -> list[str]:
    """What the page asks the database when there are so many rows more."""
    address, query, viewer, fill = LISTS[name]
    with stage.browser(viewer) as client:
        fill(stage, rows)
        url = stage.url(address) + query
        return queries_of_page(client, url)


def test_every_list_has_a_number_and_every_number_a_list():
    assert sorted(LISTS) == sorted(COUNTS)


@pytest.mark.parametrize("name", LISTS)
def test_thirty_rows_ask_no_more_than_three(stage: Stage, name: str):
    few, many = queries_of(stage, name, FEW), queries_of(stage, name, MANY)
    assert len(many) == len(few), "\n".join(sql[:300] for sql in many)
    assert len(few) == COUNTS.get(name), f"{name}: {len(few)} queries, {COUNTS.get(name)} in query_counts.json"
