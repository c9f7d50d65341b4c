"""Reading CSV files and dated rows."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

Row = dict[str, str]


def rows(data_dir: Path, name: str) -> list[Row]:
    """All rows of a file (UTF-8, header line)."""
    with (data_dir / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def valid(row: Row, day: date) -> bool:
    """Whether a dated row holds on a day. Both ends are inclusive; an empty end is open."""
    text = day.isoformat()
    return row["valid_from"] <= text and (not row["valid_to"] or text <= row["valid_to"])


def on(table: Iterable[Row], day: date) -> Iterator[Row]:
    """The rows that hold on a day."""
    return (row for row in table if valid(row, day))


def rounded(numerator: int, denominator: int, unit: int = 1) -> int:
    """numerator / denominator, rounded half up to a multiple of `unit`."""
    return (2 * numerator + denominator * unit) // (2 * denominator * unit) * unit
