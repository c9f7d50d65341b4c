"""Closes as two people do, and reckons everything again from the bare rows, in Python, without the queries of billing."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from fractions import Fraction
from typing import Any

import pytest

from accounts.errors import Changed
from accounts.models import Membership
from billing.errors import EarlierPeriodOpen, PeriodNotOver, SumsChanged
from billing.models import Invoice, InvoiceLine, NumberSeries, Period, PeriodState
from billing.queries import DraftLine, draft_lines, open_charges, period_row, preview, transfer_lines
from billing.services import close_period, prepare_closing, request_closing
from billing.services.closing import reopen_period
from booking.models import Charge, LedgerLock, Relation, Settlement
from lib import clock
from lib.actor import Actor
from tests.factories import SETUP

TRANSFERS = {Relation.TRANSFER_OUT, Relation.TRANSFER_IN}
PERCENT = {"standard": 10, "reduced": 8}
FACTS = [name for name in DraftLine.__slots__ if name != "charge_id"]


class Days:
    """Days of a membership: from the first on, before the day after the last."""

    def __init__(self, first: dt.date | None, after: dt.date | None) -> None:
        self.first, self.after = first, after

    def __contains__(self, day: dt.date) -> bool:
        return (self.first is None or self.first <= day) and (self.after is None or day < self.after)


Memberships = Mapping[int, list[tuple[Days, int]]]


def memberships() -> Memberships:
    """Per person the days in each office."""
    found: dict[int, list[tuple[Days, int]]] = defaultdict(list)
    for person, valid, office in Membership.objects.values_list("user", "valid", "department__office"):
        found[person].append((Days(valid.lower, valid.upper), office))
    return found


def payer(known: Memberships, charge: Charge) -> int | None:
    """The office that pays: the one that is named, else that of the membership on the day of use."""
    if charge.office_id is not None or charge.person_id is None:
        return charge.office_id
    return office_on(known, charge.person_id, charge.used_on)


def office_on(known: Memberships, person: int, day: dt.date) -> int | None:
    """The office to which a person belongs on a day."""
    return next((office for days, office in known.get(person, []) if day in days), None)


class Auditor:
    """What must be true of the books at any moment."""

    def __init__(self, first: Actor, second: Actor) -> None:
        self.first, self.second = first, second

    # Reckoning

    def unbilled(self) -> list[Charge]:
        """Charges that an office has still to pay, known or not."""
        billed = set(InvoiceLine.objects.values_list("charge", flat=True))
        every = Charge.objects.select_related("reservation").order_by("pk")
        return [charge for charge in every if charge.pk not in billed and not _is_own(charge)]

    def due(self, office: int, last_day: dt.date) -> set[int]:
        """Keys of what closing an office's period must take."""
        known = memberships()
        return {
            charge.pk for charge in self.unbilled() if charge.billing_on <= last_day and payer(known, charge) == office
        }

    def snapshot(self) -> Any:
        """Everything that closing again must leave alone."""
        return (
            list(Invoice.objects.order_by("pk").values_list("number", "total", "payable", "face")),
            InvoiceLine.objects.count(),
            Charge.objects.count(),
            list(NumberSeries.objects.order_by("pk").values_list("series", "fiscal_year", "last")),
        )

    # Closing

    def close(self, period: Period, *, interrupted: str = "", late: Callable[[], None]) -> None:
        """Close an open period if it may be; `late` writes a charge in between when somebody or something interrupts."""
        if period.state == PeriodState.CLOSED:
            self.close_again(period)
            return
        try:
            prepare_closing(self.first, period)
        except PeriodNotOver:
            assert clock.today() <= period.last_day
            return
        except EarlierPeriodOpen:
            assert self.due(period.office_id, period.first_day - dt.timedelta(days=1))
            return
        assert clock.today() > period.last_day
        if interrupted == "prepared":
            late()
            with pytest.raises(Changed):
                request_closing(self.second, period)
            prepare_closing(self.first, period)
        request_closing(self.second, period)
        if interrupted == "agreed":
            late()
            before = self.snapshot()
            with pytest.raises(SumsChanged):
                close_period(SETUP, office=period.office, period=period)
            assert self.snapshot() == before
            reopen_period(SETUP, Period.objects.get(pk=period.pk), why="費用が変わりました。")
            prepare_closing(self.first, period)
            request_closing(self.second, period)
        self._carry_out(period)

    def _carry_out(self, period: Period) -> None:
        due = self.due(period.office_id, period.last_day)
        draft, row = preview(period), period_row(period)
        moved = transfer_lines(period)
        drafted = [*draft_lines(period), *moved]
        closed = close_period(SETUP, office=period.office, period=period)
        invoice = Invoice.objects.filter(period=closed).first()
        if invoice is None:
            assert not drafted
            assert not due
            return
        lines = list(invoice.lines.order_by("position"))
        assert invoice.total == draft.taxes.total == row.amount
        assert invoice.face == draft.face
        assert (invoice.carried, invoice.due_on) == (draft.carried, draft.due_on)
        assert len(lines) == draft.taxes.count == row.count
        assert Counter(map(_facts, drafted)) == Counter(map(_facts, lines))
        assert [line.position for line in lines] == list(range(1, len(lines) + 1))
        new = {line.charge_id for line in lines} - due
        assert due <= {line.charge_id for line in lines}
        assert Charge.objects.filter(pk__in=new, relation__in=TRANSFERS).count() == len(new) == len(moved)

    def close_again(self, period: Period) -> None:
        before = self.snapshot()
        close_period(SETUP, office=period.office, period=period)
        assert self.snapshot() == before

    # Truths

    def check(self) -> None:
        """Every yen once: charges = lines + open + 本人立替; invoices add up; numbers and what is carried have no gap."""
        charges = list(Charge.objects.select_related("reservation"))
        lines = list(InvoiceLine.objects.select_related("charge__reservation", "invoice"))
        unbilled = self.unbilled()
        own = sum(charge.amount for charge in charges if _is_own(charge))
        total = sum(charge.amount for charge in charges)
        assert total == sum(line.amount for line in lines) + sum(charge.amount for charge in unbilled) + own
        assert {charge.pk for charge in unbilled} == set(open_charges().values_list("pk", flat=True))
        assert max(Counter(line.charge_id for line in lines).values(), default=1) == 1
        for line in lines:
            charge = line.charge
            assert not _is_own(charge)
            assert (line.amount, line.billing_on, line.tax_class, line.nature) == (
                charge.amount,
                charge.billing_on,
                charge.tax_class,
                charge.nature,
            )
        self._check_invoices(lines)
        closed = Period.objects.filter(state=PeriodState.CLOSED).order_by("last_day")
        through = dict(closed.values_list("office", "last_day"))
        assert dict(LedgerLock.objects.values_list("office", "last_day")) == through

    def _check_invoices(self, lines: Iterable[InvoiceLine]) -> None:
        by_invoice: dict[int, list[InvoiceLine]] = defaultdict(list)
        for line in lines:
            by_invoice[line.invoice_id].append(line)
        left: dict[int, int] = {}
        numbers: dict[int, list[str]] = defaultdict(list)
        for invoice in Invoice.objects.select_related("period").order_by("pk"):
            mine = by_invoice[invoice.pk]
            total = sum(line.amount for line in mine)
            assert mine
            assert invoice.total == total == invoice.face["total"]
            assert invoice.carried == min(left.get(invoice.office_id, 0), 0) == invoice.face["carried"]
            assert invoice.payable == total + invoice.carried == invoice.face["payable"]
            assert all(line.billing_on <= invoice.period.last_day for line in mine)
            assert sum(part["amount"] for part in invoice.face["parts"]) == total
            assert sum(part["amount"] for part in invoice.face["departments"]) == total
            assert {row["group"]: (row["amount"], row["tax"]) for row in invoice.face["taxes"]} == _taxes(mine)
            left[invoice.office_id] = invoice.payable
            numbers[invoice.fiscal_year].append(invoice.number)
        for year, used in numbers.items():
            assert used == [f"{year}-{n:04d}" for n in range(1, len(used) + 1)]
            assert NumberSeries.objects.get(fiscal_year=year).last == len(used)

    def check_settled(self, *, through: dt.date) -> None:
        """Once everything is closed: nothing waits but what nobody can place, and each yen is with its final office."""
        known = memberships()
        for charge in self.unbilled():
            assert payer(known, charge) is None or charge.billing_on > through
        facts = {charge.pk: charge for charge in Charge.objects.all()}
        found: dict[int, Counter[int]] = defaultdict(Counter)
        for line in InvoiceLine.objects.select_related("invoice"):
            root = facts[line.charge_id]
            while root.relation in TRANSFERS:
                root = facts[root.origin_id]
            found[root.pk][line.invoice.office_id] += line.amount
        for key, sums in found.items():
            charge = facts[key]
            billed = {office: amount for office, amount in sums.items() if amount}
            assert billed == {payer(known, charge): charge.amount}


def _is_own(charge: Charge) -> bool:
    return charge.reservation is not None and charge.reservation.settlement == Settlement.SELF


def _facts(line: DraftLine | InvoiceLine) -> tuple[Any, ...]:
    plain = asdict(line) if isinstance(line, DraftLine) else {name: getattr(line, name) for name in FACTS}
    return tuple(plain[name] for name in FACTS)


def _sum(pairs: Iterable[tuple[int, int]]) -> Mapping[int, int]:
    sums: Counter[int] = Counter()
    for key, amount in pairs:
        sums[key] += amount
    return sums


def _taxes(lines: Iterable[InvoiceLine]) -> dict[str, tuple[int, int | None]]:
    """Sum and tax per rate, in fractions: cut towards zero. 10 % always stands."""
    sums = {"standard": 0, **_sum((_group(line), line.amount) for line in lines)}
    return {
        group: (amount, int(Fraction(amount * PERCENT[group], 100 + PERCENT[group])) if group in PERCENT else None)
        for group, amount in sums.items()
    }


def _group(line: InvoiceLine) -> Any:
    return "advance" if line.nature == "advance" else line.tax_class
