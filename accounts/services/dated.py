"""Verbs on registered tables of dated rows: add, end, withdraw, import, download. Nothing that was ever valid is edited or deleted."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.errors import DaysTaken, FileChanged
from accounts.queries.dated import DAY, all_rows, check_end, check_withdrawal, make_room, rows_like
from accounts.queries.dated_import import ADDED, BAD, ENDED, UNCHANGED, Preview, preview_import
from audit.services import record
from lib.actor import Actor
from lib.csvfiles import csv_line
from lib.dated import DatedQuerySet, DatedRow, between
from lib.datedtables import Sheet
from lib.errors import NotPermitted, PortalError, Stale
from lib.registry import DatedTable
from lib.verbs import verb


@verb
def add_dated_row(
    actor: Actor,
    table: DatedTable,
    *,
    values: Mapping[str, Any],
    first: dt.date,
    last: dt.date | None = None,
    source: str,
    confidence: str,
) -> DatedRow:
    """Add a row with these values of its columns; the subject's present row ends the day before.

    Raises NotPermitted, DaysTaken when no earlier end makes room, and PortalError for days in disorder or no source.
    """
    if not actor.may(table.edit):
        raise NotPermitted
    _check_new(first, last, source)
    row = table.model(**values, valid=between(first, last), source=source, confidence=confidence)
    sheet = Sheet(table)
    ends = make_room(rows_like(sheet, row).select_for_update(of=("self",)), first, last)
    if ends:
        ends.valid = between(ends.first_day, first - DAY)
    _store_row(actor, sheet, row, ends)
    return row


def _check_new(first: dt.date | None, last: dt.date | None, source: str) -> None:
    """Raises PortalError for a row without first day or source, or one that ends before it begins."""
    if first is None:
        raise PortalError("初日を入力してください。", field="first")
    if last and last < first:
        raise PortalError("末日は、初日以後の日にしてください。", field="last")
    if not source:
        raise PortalError("出典を入力してください。", field="source")


def _store_row(actor: Actor, sheet: Sheet, row: DatedRow, ends: DatedRow | None) -> None:
    """Write the shortened row, then the new one, with the event. Raises DaysTaken when somebody else was first."""
    try:
        with transaction.atomic():
            if ends:
                ends.save(update_fields=["valid"])
            row.save(force_insert=True)
    except IntegrityError as bad:
        if "no_overlap" in str(bad):
            raise DaysTaken from bad
        raise
    ended = {"ended": ends.first_day or "はじめ"} if ends else {}
    data = {**_facts_of(sheet, row), "source": row.source, "confidence": str(row.confidence), **ended}
    record(actor, "accounts.dated.added", objects=_about(sheet, row), data=data)


@verb
def end_dated_row(actor: Actor, table: DatedTable, row: DatedRow, *, last: dt.date) -> None:
    """Let a row end on an earlier day than now (inclusive). Raises NotPermitted, Stale and NoSuchEnd."""
    if not actor.may(table.edit):
        raise NotPermitted
    check_end(locked := _locked(table, row), last)
    before = locked.last_day
    locked.valid = between(locked.first_day, last)
    _store_end(actor, Sheet(table), locked, before)


def _store_end(actor: Actor, sheet: Sheet, row: DatedRow, before: dt.date | None) -> None:
    """Write the earlier end of a row, which ended `before`, with the event."""
    row.save(update_fields=["valid"])
    data = {**_facts_of(sheet, row), "before": before}
    record(actor, "accounts.dated.ended", objects=_about(sheet, row), data=data)


@verb
def withdraw_dated_row(actor: Actor, table: DatedTable, row: DatedRow, *, resume: bool = False) -> None:
    """Take back a row that has not begun; with `resume` the row before it goes on in its place.

    The row is deleted, its values stay in the event. Raises NotPermitted, Stale and AlreadyBegun.
    """
    if not actor.may(table.edit):
        raise NotPermitted
    sheet = Sheet(table)
    check_withdrawal(locked := _locked(table, row))
    data = {**_facts_of(sheet, locked), "source": locked.source, "confidence": str(locked.confidence)}
    items = _about(sheet, locked)
    before = rows_like(sheet, locked).filter(valid__endswith=locked.first_day).select_for_update(of=("self",)).first()
    last = locked.last_day
    locked.delete()
    if resume and before:
        before.valid = between(before.first_day, last)
        before.save(update_fields=["valid"])
        data["resumed"] = before.first_day or "はじめ"
    record(actor, "accounts.dated.withdrawn", objects=items, data=data)


@verb
def import_dated_rows(
    actor: Actor, table: DatedTable, *, content: bytes, digest: str = "", leave_out_bad: bool = False
) -> Preview:
    """Write what the preview of the file says, all of it or nothing; each row is an event, and so is the file.

    `digest` is that of the preview which the person saw. Raises NotPermitted, UnreadableFile, and FileChanged when the
    table has changed since, or when the file has bad lines and nobody said to leave them out.
    """
    if not actor.may(table.edit):
        raise NotPermitted
    list(DatedQuerySet(table.model).select_for_update())
    sheet = Sheet(table)
    preview = preview_import(sheet, content)
    if digest and digest != preview.digest:
        raise FileChanged
    if preview.bad and not leave_out_bad:
        raise FileChanged(f"誤りのある行が{preview.bad}行あります。除いて取り込むか、ファイルを直してください。")
    for line in preview.steps:
        assert line.row is not None
        if line.outcome == ADDED:
            _store_row(actor, sheet, line.row, line.shortens)
        else:
            _store_end(actor, sheet, line.row, line.before)
    counts = {name: preview.counts.get(name, 0) for name in (ADDED, ENDED, UNCHANGED, BAD)}
    data = {"table": table.slug, **counts, "sha256": hashlib.sha256(content).hexdigest()}
    record(actor, "accounts.dated.imported", data=data)
    return preview


@verb
def download_dated_rows(actor: Actor, table: DatedTable) -> str:
    """Every row, past ones too, as CSV with the columns that the import takes. Raises NotPermitted."""
    if not actor.may(table.read):
        raise NotPermitted
    sheet = Sheet(table)
    lines = [csv_line(sheet.line(row)) for row in all_rows(table)]
    record(actor, "accounts.dated.downloaded", data={"table": table.slug, "rows": len(lines)})
    return csv_line(sheet.heads) + "".join(lines)


def _facts_of(sheet: Sheet, row: DatedRow) -> dict[str, Any]:
    """A row as data of an event: subject in words, cells in codes, days."""
    values = [f"{name}={code}" for name, code in sheet.codes(row).items() if code is not None and code != ""]
    data = {"table": sheet.table.slug, "subject": sheet.subject(row), "values": values}
    return {**data, "first": row.first_day, "last": row.last_day}


def _about(sheet: Sheet, row: DatedRow) -> list[Any]:
    """What the row belongs to and the log knows: an office, the contract."""
    related = [getattr(row, name) for name in sheet.table.subject]
    return [item for item in related if isinstance(getattr(item, "public_id", None), UUID)]


def _locked(table: DatedTable, row: DatedRow) -> DatedRow:
    found: DatedRow | None = all_rows(table).select_for_update(of=("self",)).filter(pk=row.pk).first()
    if found is None:
        raise Stale
    return found
