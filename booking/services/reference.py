"""Reference data from the CSV files in `data/`: places, timetable, rail tariff, levies, and defaults of tax and nature.

Each table is one transaction; a second run changes nothing and records nothing. The files are the source of places,
timetable, calendar and of the tariff rows that they hold. Tax classes and natures are only defaults: a kind or supplier
that has any row, from whatever hand, is left alone.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import jaconv
from django.conf import settings
from django.db import models

from audit.services import record_command
from booking.models import (
    AirportCharge,
    BodyLevel,
    LevyKind,
    Place,
    PlaceAccess,
    PlaceKind,
    RailFareRule,
    RailSeasonDay,
    RailStation,
    StayTaxRule,
    Train,
    TrainStop,
)
from booking.models.places import search_form
from booking.services.default_hours import add_sale_openings, add_supplier_hours
from booking.services.default_rules import add_billing_days, add_natures, add_tax_classes
from lib.actor import Actor
from lib.dated import between
from lib.verbs import verb

M = TypeVar("M", bound=models.Model)
Row = Mapping[str, str]
COLLOQUIAL = {"KIX": ["関空"], "NGO": ["セントレア"]}
STATION_WEIGHT, SHINKANSEN_WEIGHT, AIRPORT_WEIGHT = 10, 20, 10


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run did to a table."""

    table: str
    added: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: Loaded) -> Loaded:
        return Loaded(self.table, self.added + other.added, self.changed + other.changed, self.removed + other.removed)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def __str__(self) -> str:
        return f"{self.table}: {self.added} added, {self.changed} changed, {self.removed} removed"


def _rows(name: str) -> Iterator[Row]:
    with (settings.BASE_DIR / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _sync(
    table: str,
    stored: models.QuerySet[M],
    wanted: Iterable[M],
    *,
    key: Sequence[str],
    values: Sequence[str],
    prune: bool,
) -> Loaded:
    """Make the stored rows equal to the wanted ones by `key`; rows that are not wanted go when `prune`."""

    def named(row: M) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in key)

    old = {named(row): row for row in stored.iterator()}
    fresh: list[M] = []
    changed: list[M] = []
    for row in wanted:
        known = old.pop(named(row), None)
        if known is None:
            fresh.append(row)
        elif any(getattr(known, name) != getattr(row, name) for name in values):
            for name in values:
                setattr(known, name, getattr(row, name))
            changed.append(known)
    # A dated row must have ended before its successor can begin.
    if changed:
        stored.bulk_update(changed, values, batch_size=500)
    stored.bulk_create(fresh, batch_size=1000)
    if prune and old:
        stored.filter(pk__in=[row.pk for row in old.values()]).delete()
    return Loaded(table, len(fresh), len(changed), len(old) if prune else 0)


def _terms(row: Row, *names: str) -> str:
    """All search forms, one a line: the names, the reading, and it in JR's romaji and as it is typed (toukyou)."""
    typed = jaconv.kana2alphabet(row["kana"])
    return "\n".join(dict.fromkeys(filter(None, map(search_form, (*names, row["kana"], row.get("romaji", ""), typed)))))


def _place(kind: PlaceKind, row: Row, *, code: str, name: str, names: Sequence[str], weight: int) -> Place:
    return Place(
        kind=kind,
        code=code,
        name=name,
        kana=row["kana"],
        romaji=row.get("romaji", ""),
        prefecture=row["prefecture"],
        municipality_code=row.get("municipality_code", ""),
        city_code=row.get("city_code", row.get("municipality_code", "")),
        latitude=Decimal(row["lat"]),
        longitude=Decimal(row["lon"]),
        terms=_terms(row, name, *names),
        weight=weight,
    )


def _places() -> Iterator[Place]:
    for row in _rows("cities"):
        names = [row["code"], *row["names"].split(";")]
        yield _place(PlaceKind.CITY, row, code=row["code"], name=row["name"], names=names, weight=int(row["weight"]))
    stations: dict[str, tuple[Row, int]] = {}
    for row in _rows("shinkansen_stations"):
        stations.setdefault(row["station"], (row, SHINKANSEN_WEIGHT))
    for row in _rows("rail_cities"):
        stations.setdefault(row["station"], (row, STATION_WEIGHT))
    for name, (row, weight) in stations.items():
        yield _place(PlaceKind.STATION, row, code=name, name=f"{name}駅", names=[name], weight=weight)
    for row in _rows("airports"):
        yield _place(
            PlaceKind.AIRPORT,
            row,
            code=row["iata"],
            name=f"{row['short']}空港",
            names=[row["short"], row["name"], row["iata"], *COLLOQUIAL.get(row["iata"], [])],
            weight=AIRPORT_WEIGHT,
        )
    for row in _rows("hotel_areas"):
        yield _place(PlaceKind.AREA, row, code=row["area_code"], name=row["name"], names=[row["area_code"]], weight=0)


def _accesses() -> Iterator[PlaceAccess]:
    places = {(place.kind, place.code): place for place in Place.objects.all()}
    columns = {"stations": PlaceKind.STATION, "airports": PlaceKind.AIRPORT, "areas": PlaceKind.AREA}
    for row in _rows("cities"):
        city = places[PlaceKind.CITY, row["code"]]
        for column, kind in columns.items():
            for entry in filter(None, row[column].split(";")):
                code, minutes = entry.rsplit(":", 1)
                node = places[kind, code]
                yield PlaceAccess(city_id=city.pk, node_id=node.pk, minutes=int(minutes))


def _load_places() -> Loaded:
    values = ["name", "kana", "romaji", "prefecture", "municipality_code", "city_code", "latitude", "longitude"]
    values += ["terms", "weight"]
    # Places stay: trips of former days point to them.
    done = _sync("places", Place.objects.all(), _places(), key=["kind", "code"], values=values, prune=False)
    access = _sync(
        "places", PlaceAccess.objects.all(), _accesses(), key=["city_id", "node_id"], values=["minutes"], prune=True
    )
    return done + access


def _tenths(km: str) -> int | None:
    return int(Decimal(km) * 10) if km else None


def _load_stations() -> Loaded:
    rows = (
        RailStation(
            line=row["line"],
            position=int(row["seq"]),
            name=row["station"],
            company=row["jr_company"],
            tenths_from_start=_tenths(row["km_from_line_start"]) or 0,
            tenths_from_tokyo=_tenths(row["km_from_tokyo"]),
        )
        for row in _rows("shinkansen_stations")
    )
    values = ["name", "company", "tenths_from_start", "tenths_from_tokyo"]
    return _sync("stations", RailStation.objects.all(), rows, key=["line", "position"], values=values, prune=True)


def _minutes(time: str) -> int | None:
    return int(time[:2]) * 60 + int(time[3:]) if time else None


def _load_trains() -> Loaded:
    trains = (
        Train(
            key=row["train_id"],
            name=row["name"],
            number=int(row["number"]),
            line=row["line"],
            runs_on=row["runs_on"],
            all_reserved=row["all_reserved"] == "yes",
            sellers=row["ticketless_supplier"],
        )
        for row in _rows("trains")
    )
    values = ["name", "number", "line", "runs_on", "all_reserved", "sellers"]
    done = _sync("trains", Train.objects.all(), trains, key=["key"], values=values, prune=True)
    ids = dict(Train.objects.values_list("key", "pk"))
    stops = (
        TrainStop(
            train_id=ids[row["train_id"]],
            position=int(row["seq"]),
            station=row["station"],
            arrives=_minutes(row["arr"]),
            departs=_minutes(row["dep"]),
        )
        for row in _rows("stops")
    )
    values = ["station", "arrives", "departs"]
    return done + _sync(
        "trains", TrainStop.objects.all(), stops, key=["train_id", "position"], values=values, prune=True
    )


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _load_rail_fares() -> Loaded:
    # A row that is open in the file, and that a person ended on the screen, stays ended.
    ended = {(row.rule_id, row.first_day): row.last_day for row in RailFareRule.objects.exclude(valid__upper_inf=True)}

    def last_day(row: Row) -> dt.date | None:
        return _day(row["valid_to"]) or ended.get((row["rule_id"], _day(row["valid_from"])))

    rows = (
        RailFareRule(
            valid=between(_day(row["valid_from"]), last_day(row)),
            source=row["source"],
            confidence=row["confidence"],
            rule_id=row["rule_id"],
            rule_type=row["rule_type"],
            operator=row["operator"],
            line=row["line"],
            train=row["train"],
            from_station=row["from_station"],
            to_station=row["to_station"],
            km_over=int(row["km_over"]) if row["km_over"] else None,
            km_upto=int(row["km_upto"]) if row["km_upto"] else None,
            amount=row["amount"],
            unit=row["unit"],
            note=row["note"],
        )
        for row in _rows("rail_fare_rules")
    )
    values = ["valid", "source", "confidence", "rule_type", "operator", "line", "train", "from_station", "to_station"]
    values += ["km_over", "km_upto", "amount", "unit", "note"]
    # Rows that people added on the screen carry identifiers of their own and stay.
    return _sync(
        "rail_fares", RailFareRule.objects.all(), rows, key=["rule_id", "first_day"], values=values, prune=False
    )


def _season_days() -> Iterator[RailSeasonDay]:
    for row in _rows("rail_season_calendar"):
        day, last = dt.date.fromisoformat(row["start"]), dt.date.fromisoformat(row["end"])
        while day <= last:
            yield RailSeasonDay(
                calendar=row["calendar"], day=day, season=row["season"], delta_yen=int(row["delta_yen"] or 0)
            )
            day += dt.timedelta(days=1)


def _load_rail_seasons() -> Loaded:
    key = ["calendar", "day", "season"]
    return _sync("rail_seasons", RailSeasonDay.objects.all(), _season_days(), key=key, values=["delta_yen"], prune=True)


def _whole(text: str) -> int | None:
    return int(text) if text else None


def _load_stay_taxes() -> Loaded:
    rows = (
        StayTaxRule(
            valid=between(_day(row["valid_from"]), _day(row["valid_to"])),
            source=row["source"],
            confidence=row["confidence"],
            kind=LevyKind.BATHING if row["level"] == BodyLevel.DEFAULT else LevyKind.STAY,
            place=row["place"],
            level=row["level"],
            prefecture=row["prefecture"],
            municipality_code=row["municipality_code"],
            lower_yen=int(row["lower_yen"]),
            upper_yen=_whole(row["upper_yen"]),
            tax_yen=_whole(row["tax_yen"]),
            tax_percent=Decimal(row["tax_percent"]) if row["tax_percent"] else None,
            cap_yen=_whole(row["cap_yen"]),
            combine=row["combine"],
            note=row["note"],
        )
        for row in _rows("stay_tax")
    )
    key = ["municipality_code", "kind", "lower_yen", "first_day"]
    values = ["valid", "source", "confidence", "place", "level", "prefecture", "upper_yen", "tax_yen", "tax_percent"]
    values += ["cap_yen", "combine", "note"]
    # Rows that people added on the screen stay.
    return _sync("stay_taxes", StayTaxRule.objects.all(), rows, key=key, values=values, prune=False)


def _load_airport_charges() -> Loaded:
    rows = (
        AirportCharge(
            valid=between(_day(row["valid_from"]), _day(row["valid_to"])),
            source=row["source"],
            confidence=row["confidence"],
            airport=row["airport"],
            adult_yen=int(row["adult_yen"]),
            date_rule=row["date_rule"],
            from_basis=row["from_basis"],
        )
        for row in _rows("psfc")
    )
    values = ["valid", "source", "confidence", "adult_yen", "date_rule", "from_basis"]
    # Rows that people added on the screen stay.
    return _sync(
        "airport_charges", AirportCharge.objects.all(), rows, key=["airport", "first_day"], values=values, prune=False
    )


LOADERS: Mapping[str, Callable[[], Loaded]] = {
    "places": _load_places,
    "stations": _load_stations,
    "trains": _load_trains,
    "rail_fares": _load_rail_fares,
    "rail_seasons": _load_rail_seasons,
    "stay_taxes": _load_stay_taxes,
    "airport_charges": _load_airport_charges,
    "tax_rules": lambda: Loaded("tax_rules", add_tax_classes()),
    "natures": lambda: Loaded("natures", add_natures()),
    "billing_days": lambda: Loaded("billing_days", add_billing_days()),
    "supplier_hours": lambda: Loaded("supplier_hours", add_supplier_hours()),
    "sale_openings": lambda: Loaded("sale_openings", add_sale_openings()),
}


@verb
def load_reference_table(actor: Actor, table: str) -> Loaded:
    """Bring one table of LOADERS to what its files say, and record that when anything changed.

    Raises KeyError for a table that LOADERS does not name, and for a city with an unknown station, airport or area.
    """
    done = LOADERS[table]()
    if done:
        record_command(actor, command="load_reference_data", arguments=str(done))
    return done
