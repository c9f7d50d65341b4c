"""The calendar: holidays, demand of flights and hotels, events of cities."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

from sandbox.inventory.tables import Row, rows


class Seasons:
    """Facts about a day. A day outside the calendar is an ordinary one."""

    def __init__(self, data_dir: Path) -> None:
        self._days = {row["date"]: row for row in rows(data_dir, "seasons")}
        self._hotel_factors = {int(row["hotel_level"]): Fraction(row["hotel_factor"]) for row in self._days.values()}

    def _day(self, day: date) -> Row | None:
        return self._days.get(day.isoformat())

    def holiday(self, day: date) -> bool:
        """Whether a day is a public holiday."""
        row = self._day(day)
        return row is not None and row["is_holiday"] == "1"

    def workday(self, day: date) -> bool:
        """Monday to Friday and no public holiday."""
        return day.isoweekday() <= 5 and not self.holiday(day)

    def air_peak(self, day: date) -> bool:
        """Whether normal air fares take their peak price (level 4 or 5)."""
        row = self._day(day)
        return row is not None and int(row["air_level"]) >= 4

    def air_factor(self, day: date) -> Fraction:
        """By which discounted air fares are multiplied."""
        row = self._day(day)
        return Fraction(row["air_factor"]) if row else Fraction(1)

    def hotel_factor(self, day: date, prefecture_code: str, prefecture: str, municipality: str) -> Fraction:
        """By which rooms are multiplied in the night of a day, events of the city included (level 5 at most)."""
        row = self._day(day)
        if row is None:
            return Fraction(1)
        level = int(row["hotel_level"])
        for event in filter(None, row["events"].split("|")):
            code, city, _, steps = event.split(":")
            if code == prefecture_code and (city == prefecture or municipality.startswith(city)):
                level += int(steps)
        return self._hotel_factors[min(level, 5)]

    def night_kind(self, day: date) -> str:
        """Which factor of a hotel a night takes: holiday (before a holiday), mon_thu, fri, sat or sun."""
        if self.holiday(day + timedelta(days=1)):
            return "holiday"
        return {5: "fri", 6: "sat", 7: "sun"}.get(day.isoweekday(), "mon_thu")
