"""CSV files that people open in a spreadsheet program: what is written, and what comes back from there."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence

from lib.errors import PortalError

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# JIS has no shape for some characters of names (𠮷): shown as 〓, which printers use for a missing type.
GETA = "〓"


class UnreadableFile(PortalError):
    default = "CSVとして読めませんでした。UTF-8 か Shift_JIS のCSVで保存し直してください。"


def neutral(cell: str | int) -> str:
    """The cell as text that no spreadsheet program runs as a formula; numbers stay numbers."""
    if isinstance(cell, int):
        return str(cell)
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def restored(cell: str) -> str:
    """What stood in the cell before `neutral` put a mark in front of it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def csv_line(cells: Sequence[str | int]) -> str:
    """One line of CSV (RFC 4180) with neutral cells."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([neutral(cell) for cell in cells])
    return buffer.getvalue()


def csv_lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Lines of a CSV file as (number of the line, from 1; cells), blank ones left out.

    UTF-8 with or without BOM, or Shift_JIS as Windows writes it. Raises UnreadableFile for anything else.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableFile(field="file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp932")
        except UnicodeDecodeError as bad:
            raise UnreadableFile(field="file") from bad
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [restored(cell) for cell in cells]
    except csv.Error as bad:
        raise UnreadableFile(field="file") from bad


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
