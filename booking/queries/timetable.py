"""Direct trains of the timetable (見本ダイヤ) and what they cost by the tariff: estimates, never offers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F

from booking.models import Place, RailFareRule, RailSeasonDay, RailStation, TrainStop
from booking.queries.places import stations_of
from booking.rules.rail_fares import LINES, FareRule, RailFare, Tariff, ordinary_reserved_fare
from lib import jst

CALENDAR = "東海道・山陽・九州・西九州"
NOZOMI_CALENDAR = "のぞみ全車指定席"
FARE_OPERATORS = ("JR東海", "JR西日本", "JR九州", "JR東海・JR西日本", "JR西日本・JR九州", "JR各社")
FARE_TYPES = (
    "base_fare",
    "base_addon",
    "base_special",
    "express_reserved",
    "express_reserved_pair",
    "express_through",
    "surcharge",
    "surcharge_pair",
)
FRIDAY, MONDAY = 4, 0


@dataclass(frozen=True, slots=True)
class Ride:
    """A direct train between two stations on a day; times are JST."""

    train: str
    number: int
    origin: str
    destination: str
    departs: dt.datetime
    arrives: dt.datetime
    all_reserved: bool
    irregular: bool

    @property
    def minutes(self) -> int:
        return int((self.arrives - self.departs).total_seconds()) // 60

    @property
    def name(self) -> str:
        """のぞみ25号."""
        return f"{self.train}{self.number}号"


@dataclass(frozen=True, slots=True)
class RailCandidate:
    """A ride with its estimated fare; None where the tariff does not cover it."""

    ride: Ride
    fare: RailFare | None


def connections(origin_station: str, destination_station: str, day: dt.date, *, sellers: str) -> list[Ride]:
    """Direct trains on the day that `sellers` sells ticketless ("" = whoever sells them), by departure. Two queries.

    The timetable is one weekday of March 2026: 平日 trains run on business days. The days of ◆ trains (運転日注意) are
    not in it: they are offered, marked `irregular`, on Fridays to Mondays, holidays and days in season (繁忙期), when
    extra trains mostly run, and left out on all other days.
    """
    return _rides([origin_station], [destination_station], day, sellers)


def _rides(origins: Collection[str], destinations: Collection[str], day: dt.date, sellers: str) -> list[Ride]:
    seasons = {row.calendar: row for row in RailSeasonDay.objects.filter(day=day)}
    busy = CALENDAR in seasons and seasons[CALENDAR].delta_yen > 0
    runs = {
        "all": True,
        "weekday": jst.is_business_day(day),
        "irregular": busy or day.weekday() >= FRIDAY or day.weekday() == MONDAY or jst.is_holiday(day),
    }
    # One filter() call, so that the conditions on `calls_at` and the values speak of the same stop.
    calls = TrainStop.objects.filter(
        station__in=origins,
        departs__isnull=False,
        train__calls_at__station__in=destinations,
        train__calls_at__position__gt=F("position"),
        train__calls_at__arrives__isnull=False,
    ).values_list(
        "train__name",
        "train__number",
        "train__runs_on",
        "train__all_reserved",
        "train__sellers",
        "station",
        "departs",
        "train__calls_at__station",
        "train__calls_at__arrives",
    )
    found = [
        Ride(
            train=name,
            number=number,
            origin=origin,
            destination=destination,
            departs=jst.at(day) + dt.timedelta(minutes=departs or 0),
            arrives=jst.at(day) + dt.timedelta(minutes=arrives or 0),
            all_reserved=all_reserved or (name == "のぞみ" and NOZOMI_CALENDAR in seasons),
            irregular=runs_on == "irregular",
        )
        for name, number, runs_on, all_reserved, sold_by, origin, departs, destination, arrives in calls
        if runs.get(runs_on) and (not sellers or sellers in sold_by.split(";"))
    ]
    return sorted(found, key=lambda ride: (ride.departs, ride.arrives, ride.number))


def rail_tariff(purchase_day: dt.date) -> Tariff:
    """The tariff of 東海道・山陽・九州 for purchases on the day. Three queries: load it once per search."""
    rules = [
        FareRule(
            rule_type=row.rule_type,
            operator=row.operator,
            from_station=row.from_station,
            to_station=row.to_station,
            km_over=row.km_over,
            km_upto=row.km_upto,
            yen=int(row.amount or 0),
            valid_from=row.first_day,
        )
        for row in RailFareRule.objects.on(purchase_day).filter(rule_type__in=FARE_TYPES, operator__in=FARE_OPERATORS)
    ]
    stations: dict[str, dict[str, int]] = {line: {} for line in LINES}
    for line, name, tenths in RailStation.objects.filter(line__in=LINES, tenths_from_tokyo__isnull=False).values_list(
        "line", "name", "tenths_from_tokyo"
    ):
        stations[line][name] = tenths or 0
    seasons = dict(RailSeasonDay.objects.filter(calendar=CALENDAR).values_list("day", "delta_yen"))
    return Tariff(rules, stations=stations, seasons=seasons)


def rail_candidates(
    origin: Place, destination: Place, day: dt.date, purchase_day: dt.date, *, sellers: str
) -> list[RailCandidate]:
    """Direct trains between the two places with their estimates, by departure; empty where no direct train serves them.

    Of the stations that serve the places, the pair with the least minutes on both sides that a direct train joins.
    """
    origins = {access.place.code: access.minutes for access in stations_of(origin)}
    destinations = {access.place.code: access.minutes for access in stations_of(destination)}
    rides = _rides(origins, destinations, day, sellers)
    if not rides:
        return []
    _, start, end = min(
        (origins[ride.origin] + destinations[ride.destination], ride.origin, ride.destination) for ride in rides
    )
    tariff = rail_tariff(purchase_day)
    # All trains of a name cost the same between two stations on a day.
    fares = {
        train: ordinary_reserved_fare(tariff, train=train, origin=start, destination=end, day=day)
        for train in {ride.train for ride in rides}
    }
    return [RailCandidate(ride, fares[ride.train]) for ride in rides if (ride.origin, ride.destination) == (start, end)]
