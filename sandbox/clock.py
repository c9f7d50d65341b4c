"""Business time of the sandbox: real time plus the whole seconds that stand in the clock file, read at each call."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

JST = timezone(timedelta(hours=9), "JST")


class Clock:
    """Tells the sandbox's now. Without a file, or while it is absent or empty, the shift is 0."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def shift(self) -> int:
        """Seconds that business time runs ahead of real time. Raises ValueError when the file holds anything else."""
        if self._file is None:
            return 0
        try:
            text = self._file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return 0
        return int(text or "0")

    def now(self) -> datetime:
        """Now in Japan, whole seconds."""
        return (datetime.now(UTC) + timedelta(seconds=self.shift())).astimezone(JST).replace(microsecond=0)

    def today(self) -> date:
        """Today's date in Japan."""
        return self.now().date()


def at(day: date, hhmm: str) -> datetime:
    """The moment `hhmm` of a day in Japan; hours from 24 on are the next day's ("25:00" = 01:00)."""
    hours, minutes = hhmm.split(":")
    return datetime(day.year, day.month, day.day, tzinfo=JST) + timedelta(hours=int(hours), minutes=int(minutes))
