"""Lists in pages: paging, and sorting by keys that the list itself names. Nothing of the address reaches the database.

The address carries `sort=day` or `sort=-day`, and `page=2`. What it should not carry is read as the default.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, Literal, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Column:
    """One head of a table. `order` names the fields to sort by, most important first; without it, no sorting."""

    label: str
    key: str = ""
    order: tuple[str, ...] = ()
    figures: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """What a list is sorted by."""

    column: Column
    descending: bool = False

    def rows(self, rows: "QuerySet[M]") -> "QuerySet[M]":
        """The queryset in this order; rows that are equal keep the order in which they were made."""
        sign = "-" if self.descending else ""
        return rows.order_by(*(f"{sign}{name}" for name in self.column.order), "pk")

    def listed(self, rows: Sequence[Row]) -> list[Row]:
        """A list in this order, by attributes; unknown values (None) come last in either direction."""

        def key(row: Row) -> tuple[Any, ...]:
            return tuple(attrgetter(name)(row) for name in self.column.order)

        known = [row for row in rows if None not in key(row)]
        unknown = [row for row in rows if None in key(row)]
        return sorted(known, key=key, reverse=self.descending) + unknown


@dataclass(frozen=True, slots=True)
class Head:
    """A head as `components/table_head.html` draws it. `sort` is the address value that a press asks for."""

    label: str
    figures: bool
    hidden: bool
    sort: str
    direction: Literal["", "ascending", "descending"]


def read_sort(params: Mapping[str, Any], columns: Sequence[Column], default: str) -> Sort:
    """The order that the address asks for, or `default` (as `day` or `-day`, one of the columns' keys)."""
    allowed = {column.key: column for column in columns if column.key and column.order}
    wanted = str(params.get("sort", ""))
    if wanted.removeprefix("-") not in allowed:
        wanted = default
    return Sort(allowed[wanted.removeprefix("-")], descending=wanted.startswith("-"))


def heads(columns: Sequence[Column], sort: Sort) -> list[Head]:
    """All heads of the table, the sorted one with its direction."""
    return [_head(column, sort) for column in columns]


def _head(column: Column, sort: Sort) -> Head:
    current = bool(column.order) and column.key == sort.column.key
    wanted = ("-" if current and not sort.descending else "") + column.key if column.order else ""
    direction: Literal["", "ascending", "descending"] = ""
    if current:
        direction = "descending" if sort.descending else "ascending"
    return Head(column.label, column.figures, column.hidden, wanted, direction)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list. `number` counts from 1; `total` counts all rows."""

    rows: Sequence[Row]
    number: int
    size: int
    total: int

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def last(self) -> int:
        """The number of the last page; 1 for an empty list."""
        return max(1, -(-self.total // self.size))

    @property
    def first_row(self) -> int:
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last_row(self) -> int:
        return min(self.number * self.size, self.total)

    @property
    def before(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def after(self) -> int | None:
        return self.number + 1 if self.number < self.last else None

    @property
    def links(self) -> list[int | None]:
        """Numbers to show: the first, the last and those near; None where some are left out."""
        near = [n for n in range(1, self.last + 1) if n in {1, self.last} or abs(n - self.number) <= 1]
        shown: list[int | None] = []
        for n in near:
            previous = shown[-1] if shown else 0
            if previous is not None and n - previous == 2:
                shown.append(n - 1)
            elif previous is not None and n - previous > 2:
                shown.append(None)
            shown.append(n)
        return shown


def page_of(rows: "QuerySet[M] | Sequence[Row]", params: Mapping[str, Any], size: int = 50) -> "Page[Any]":
    """The page that the address asks for; two queries for a queryset. Beyond the end it is the last page."""
    total = rows.count() if isinstance(rows, QuerySet) else len(rows)
    asked = str(params.get("page", "1"))
    wanted = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 6 else 1
    number = min(max(1, wanted), max(1, -(-total // size)))
    return Page(list(rows[(number - 1) * size : number * size]), number, size, total)
