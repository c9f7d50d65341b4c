"""Workbooks (XLSX) that people open in a spreadsheet program: text stays text, money is a number, a day is a day."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from lib.csvfiles import FORMULA

# Excel holds this many rows a sheet; the first one is the header.
MOST_ROWS = 1_048_575
MONEY = "#,##0"
BOLD = Font(bold=True)
Cell = str | int | dt.date | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that is written row by row; `money` names the columns (from 0) whose numbers are yen."""

    title: str
    widths: Sequence[int]
    rows: Iterable[Sequence[Cell]]
    header: Sequence[str] = ()
    money: frozenset[int] = frozenset()


def write_workbook(file: IO[bytes], sheets: Iterable[Sheet]) -> None:
    """Write the sheets into an open file. Rows go through temporary files of their own: memory does not grow with them."""
    book = Workbook(write_only=True)
    for sheet in sheets:
        _write(book, sheet)
    book.save(file)


def _write(book: Workbook, sheet: Sheet) -> None:
    page = book.create_sheet(sheet.title)
    for index, width in enumerate(sheet.widths):
        page.column_dimensions[chr(ord("A") + index)].width = width
    if sheet.header:
        page.freeze_panes = "A2"
        page.append([_styled(page, word, bold=True) for word in sheet.header])
    for row in sheet.rows:
        page.append([_cell(page, value, is_money=index in sheet.money) for index, value in enumerate(row)])


def _cell(page: object, value: Cell, *, is_money: bool) -> object:
    if isinstance(value, str):
        text = str(ILLEGAL_CHARACTERS_RE.sub("", value))
        return _styled(page, text) if text.startswith(FORMULA) else text or None
    if isinstance(value, int) and is_money:
        cell = WriteOnlyCell(page, value)
        cell.number_format = MONEY
        return cell
    return value


def _styled(page: object, text: str, *, bold: bool = False) -> object:
    """A cell of text, whatever it begins with; the quote mark keeps it text when somebody edits it."""
    cell = WriteOnlyCell(page, text)
    cell.data_type = "s"
    if bold:
        cell.font = BOLD
    if text.startswith(FORMULA):
        cell.quotePrefix = True
    return cell
