"""Trains of 東海道・山陽・九州新幹線: which runs when, where it stops."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sandbox.clock import at
from sandbox.inventory.rail_fares import RailFares
from sandbox.inventory.seasons import Seasons
from sandbox.inventory.tables import Row, rows

LINES = ("東海道", "山陽", "九州")
SEATS = {"reserved": "普通車指定席", "nonreserved": "普通車自由席", "green": "グリーン車"}


@dataclass(frozen=True)
class Ride:
    """One train between two of its stops on one day."""

    train_id: str
    name: str
    number: int
    origin: str
    destination: str
    departs_at: datetime
    arrives_at: datetime
    seats: tuple[str, ...]

    @property
    def title(self) -> str:
        """As people say it: のぞみ21号."""
        return f"{self.name}{self.number}号"

    @property
    def day(self) -> date:
        """The day of departure."""
        return self.departs_at.date()


class Rail:
    """What エクスプレス予約 sells."""

    def __init__(self, data_dir: Path, seasons: Seasons) -> None:
        self._seasons = seasons
        self._trains = {
            row["train_id"]: row for row in rows(data_dir, "trains") if set(row["line"].split("・")) <= set(LINES)
        }
        self._stops: dict[str, dict[str, Row]] = defaultdict(dict)
        for row in rows(data_dir, "stops"):
            if row["train_id"] in self._trains:
                self._stops[row["train_id"]][row["station"]] = row
        stations = [row for row in rows(data_dir, "shinkansen_stations") if row["line"] in LINES]
        self.stations = list(dict.fromkeys(row["station"] for row in stations))
        self._all_reserved = [
            (row["start"], row["end"])
            for row in rows(data_dir, "rail_season_calendar")
            if row["calendar"] == "のぞみ全車指定席"
        ]
        self.fares = RailFares(data_dir, stations)

    def rides(self, origin: str, destination: str, day: date) -> list[Ride]:
        """Trains of a day that go from one station to the other without a change, in order of departure."""
        found = [
            ride for train_id in self._trains if (ride := self.ride(train_id, origin, destination, day)) is not None
        ]
        return sorted(found, key=lambda ride: (ride.departs_at, ride.arrives_at))

    def ride(self, train_id: str, origin: str, destination: str, day: date) -> Ride | None:
        """One train, or nothing when it does not run that day or does not go that way."""
        train, stops = self._trains.get(train_id), self._stops.get(train_id, {})
        if train is None or origin not in stops or destination not in stops or not self._runs(train, day):
            return None
        first, last = stops[origin], stops[destination]
        if int(first["seq"]) >= int(last["seq"]):
            return None
        return Ride(
            train_id,
            train["name"],
            int(train["number"]),
            origin,
            destination,
            at(day, first["dep"]),
            at(day, last["arr"]),
            self._seats(train, day),
        )

    def _runs(self, train: Row, day: date) -> bool:
        """Extra trains (運転日注意) run on Fridays to Mondays: the source does not tell their days."""
        match train["runs_on"]:
            case "weekday":
                return self._seasons.workday(day)
            case "irregular":
                return day.isoweekday() in (5, 6, 7, 1)
            case _:
                return True

    def _seats(self, train: Row, day: date) -> tuple[str, ...]:
        """The data have no classes: つばめ and こだま inside 山陽 are taken to have no green car."""
        full = train["name"] == "のぞみ" and any(start <= day.isoformat() <= end for start, end in self._all_reserved)
        nonreserved = () if full or train["all_reserved"] == "yes" else ("nonreserved",)
        no_green = train["name"] == "つばめ" or (train["name"] == "こだま" and train["line"] == "山陽")
        return ("reserved", *nonreserved, *(() if no_green else ("green",)))
