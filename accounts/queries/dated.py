"""Tables of dated rows: lists, the history of a subject, and what a change would meet."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q

from accounts.errors import AlreadyBegun, DaysTaken, NoSuchEnd
from lib import clock, jst, registry
from lib.actor import Actor
from lib.dated import DatedQuerySet, DatedRow
from lib.datedtables import Sheet
from lib.registry import DatedTable

DAY = dt.timedelta(days=1)
# What a list shows: rows of the day, rows that begin later, or all there ever were.
ON, LATER, EVER = "on", "later", "ever"
SHOWN = ((ON, "その日に有効な行"), (LATER, "その日よりあとに始まる行"), (EVER, "終わった行も含むすべて"))


def dated_tables(actor: Actor) -> Sequence[DatedTable]:
    """The tables that the actor may read."""
    return [table for table in registry.dated_tables.values() if actor.may(table.read)]


def all_rows(table: DatedTable) -> DatedQuerySet:
    """Every row, by subject and then by day, with the rows it refers to."""
    references = [column.name for column in table.columns if column.key]
    found = DatedQuerySet(table.model).order_by(*table.subject, "valid")
    return found.select_related(*references) if references else found


def dated_rows(sheet: Sheet, day: dt.date, *, shown: str = ON, text: str = "") -> DatedQuerySet:
    """Rows as of a day whose cells hold each word of `text`."""
    found = all_rows(sheet.table)
    if shown == ON:
        found = found.on(day)
    elif shown == LATER:
        found = found.filter(valid__startswith__gt=day)
    for word in text.split():
        found = found.filter(_holds(sheet, word))
    return found


def _holds(sheet: Sheet, word: str) -> Q:
    holds = Q(source__icontains=word)
    for column in sheet.table.columns:
        path = f"{column.name}__{column.key}" if column.key else column.name
        if options := sheet.options[column.name]:
            holds |= Q(**{f"{path}__in": [code for code, words in options.items() if word in words or word == code]})
        elif isinstance(sheet.fields[column.name], models.CharField | models.TextField):
            holds |= Q(**{f"{path}__icontains": word})
    return holds


def rows_like(sheet: Sheet, row: DatedRow) -> DatedQuerySet:
    """All rows of the subject of `row`, which need not be stored."""
    return all_rows(sheet.table).filter(**{name: getattr(row, name) for name in sheet.table.subject})


@dataclass(frozen=True, slots=True)
class RowLine:
    """A row as a list shows it. `state` is past, present or future, as of today."""

    row: DatedRow
    cells: Sequence[tuple[str, bool]]
    subject: str
    state: str
    word: str


STATES = {"past": "終了", "present": "有効", "future": "これから"}


def row_lines(sheet: Sheet, rows: Iterable[DatedRow]) -> Sequence[RowLine]:
    """Rows as lines; cells are (words, whether they are figures) for the columns that do not name the subject."""
    today = clock.today()
    others = [column for column in sheet.table.columns if column.name not in sheet.table.subject]
    lines = []
    for row in rows:
        cells = [(sheet.words(row, column), type(sheet.code(row, column)) is int) for column in others]
        state = state_of(row, today)
        lines.append(RowLine(row, cells, sheet.subject(row), state, STATES[state]))
    return lines


def state_of(row: DatedRow, day: dt.date) -> str:
    """past, present or future."""
    if row.first_day and row.first_day > day:
        return "future"
    return "past" if row.last_day and row.last_day < day else "present"


def make_room(rows: Iterable[DatedRow], first: dt.date, last: dt.date | None) -> DatedRow | None:
    """The row that must end the day before `first`, so that a new one may begin; None when nothing is in the way.

    `rows` are those of the subject. Raises DaysTaken, which names the row that no earlier end takes out of the way.
    """
    before = None
    for row in sorted(rows, key=lambda row: row.first_day or dt.date.min):
        if row.last_day and row.last_day < first:
            continue
        begins = row.first_day or dt.date.min
        if begins < first:
            before = row
        elif begins == first:
            raise DaysTaken(f"同じ日から始まる行がすでにあります（{row.days}）。{_way_out(row)}", field="first")
        elif last is None or begins <= last:
            until = jst.long_day(begins - DAY)
            raise DaysTaken(
                f"{row.days}の行と重なります。末日を {until} までにしてください。{_way_out(row)}", field="last"
            )
    return before


def _way_out(row: DatedRow) -> str:
    begun = row.first_day is None or row.first_day <= clock.today()
    return "" if begun else "まだ始まっていない行は、先に取り下げることもできます。"


def check_end(row: DatedRow, last: dt.date) -> None:
    """Raises NoSuchEnd when the row cannot end on the day: it would be empty, or longer than now."""
    if row.first_day and last < row.first_day:
        raise NoSuchEnd(f"初日（{jst.long_day(row.first_day)}）以後の日にしてください。", field="last")
    if row.last_day and last >= row.last_day:
        raise NoSuchEnd(
            f"この行は {jst.long_day(row.last_day)} で終わります。続けるときは、その翌日からの行を追加してください。",
            field="last",
        )


def check_withdrawal(row: DatedRow) -> None:
    """Raises AlreadyBegun when the row is or was valid."""
    if row.first_day is None or row.first_day <= clock.today():
        raise AlreadyBegun


def row_before(sheet: Sheet, row: DatedRow) -> DatedRow | None:
    """The row of the subject that ends the day before `row` begins."""
    found: DatedRow | None = rows_like(sheet, row).filter(valid__endswith=row.first_day).first()
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """What a person is told before a change: the row's facts, what else happens, what to mind; `ends` ends for it."""

    facts: Sequence[tuple[str, str]]
    notes: Sequence[str]
    ends: DatedRow | None = None


def change_by_adding(sheet: Sheet, row: DatedRow) -> Change:
    """What adding the row (not stored yet, with its days) would do. Raises DaysTaken."""
    rows = list(rows_like(sheet, row))
    first, last = row.first_day, row.last_day
    assert first is not None
    ends = make_room(rows, first, last)
    notes = []
    if ends:
        notes.append(f"いまの行（{ends.days}）は、{jst.long_day(first - DAY)} で終わります。")
    if first < clock.today():
        notes.append("過去の日から有効になります。締めた請求書は変わりません。")
    notes += _gap(rows, last)
    return Change(sheet.facts(row), [*notes, *_freeze(sheet.table)], ends)


def change_by_ending(sheet: Sheet, row: DatedRow, last: dt.date) -> Change:
    """What ending the row on the day would do. Raises NoSuchEnd."""
    check_end(row, last)
    notes = []
    if last < clock.today():
        notes.append("過去の日にさかのぼって終わります。締めた請求書は変わりません。")
    notes += _gap(list(rows_like(sheet, row)), last)
    return Change(sheet.facts(row), [*notes, *_freeze(sheet.table)])


def _gap(rows: Iterable[DatedRow], last: dt.date | None) -> list[str]:
    if last is None or any(row.first_day == last + DAY for row in rows):
        return []
    return [f"{jst.long_day(last + DAY)} から、この対象に有効な行がなくなります（未設定になります）。"]


def _freeze(table: DatedTable) -> list[str]:
    return [table.freeze] if table.freeze else []


def values_like(sheet: Sheet, row: DatedRow) -> Mapping[str, Any]:
    """The cells of a row as `initial` of the form of another one."""
    codes: dict[str, Any] = dict(sheet.codes(row))
    for name, field in sheet.fields.items():
        if isinstance(field, models.BooleanField | models.DateField):
            codes[name] = getattr(row, name)
    return codes
