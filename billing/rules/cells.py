"""Cells of a CSV file that people open in a spreadsheet program."""

import csv
import io
from collections.abc import Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# JIS has no shape for some characters of names (𠮷): shown as 〓, which printers use for a missing type.
GETA = "〓"


def neutral(cell: str | int) -> str:
    """The cell as text that no spreadsheet program runs as a formula; numbers stay numbers."""
    if isinstance(cell, int):
        return str(cell)
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def csv_line(cells: Sequence[str | int]) -> str:
    """One line of CSV (RFC 4180) with neutral cells."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([neutral(cell) for cell in cells])
    return buffer.getvalue()


def unfit(text: str) -> int:
    """How many characters of the text Shift_JIS (cp932) cannot hold."""
    try:
        text.encode("cp932")
    except UnicodeEncodeError:
        return sum(1 for character in text if not _fits(character))
    return 0


def to_cp932(text: str) -> bytes:
    """The text in Shift_JIS as Windows writes it; characters that do not fit become 〓."""
    try:
        return text.encode("cp932")
    except UnicodeEncodeError:
        return "".join(character if _fits(character) else GETA for character in text).encode("cp932")


def _fits(character: str) -> bool:
    try:
        character.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True
