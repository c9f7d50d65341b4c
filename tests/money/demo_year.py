"""A year of seven offices, closed month by month: what the client's script is tried on.

Charges are written in bulk with plausible facts (how services write them is tested elsewhere); what goes back to another
charge, moves, closings and invoices come about by the services.
"""

import datetime as dt
import json
import random
from typing import Any

from django.db import transaction

from accounts.models import ContractTerms, Department, Office, Role, TaxRounding, User
from accounts.services import set_membership
from billing.models import Invoice, InvoiceKind, Period
from billing.queries import LedgerFilter, draft_one_off, ledger_csv, numbered, with_payer
from billing.rules.days import month_end
from billing.services import (
    InvoiceFormat,
    close_period,
    download_invoice,
    open_periods,
    prepare_closing,
    request_closing,
)
from billing.services.invoicing import issue_invoice, write_lines
from booking.models import Charge, ChargeKind, ChargeSource, Connection, Nature, Relation, Settlement, TaxClass
from booking.services.corrections import correct_charge
from booking.services.fees import charge_one_off
from booking.services.ledger import reverse_charge
from lib import clock, jst
from lib.dated import between
from tests import factories
from tests.billing.world import go_to
from tests.factories import SETUP, START, acting

YEAR = 2025
MONTHS = [dt.date(YEAR + (month > 12), (month - 1) % 12 + 1, 1) for month in range(4, 16)]
PER_PERSON = 3
DAY = dt.timedelta(days=1)


class DemoYear:
    """Fiscal year 2025. The last office has nothing but refunds in June, and nothing at all in September."""

    def __init__(self) -> None:
        self.random = random.Random(2025)
        go_to(dt.date(YEAR, 4, 1))
        self.contract = factories.contract()
        self._round_to_the_nearest_from(dt.date(YEAR, 10, 1))
        self.offices: list[Office] = [factories.office(name=f"第{n}支社") for n in range(1, 8)]
        self.departments: dict[int, list[Department]] = {
            office.pk: [factories.department(office) for _ in range(2)] for office in self.offices
        }
        self.people: dict[int, list[User]] = {
            office.pk: [factories.person(of=department) for department in self.departments[office.pk] for _ in range(2)]
            for office in self.offices
        }
        self.operators = [factories.person(Role.OPERATOR) for _ in range(2)]
        self.hotels: Connection = factories.connection("yado_net")
        self.air: Connection = factories.connection("jal_online")
        self.wanderer = self.people[self.offices[0].pk][0]
        self.moving = {4: 1, 5: 2, 6: 0}
        for month in MONTHS:
            self._travel(month)
            self._close(month)
        self._go_on()

    def _round_to_the_nearest_from(self, day: dt.date) -> None:
        terms = ContractTerms.objects.get()
        terms.valid = between(START, day - DAY)
        terms.save()
        ContractTerms.objects.create(
            contract=self.contract, closing_day=31, valid=between(day), tax_rounding=TaxRounding.NEAREST
        )

    def _travel(self, month: dt.date) -> None:
        go_to(month.replace(day=20))
        rows: list[Charge] = []
        for office in self.offices:
            if office == self.offices[-1] and month.month in {6, 9}:
                continue
            for person in self.people[office.pk]:
                rows += [row for _ in range(PER_PERSON) for row in self._stay_or_ride(person, month)]
            rows.append(self._charge(self.people[office.pk][1], month, amount=1080, tax_class=TaxClass.REDUCED))
        Charge.objects.bulk_create(rows)
        for office in self.offices[:3]:
            traveller = self.people[office.pk][2]
            for settlement in (Settlement.LUMP, Settlement.SELF):
                self._booked(traveller, month, settlement)

    def _stay_or_ride(self, person: User, month: dt.date) -> list[Charge]:
        if self.random.random() < 0.3:
            room = self._charge(
                person, month, kind=ChargeKind.ROOM, rule="night", supplier="yado_net", nature=Nature.INTERMEDIARY
            )
            tax = {"kind": ChargeKind.STAY_TAX, "tax_class": TaxClass.OUTSIDE, "nature": Nature.ADVANCE, "amount": 200}
            same = {"rule": "night", "supplier": "yado_net", "used_on": room.used_on}
            return [room, self._charge(person, month, **tax, **same)]
        nature = self.random.choice([Nature.OWN, Nature.OWN, Nature.ADVANCE])
        return [self._charge(person, month, nature=nature)]

    def _charge(self, person: User, month: dt.date, **fields: Any) -> Charge:
        used_on = month + self.random.randrange(28) * DAY
        defaults = {
            "kind": ChargeKind.FARE,
            "amount": self.random.randrange(1000, 60000),
            "tax_class": TaxClass.STANDARD,
            "nature": Nature.OWN,
            "supplier": "jal_online",
            "used_on": used_on,
            "rule": "ride_date",
            "description": "JAL 313 羽田→福岡",
            "source": ChargeSource.SUPPLIER,
        }
        facts: dict[str, Any] = {**defaults, **fields}
        facts.setdefault("billing_on", facts["used_on"])
        facts.setdefault("occurred_on", max(facts["used_on"] - self.random.randrange(1, 20) * DAY, month - 20 * DAY))
        facts.setdefault("recorded_at", jst.at(facts["occurred_on"], 12))
        return Charge(person=person, **facts)

    def _booked(self, traveller: User, month: dt.date, settlement: str) -> None:
        """A ride with all that a booking has; paid by the agency or by the traveller."""
        day = month.replace(day=12)
        ride = factories.reservation(factories.trip(traveller, day=day), self.air, settlement=settlement)
        facts = {"reservation": ride, "segment": factories.segment(ride), "issued_on": day - 9 * DAY}
        charge = self._charge(traveller, month, used_on=day, billing_on=day - 9 * DAY, rule="issue_date", **facts)
        charge.save()

    def _close(self, month: dt.date) -> None:
        go_to(month_end(month) + 2 * DAY)
        open_periods(SETUP, until=month_end(month))
        first, second = (acting(operator) for operator in self.operators)
        # While the closing runs: on this invoice or the next one.
        self._charge(self.people[self.offices[1].pk][0], month, recorded_at=clock.now()).save()
        for office in self.offices:
            period = Period.objects.get(office=office, last_day=month_end(month))
            prepare_closing(first, period)
            request_closing(second, period)
            close_period(SETUP, office=office, period=period)
        if month != MONTHS[-1]:
            go_to(month_end(month) + 5 * DAY)
            self._afterwards(month)

    @transaction.atomic
    def _afterwards(self, month: dt.date) -> None:
        """What is heard of a month only when it is closed."""
        for office in self.offices[:4]:
            person = self.people[office.pk][3]
            self._charge(person, month, occurred_on=clock.today(), recorded_at=clock.now()).save()
            of_office = Charge.objects.filter(person=person, used_on__month=month.month, relation="")
            reverse_charge(SETUP, of_office.order_by("pk")[0], source=ChargeSource.SUPPLIER)
            correct_charge(SETUP, of_office.order_by("pk")[1], difference=-130, reason="金額の誤り")
        if month.month == 5:
            # Everything of May is given back in June, when the last office has nothing else.
            for charge in Charge.objects.filter(person__in=self.people[self.offices[-1].pk], used_on__month=5):
                reverse_charge(SETUP, charge, source=ChargeSource.SUPPLIER)
        if month.month in self.moving:
            # A move of the middle of the month, keyed in after its closing: on, and on, and back again.
            to = self.departments[self.offices[self.moving[month.month]].pk][0]
            set_membership(SETUP, self.wanderer, department=to, first=month.replace(day=10), source="遅れた異動")
        if month.month == 8:
            # Within the office: nothing moves between invoices.
            office = self.offices[3]
            to, person = self.departments[office.pk][1], self.people[office.pk][0]
            set_membership(SETUP, person, department=to, first=month.replace(day=5), source="遅れた異動")
        if month.month == 11:
            self._one_off(self.offices[2])

    def _one_off(self, office: Office) -> None:
        day = clock.today()
        charge = charge_one_off(
            SETUP,
            office=office,
            amount=330_000,
            tax_class=TaxClass.STANDARD,
            day=day,
            description="初期費用",
            reference="S1",
        )
        key, _ = write_lines(numbered(with_payer(Charge.objects.filter(pk=charge.pk)), day))
        due = day + 30 * DAY
        issue_invoice(
            SETUP, key, kind=InvoiceKind.ONE_OFF, period=None, numbered_on=day,
            draft=lambda tallies: draft_one_off(office, tallies, day, due, day),
        )  # fmt: skip

    def _go_on(self) -> None:
        """April, which nobody has closed yet: travel, and a move that no closing has followed."""
        april = dt.date(YEAR + 1, 4, 1)
        go_to(april.replace(day=15))
        people = [person for office in self.offices for person in self.people[office.pk]]
        Charge.objects.bulk_create(self._charge(person, april) for person in people)
        mover, to = self.people[self.offices[5].pk][0], self.departments[self.offices[4].pk][0]
        set_membership(SETUP, mover, department=to, first=dt.date(YEAR + 1, 3, 1), source="遅れた異動")


def exported() -> tuple[bytes, dict[str, bytes]]:
    """The ledger of all days as a file, and the twins of all invoices by number."""
    ledger = b"".join(ledger_csv(SETUP, LedgerFilter(START, dt.date(2027, 6, 30))))
    twins = {
        invoice.number: b"".join(download_invoice(SETUP, invoice, form=InvoiceFormat.TWIN).chunks)
        for invoice in Invoice.objects.select_related("period", "office").order_by("number")
    }
    return ledger, twins


def has(invoices: dict[str, bytes], relation: str) -> bool:
    """Whether a line of some twin has this relation to another charge."""
    return any(line["relation"] == relation for twin in invoices.values() for line in json.loads(twin)["lines"])


RELATIONS = [str(relation) for relation in Relation]
