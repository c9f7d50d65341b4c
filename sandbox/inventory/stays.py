"""Hotels: rooms, prices per night, local taxes, cancellation policies."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from sandbox.clock import at
from sandbox.inventory.seasons import Seasons
from sandbox.inventory.tables import Row, on, rounded, rows
from sandbox.signing import dice

SALE_OPENS_DAYS = 365
LAST_SALE = "23:00"


@dataclass(frozen=True)
class Night:
    """One night of one person. Yen; room and breakfast with consumption tax, the two local taxes apart."""

    date: date
    room_yen: int
    breakfast_yen: int
    stay_tax_yen: int
    bathing_tax_yen: int

    @property
    def price_yen(self) -> int:
        """Room and breakfast."""
        return self.room_yen + self.breakfast_yen


@dataclass(frozen=True)
class Step:
    """Before `until` a cancellation costs `percent` of the room charge."""

    until: datetime | None
    percent: int
    note: str


class Stays:
    """What the hotel wholesaler sells."""

    def __init__(self, data_dir: Path, seasons: Seasons) -> None:
        self._seasons = seasons
        self.areas = {row["area_code"]: row for row in rows(data_dir, "hotel_areas")}
        self.hotels = {row["hotel_code"]: row for row in rows(data_dir, "hotels")}
        self._taxes = rows(data_dir, "stay_tax")
        self._policies: dict[str, dict[str, int]] = defaultdict(dict)
        for row in rows(data_dir, "hotel_cancel_policies"):
            self._policies[row["cancel_policy"]][row["timing"]] = int(row["percent"])

    def in_areas(self, codes: list[str]) -> list[Row]:
        """Hotels of areas."""
        return [row for row in self.hotels.values() if row["area_code"] in codes]

    def in_municipality(self, code: str) -> list[Row] | None:
        """Hotels of a ward or city (a city with its wards); nothing when no area lies there."""
        codes = [
            row["area_code"] for row in self.areas.values() if code in (row["municipality_code"], row["city_code"])
        ]
        return self.in_areas(codes) if codes else None

    def night(self, hotel: Row, day: date, *, breakfast: bool) -> Night:
        """The price of one night, the room rounded to 100 yen."""
        area = self.areas[hotel["area_code"]]
        factor = Fraction(hotel[f"factor_{self._seasons.night_kind(day)}"]) * self._seasons.hotel_factor(
            day, area["prefecture_code"], area["prefecture"], area["municipality"]
        )
        exact = int(hotel["base_yen"]) * factor
        room = rounded(exact.numerator, exact.denominator, 100)
        return Night(
            day,
            room,
            int(hotel["breakfast_yen"]) if breakfast else 0,
            self.stay_tax(hotel, day, room),
            self._bathing_tax(day) if hotel["bathing_tax"] == "1" else 0,
        )

    def stay_tax(self, hotel: Row, day: date, room_yen: int) -> int:
        """宿泊税 of one night on the room charge without consumption tax (`room_yen` includes 10 %).

        The city's row decides: `total` and `alone` stand for themselves, `add` comes on top of the prefecture's row.
        Without a city's row the prefecture's row holds; without either there is no tax.
        """
        base = room_yen - room_yen * 10 // 110
        area = self.areas[hotel["area_code"]]
        dated = [row for row in on(self._taxes, day) if row["prefecture"] == area["prefecture"]]
        city = [row for row in dated if row["level"] != "pref" and row["municipality_code"] == area["city_code"]]
        prefecture = [row for row in dated if row["level"] == "pref"]
        tax = _tax_in(city or prefecture, base)
        if city and city[0]["combine"] == "add":
            tax += _tax_in(prefecture, base)
        return tax

    def steps(self, hotel: Row, check_in: date) -> list[Step]:
        """The cancellation policy of a hotel for one day of arrival, in order of time."""
        policy = self._policies[hotel["cancel_policy"]]
        if "from_booking" in policy:
            return [Step(None, policy["from_booking"], "返金不可のプラン: 予約した時から")]
        marks: list[tuple[datetime, int, str]] = []
        for timing, percent in policy.items():
            if timing.isdigit():
                marks.append((at(check_in - timedelta(days=int(timing)), "00:00"), percent, f"宿泊日の{timing}日前"))
            elif timing == "same_day":
                marks.append((at(check_in, "00:00"), percent, "宿泊日の当日"))
            elif timing == "same_day_after_18":
                marks.append((at(check_in, "18:00"), percent, "宿泊日の18時以降"))
            else:
                marks.append((at(check_in, hotel["last_check_in"]), percent, "連絡のない不泊"))
        marks.sort()
        starts = [start for start, _, _ in marks]
        free = Step(starts[0], 0, "無料")
        return [free] + [
            Step(until, percent, note) for (_, percent, note), until in zip(marks, [*starts[1:], None], strict=True)
        ]

    def rooms(self, seed: int, hotel: Row, day: date) -> int:
        """Rooms that this seed leaves free in a night before any booking of ours: sometimes none, mostly many."""
        chance = dice(seed, "rooms", hotel["hotel_code"], day) % 100
        return 0 if chance < 4 else 1 + chance % 4 if chance < 16 else 10 + chance % 20

    def _bathing_tax(self, day: date) -> int:
        return next(int(row["tax_yen"]) for row in on(self._taxes, day) if row["level"] == "default")


def _tax_in(bands: list[Row], base: int) -> int:
    for row in bands:
        if int(row["lower_yen"]) <= base and (not row["upper_yen"] or base <= int(row["upper_yen"])):
            if row["tax_yen"]:
                return int(row["tax_yen"])
            percent = Fraction(row["tax_percent"])
            tax = base * percent.numerator // (100 * percent.denominator)
            return min(tax, int(row["cap_yen"])) if row["cap_yen"] else tax
    return 0


def registration_number(hotel_code: str) -> str:
    """A fictitious T-number whose check digit is right (as of a 法人番号: 9 - weighted sum mod 9)."""
    body = f"{10**11 + dice(0, 'invoice', hotel_code) % (9 * 10**11):012d}"
    total = sum(int(digit) * (1 if place % 2 == 0 else 2) for place, digit in enumerate(reversed(body)))
    return f"T{9 - total % 9}{body}"
