"""Flights and fares of JAL: timetable, normal fares, fare levels, PSFC."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from sandbox.clock import at
from sandbox.inventory.seasons import Seasons
from sandbox.inventory.tables import Row, on, rounded, rows, valid

CARRIER = "JL"
SALE_OPENS_DAYS = 360
SALE_CLOSES = timedelta(minutes=20)
# Of the fares in the data, the round-trip saver is not sold: it exists in pairs only.
SOLD = ("FLEX", "BIZFLEX", "SAVER", "SPSAVER")
UPGRADABLE = ("FLEX", "BIZFLEX")


@dataclass(frozen=True)
class Flight:
    """One flight on one day."""

    number: str
    operated_by: str
    origin: str
    destination: str
    departs_at: datetime
    arrives_at: datetime
    aircraft: str

    @property
    def day(self) -> date:
        """The day of departure."""
        return self.departs_at.date()


@dataclass(frozen=True)
class Fare:
    """A fare of one flight as sold on one day. Yen, tax included; `fare_yen` without PSFC."""

    code: str
    name: str
    seat_class: str
    corporate_only: bool
    changeable: bool
    fare_yen: int
    psfc_yen: int
    buy_until: datetime

    @property
    def price_yen(self) -> int:
        """What is paid."""
        return self.fare_yen + self.psfc_yen


class Air:
    """What JAL sells."""

    def __init__(self, data_dir: Path, seasons: Seasons) -> None:
        self._seasons = seasons
        self.airports = {row["iata"] for row in rows(data_dir, "airports")}
        self._timetable: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in rows(data_dir, "flights"):
            if row["carrier"] == CARRIER:
                self._timetable[row["from"], row["to"]].append(row)
        self._normal = {
            frozenset((row["from"], row["to"])): row
            for row in rows(data_dir, "air_normal_fares")
            if row["carrier"] == CARRIER
        }
        self._classes = {
            (frozenset((row["from"], row["to"])), row["operated_by"]): row["seat_classes"].split("|")
            for row in rows(data_dir, "air_routes")
            if row["carrier"] == CARRIER
        }
        self._levels = [row for row in rows(data_dir, "air_fares") if row["carrier"] == CARRIER]
        self._psfc = rows(data_dir, "psfc")

    def flights(self, origin: str, destination: str, day: date) -> list[Flight]:
        """Flights of a day in order of departure."""
        found = [
            Flight(
                f"{CARRIER}{row['flight_no']}",
                row["operated_by"],
                origin,
                destination,
                at(day, row["dep"]),
                at(day + timedelta(days=int(row["arr_day"])), row["arr"]),
                row["aircraft"],
            )
            for row in on(self._timetable[origin, destination], day)
            if str(day.isoweekday()) in row["days"]
        ]
        return sorted(found, key=lambda flight: flight.departs_at)

    def flight(self, origin: str, destination: str, day: date, number: str) -> Flight | None:
        """One flight, or nothing when it does not fly that day."""
        return next((one for one in self.flights(origin, destination, day) if one.number == number), None)

    def fares(self, flight: Flight, now: datetime) -> list[Fare]:
        """The fares that are on sale now, cheapest last as in the data."""
        if now >= flight.departs_at - SALE_CLOSES:
            return []
        return [
            fare
            for level in self._levels_of(flight, now.date())
            for fare in self._priced(flight, level, now.date())
            if now < fare.buy_until
        ]

    def fare(self, flight: Flight, now: datetime, code: str, seat_class: str) -> Fare | None:
        """One fare, or nothing when it is not on sale now."""
        return next((one for one in self.fares(flight, now) if (one.code, one.seat_class) == (code, seat_class)), None)

    def psfc(self, flight: Flight, issued: date) -> int:
        """旅客施設使用料 of both airports. Where a charge counts by issue, older tickets keep the older one."""
        total = 0
        for airport in (flight.origin, flight.destination):
            for row in self._psfc:
                counts = min(issued, flight.day) if row["date_rule"] == "issue" else flight.day
                if row["airport"] == airport and valid(row, counts):
                    total += int(row["adult_yen"])
        return total

    def _levels_of(self, flight: Flight, today: date) -> Iterator[Row]:
        km = int(self._normal[frozenset((flight.origin, flight.destination))]["km"])
        ahead = (flight.day - today).days
        for code in SOLD:
            for row in on(self._levels, flight.day):
                # The data end at the old 330 days of sale; the last level serves the days up to 360 too.
                last = math.inf if row["days_before_max"] == "330" else int(row["days_before_max"])
                if (
                    row["fare_code"] == code
                    and int(row["km_from"]) <= km
                    and (not row["km_to"] or km <= int(row["km_to"]))
                    and int(row["days_before_min"]) <= ahead <= last
                ):
                    yield row

    def _priced(self, flight: Flight, level: Row, today: date) -> Iterator[Fare]:
        pair = frozenset((flight.origin, flight.destination))
        normal = self._normal[pair]
        full = int(normal["peak_yen" if self._seasons.air_peak(flight.day) else "normal_yen"])
        ratio = Fraction(level["ratio_to_normal"])
        if ratio == 1:
            yen = full
        else:
            discounted = int(normal["normal_yen"]) * ratio * self._seasons.air_factor(flight.day)
            # In the high season the factors alone would lift a discounted fare above the full one.
            yen = min(rounded(discounted.numerator, discounted.denominator, 10), full)
        days = int(level["buy_until_days"])
        closes = flight.departs_at - SALE_CLOSES
        buy_until = min(closes, at(flight.day - timedelta(days=days), "24:00")) if days else closes
        psfc = self.psfc(flight, today)
        sold = self._classes.get((pair, flight.operated_by), ["Y"]) if level["fare_code"] in UPGRADABLE else ["Y"]
        for seat_class, column in (("Y", "normal_yen"), ("J", "class_j_yen"), ("F", "first_yen")):
            if seat_class in sold and normal[column]:
                yield Fare(
                    level["fare_code"],
                    level["fare_name"],
                    seat_class,
                    level["corporate_only"] == "1",
                    level["change_rule"] == "free",
                    yen + int(normal[column]) - int(normal["normal_yen"]),
                    psfc,
                    buy_until,
                )
