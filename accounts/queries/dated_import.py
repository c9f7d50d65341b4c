"""What a CSV file would do to a table of dated rows: read, held against the rows that are there, nothing written."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from accounts.queries.dated import DAY, all_rows, check_end, make_room
from lib import clock, jst
from lib.csvfiles import UnreadableFile, csv_lines
from lib.dated import DatedRow, between
from lib.datedtables import FIRST, LAST, Sheet, read_day, row_form, same_cells
from lib.errors import PortalError
from lib.text import UnusableCharacter

MAX_ROWS = 2000
ADDED, ENDED, UNCHANGED, BAD = "added", "ended", "unchanged", "bad"
WORDS = {ADDED: "追加", ENDED: "終了", UNCHANGED: "変更なし", BAD: "誤り"}


@dataclass(slots=True)
class ImportLine:
    """One line of the file: what becomes of it.

    `row` is the row to write, with its days; `shortens` ends for it; `before` is when the row ended so far.
    """

    number: int
    outcome: str
    subject: str = ""
    days: str = ""
    detail: str = ""
    row: DatedRow | None = None
    last: dt.date | None = None
    shortens: DatedRow | None = None
    before: dt.date | None = None

    @property
    def begins(self) -> dt.date:
        """Lines take effect in this order."""
        return (self.row.first_day if self.row else None) or dt.date.min

    @property
    def word(self) -> str:
        return WORDS[self.outcome]


@dataclass(slots=True)
class Preview:
    """All lines of a file, in its order."""

    lines: Sequence[ImportLine]
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def added(self) -> int:
        return self.counts.get(ADDED, 0)

    @property
    def ended(self) -> int:
        return self.counts.get(ENDED, 0)

    @property
    def unchanged(self) -> int:
        return self.counts.get(UNCHANGED, 0)

    @property
    def bad(self) -> int:
        return self.counts.get(BAD, 0)

    @property
    def writes(self) -> int:
        """How many lines change anything."""
        return self.added + self.ended

    @property
    def steps(self) -> Sequence[ImportLine]:
        """The lines that change anything, in the order in which they do."""
        return sorted((line for line in self.lines if line.outcome in {ADDED, ENDED}), key=lambda line: line.begins)

    @property
    def notable(self) -> Sequence[ImportLine]:
        """Lines that a person must see: all but the unchanged ones, bad ones first."""
        return sorted((line for line in self.lines if line.outcome != UNCHANGED), key=lambda line: line.outcome != BAD)

    @property
    def digest(self) -> str:
        """Equal for previews that say the same."""
        facts = [(line.number, line.outcome, line.subject, line.days, line.detail) for line in self.lines]
        return hashlib.sha256(repr(facts).encode()).hexdigest()


def preview_import(sheet: Sheet, content: bytes) -> Preview:
    """Hold the file against the table; lines take effect in the order of their first days, as if one after the other.

    Raises UnreadableFile for what is no CSV, lacks a column, has no rows or too many.
    """
    lines = _Reading(sheet).read(_cells(sheet, content))
    return Preview(lines, Counter(line.outcome for line in lines))


def _cells(sheet: Sheet, content: bytes) -> Sequence[tuple[int, dict[str, str]]]:
    rows = list(csv_lines(content))
    heads = [head.strip() for head in rows[0][1]] if rows else []
    if missing := [head for head in sheet.heads if head not in heads]:
        raise UnreadableFile(
            f"{'、'.join(f'「{head}」' for head in missing)}の列がありません。ダウンロードしたCSVと同じ見出しにしてください。",
            field="file",
        )
    if not rows[1:]:
        raise UnreadableFile("見出しのほかに行がありません。", field="file")
    if len(rows) > MAX_ROWS + 1:
        raise UnreadableFile(f"{MAX_ROWS:,}行を超えています。ファイルを分けてください。", field="file")
    # Spreadsheet programs leave out empty cells at the end of a line.
    return [(number, dict(zip(heads, [*cells, *[""] * len(heads)], strict=False))) for number, cells in rows[1:]]


class _Reading:
    """Takes lines one by one; rows in memory change as the stored ones would."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.form = row_form(sheet)
        self.known: dict[tuple[object, ...], list[DatedRow]] = {}
        for row in all_rows(sheet.table):
            self.known.setdefault(sheet.key(row), []).append(row)

    def read(self, cells: Sequence[tuple[int, dict[str, str]]]) -> Sequence[ImportLine]:
        drafts = [self._draft(number, line) for number, line in cells]
        for draft in sorted(drafts, key=lambda draft: draft.begins):
            if draft.row is not None:
                self._take(draft, draft.row)
        return drafts

    def _draft(self, number: int, cells: dict[str, str]) -> ImportLine:
        try:
            days = {head: read_day(cells[head]) for head in (FIRST, LAST)}
        except (ValueError, TypeError, UnusableCharacter):
            return ImportLine(number, BAD, detail="初日と末日は 2026-04-01 の形で入力してください。")
        first, last = days[FIRST], days[LAST]
        form = self.form(self.sheet.typed(cells))
        if not form.is_valid():
            return ImportLine(number, BAD, detail=" ".join(item.message + "。" for item in form.summary))
        if first and last and last < first:
            return ImportLine(number, BAD, detail="末日は、初日以後の日にしてください。")
        row: DatedRow = form.instance
        row.valid = between(first, last)
        return ImportLine(number, UNCHANGED, self.sheet.subject(row), row.days, row=row, last=last)

    def _take(self, line: ImportLine, row: DatedRow) -> None:
        rows = self.known.setdefault(self.sheet.key(row), [])
        try:
            same = [known for known in rows if known.first_day == row.first_day and same_cells(self.sheet, known, row)]
            if not same:
                self._add(line, row, rows)
            elif not _as_known(same[0], line.last, rows):
                self._end(line, same[0])
        except PortalError as error:
            line.outcome, line.detail = BAD, error.message

    def _add(self, line: ImportLine, row: DatedRow, rows: list[DatedRow]) -> None:
        if row.first_day is None:
            raise PortalError("初日を入力してください。")
        if not row.source:
            raise PortalError("出典を入力してください。")
        ends = make_room(rows, row.first_day, row.last_day)
        line.outcome = ADDED
        if ends:
            line.detail = f"いまの行（{ends.days}）は、{jst.long_day(row.first_day - DAY)} で終わります。"
            ends.valid = between(ends.first_day, row.first_day - DAY)
            line.shortens = ends
        if row.first_day < clock.today():
            line.detail += "過去の日から有効になります。"
        rows.append(row)

    def _end(self, line: ImportLine, known: DatedRow) -> None:
        if line.last is None:
            raise PortalError(
                f"この行はすでに終わっています（{known.days}）。続けるときは、翌日からの行を加えてください。"
            )
        check_end(known, line.last)
        line.outcome, line.row, line.before = ENDED, known, known.last_day
        line.detail = f"{jst.long_day(line.last)} で終わります。"
        known.valid = between(known.first_day, line.last)


def _as_known(known: DatedRow, last: dt.date | None, rows: Sequence[DatedRow]) -> bool:
    """Whether a line says of a row what is so already; without a last day it means: until another one begins."""
    if known.last_day == last:
        return True
    followed = known.last_day is not None and any(row.first_day == known.last_day + DAY for row in rows)
    return last is None and followed
