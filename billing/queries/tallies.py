"""Sums of lines by everything that an invoice's face tells apart: a few dozen rows, however many lines there are."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Sum, Value, When

from billing.models import InvoiceLine, Period
from billing.queries.collecting import charges_due
from billing.queries.lines import DraftLine, line_columns

DIMENSIONS = (
    "part",
    "department_code",
    "department_name",
    "budget_code",
    "kind",
    "relation",
    "tax_class",
    "nature",
    "supplier",
    "supplier_name",
    "late_for",
)
IS_BACK = Case(When(amount__lt=0, then=Value(True)), default=Value(False))


@dataclass(frozen=True, slots=True)
class Tally:
    """`count` lines that are alike in every dimension; `amount` is their sum in yen, tax included, negative ones apart."""

    part: int
    department_code: str
    department_name: str
    budget_code: str
    kind: str
    relation: str
    tax_class: str
    nature: str
    supplier: str
    supplier_name: str
    late_for: dt.date | None
    is_back: bool
    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class Tallies:
    """All sums of an invoice, and how many people travelled per department code."""

    rows: Sequence[Tally]
    people: Mapping[str, int]

    @property
    def count(self) -> int:
        return sum(row.count for row in self.rows)

    @property
    def amount(self) -> int:
        return sum(row.amount for row in self.rows)


def tally_invoice(invoice_id: int) -> Tallies:
    """The sums of the lines of an invoice (two queries)."""
    lines = InvoiceLine.objects.filter(invoice=invoice_id).order_by()
    rows = lines.annotate(is_back=IS_BACK).values(*DIMENSIONS, "is_back").annotate(n=Count("pk"), total=Sum("amount"))
    people = lines.values("department_code").annotate(n=Count("person_login", distinct=True))
    return Tallies(
        [_tally(row) for row in rows.order_by(*DIMENSIONS, "is_back")],
        dict(people.values_list("department_code", "n")),
    )


def tally_due(period: Period, transfers: Sequence[DraftLine]) -> Tallies:
    """The sums of what closing the period would take, with the transfers that it would write (two queries)."""
    charges = charges_due(period.office, period.last_day).order_by()
    columns = line_columns(period.first_day)
    named = {f"line_{name}": columns[name] for name in DIMENSIONS}
    rows = (
        charges.annotate(is_back=IS_BACK, **named)
        .values(*named, "is_back")
        .annotate(n=Count("pk"), total=Sum("amount"))
        .order_by(*named, "is_back")
    )
    people: Counter[str] = Counter()
    logins = charges.annotate(line_department_code=columns["department_code"])
    counted = logins.values("line_department_code").annotate(n=Count("person", distinct=True))
    people.update(dict(counted.values_list("line_department_code", "n")))
    found = [_tally({name.removeprefix("line_"): value for name, value in row.items()}) for row in rows]
    return Tallies(_merged([*found, *(_single(line) for line in transfers)]), _with_people(people, charges, transfers))


def tally_lines(lines: Iterable[DraftLine]) -> Tallies:
    """The sums of lines that belong to no traveller and stand nowhere yet."""
    return Tallies(_merged(_single(line) for line in lines), {})


def _with_people(people: Counter[str], charges: Any, transfers: Sequence[DraftLine]) -> Mapping[str, int]:
    """Count the people of transfers who have no other line in that department."""
    wanted = {(line.department_code, line.person_login) for line in transfers}
    if wanted:
        logins = {login for _, login in wanted}
        there = set(
            charges.filter(person__login_id__in=logins)
            .annotate(line_department_code=line_columns(dt.date.max)["department_code"])
            .values_list("line_department_code", "person__login_id")
            .distinct()
        )
        people.update(code for code, _ in wanted - there)
    return people


def _tally(row: Mapping[str, Any]) -> Tally:
    facts = {name: row[name] for name in DIMENSIONS}
    return Tally(**facts, is_back=row["is_back"], count=row["n"], amount=row["total"])


def _single(line: DraftLine) -> Tally:
    facts = {name: getattr(line, name) for name in DIMENSIONS}
    return Tally(**facts, is_back=line.amount < 0, count=1, amount=line.amount)


def _merged(rows: Iterable[Tally]) -> list[Tally]:
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        key = (*(getattr(row, name) for name in DIMENSIONS), row.is_back)
        found = sums.setdefault(key, [0, 0])
        found[0] += row.count
        found[1] += row.amount
    ordered = sorted(sums.items(), key=lambda item: tuple(str(part or "") for part in item[0]))
    return [Tally(*key, *counted) for key, counted in ordered]
