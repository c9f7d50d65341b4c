"""Ordinary reserved fare (運賃＋指定席特急料金) of one ride on 東海道・山陽・九州新幹線: one adult, yen, tax included.

Pure: rules of the tariff and distances come in, yen go out. The order of the rules is that of `data/README.md` ("Order
of use for one ride"). Whatever the tariff does not say for certain gives None, never a guess.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lib.yen import Yen

LINES = ("東海道", "山陽", "九州")
COMPANIES = {("東海道",): "JR東海", ("山陽",): "JR西日本", ("九州",): "JR九州", ("東海道", "山陽"): "JR東海・JR西日本"}
TRUNK = "JR東海・JR西日本"
KYUSHU = "JR九州"
FASTER = frozenset({"のぞみ", "みずほ"})
TRAINS = FASTER | {"ひかり", "こだま", "さくら", "つばめ"}
# Rows of surcharge_pair name 東京 for these stations too.
AS_TOKYO = frozenset({"品川", "新横浜"})
# Distances from 東京 in 0.1 km of the stations that a fare is counted from in place of the one that is ridden from.
CENTRES = {"品川": 0, "新大阪": 5564}
# From here on westwards a fare of 新大阪 is counted from 大阪 at any distance.
OSAKA_RULE_FROM = "姫路"
# 岩国-櫛ヶ浜 is counted by 岩徳線, whose fare distance is this much longer (0.1 km); the rows are silent on it.
GANTOKU = ("新岩国", "徳山", 44)
# City networks with special lower fares (特定区間) that the tariff's rows do not hold.
SPECIAL_FARES = (frozenset({"東京", "品川"}), frozenset({"京都", "新大阪", "新神戸", "西明石"}))


@dataclass(frozen=True, slots=True)
class FareRule:
    """One row of the tariff: an amount for a pair of stations or for km_over < km <= km_upto."""

    rule_type: str
    operator: str
    from_station: str
    to_station: str
    km_over: int | None
    km_upto: int | None
    yen: int
    valid_from: dt.date


@dataclass(frozen=True, slots=True)
class RailFare:
    """What a ride costs: `season` is added to the reserved charge by the day of travel; all in yen."""

    base: Yen
    express: Yen
    season: Yen
    valid_from: dt.date

    @property
    def total(self) -> Yen:
        return Yen(self.base + self.express + self.season)

    @property
    def basis(self) -> str:
        """The newest table that was used: 2024年4月の運賃表."""
        return f"{self.valid_from.year}年{self.valid_from.month}月の運賃表"


class Tariff:
    """The rules valid on one day of purchase, the stations of the three lines, and the days that are not 通常期."""

    def __init__(
        self, rules: Iterable[FareRule], *, stations: Mapping[str, Mapping[str, int]], seasons: Mapping[dt.date, int]
    ) -> None:
        """`stations`: per line, 0.1 km from 東京; `seasons`: yen per listed day, complete from first to last."""
        self._pairs: dict[tuple[str, str, frozenset[str]], FareRule] = {}
        self._bands: dict[tuple[str, str], list[FareRule]] = {}
        for rule in rules:
            if rule.from_station and rule.to_station:
                ends = frozenset({rule.from_station, rule.to_station})
                self._pairs[rule.rule_type, rule.operator, ends] = rule
            else:
                self._bands.setdefault((rule.rule_type, rule.operator), []).append(rule)
        self._stations = stations
        self.tenths = {name: at for line in LINES for name, at in stations.get(line, {}).items()}
        self._seasons = seasons

    def pair(self, rule_type: str, operator: str, one: str, other: str) -> FareRule | None:
        """The rule for exactly these two stations, in either order."""
        return self._pairs.get((rule_type, operator, frozenset({one, other})))

    def band(self, rule_type: str, operator: str, km: int) -> FareRule | None:
        """The rule whose band holds `km`."""
        for rule in self._bands.get((rule_type, operator), ()):
            if (rule.km_over or 0) < km and (rule.km_upto is None or km <= rule.km_upto):
                return rule
        return None

    def lines_between(self, one: str, other: str) -> tuple[str, ...] | None:
        """The line, or the two neighbouring lines, that a ride uses; None when the tariff does not cover it."""
        for line in LINES:
            here = self._stations.get(line, {})
            if one in here and other in here:
                return (line,)
        for first, second in itertools.pairwise(LINES):
            near, far = self._stations.get(first, {}), self._stations.get(second, {})
            if (one in near and other in far) or (other in near and one in far):
                return (first, second)
        return None

    def season_yen(self, day: dt.date) -> int | None:
        """What the calendar adds to a reserved charge on the day; None for days that no calendar covers."""
        if not self._seasons or not min(self._seasons) <= day <= max(self._seasons):
            return None
        return self._seasons.get(day, 0)


def _whole_km(tenths: int) -> int:
    return -(-tenths // 10)


def _fare_distances(tariff: Tariff, one: str, other: str) -> set[int]:
    """Kilometres that the base fare may be counted by; more than one where a rule exists that the rows do not state."""
    at = {one: tariff.tenths[one], other: tariff.tenths[other]}
    unsure = False
    zone = tariff.band("base_special", "JR各社", 201)
    osaka = tariff.band("base_special", "JR西日本", 1)
    for station, centre in CENTRES.items():
        if station not in at:
            continue
        rest = at[one if station == other else other]
        far = abs(centre - rest)
        in_zone = zone is not None and far > 10 * (zone.km_over or 0)
        from_osaka = osaka is not None and station == "新大阪" and rest >= tariff.tenths[OSAKA_RULE_FROM]
        if in_zone or from_osaka:
            at[station] = centre
        # 東京山手線内 (101-200 km) is another such rule, which the rows leave out.
        elif station == "品川" and far > 1000:
            unsure = True
    low, high = sorted(at.values())
    found = {high - low}
    if unsure:
        found.add(high)
    west, east, longer = GANTOKU
    if low <= tariff.tenths[west] and high >= tariff.tenths[east]:
        found |= {distance + longer for distance in found}
    return {_whole_km(distance) for distance in found}


def _base(tariff: Tariff, lines: tuple[str, ...], one: str, other: str) -> Sequence[FareRule] | None:
    if any({one, other} <= stations for stations in SPECIAL_FARES):
        return None
    if lines == ("九州",):
        rule = tariff.band("base_fare", KYUSHU, _whole_km(abs(tariff.tenths[one] - tariff.tenths[other])))
        return [rule] if rule else None
    rules = {tariff.band("base_fare", TRUNK, km) for km in _fare_distances(tariff, one, other)}
    rule = rules.pop()
    if rule is None or rules:
        return None
    if "九州" not in lines:
        return [rule]
    addon = tariff.pair("base_addon", KYUSHU, "博多", max(one, other, key=tariff.tenths.__getitem__))
    return [rule, addon] if addon else None


def _reserved(tariff: Tariff, lines: tuple[str, ...], one: str, other: str) -> FareRule | None:
    company = COMPANIES[lines]
    return tariff.pair("express_reserved_pair", company, one, other) or tariff.band(
        "express_reserved", company, _whole_km(abs(tariff.tenths[one] - tariff.tenths[other]))
    )


def _surcharge(tariff: Tariff, lines: tuple[str, ...], one: str, other: str) -> FareRule | None:
    company = COMPANIES[lines]
    if len(lines) > 1:
        return tariff.pair(
            "surcharge_pair", company, *("東京" if station in AS_TOKYO else station for station in (one, other))
        )
    return tariff.pair("surcharge_pair", company, one, other) or tariff.band(
        "surcharge", company, _whole_km(abs(tariff.tenths[one] - tariff.tenths[other]))
    )


def _express(tariff: Tariff, lines: tuple[str, ...], train: str, one: str, other: str) -> Sequence[FareRule] | None:
    if lines == ("山陽", "九州"):
        east, west = sorted((one, other), key=tariff.tenths.__getitem__)
        charges = [
            _reserved(tariff, ("山陽",), east, "博多"),
            _reserved(tariff, ("九州",), "博多", west),
            tariff.band("express_through", "JR西日本・JR九州", 1),
        ]
        if train in FASTER:
            charges.append(_surcharge(tariff, ("山陽",), east, "博多"))
    else:
        charges = [_reserved(tariff, lines, one, other)]
        if train in FASTER and lines != ("九州",):
            charges.append(_surcharge(tariff, lines, one, other))
    known = [charge for charge in charges if charge is not None]
    return known if len(known) == len(charges) else None


def ordinary_reserved_fare(
    tariff: Tariff, *, train: str, origin: str, destination: str, day: dt.date
) -> RailFare | None:
    """The published fare of an adult in a reserved ordinary seat of `train` (のぞみ …) on `day`; None: not covered.

    Each company's season counts once: 東海道・山陽 is one table, 山陽・九州 are two companies. Products of EX (EX予約,
    早特) differ from it by tables that are not in the data, so for them it is an estimate.
    """
    lines = tariff.lines_between(origin, destination)
    season = tariff.season_yen(day)
    if lines is None or season is None or train not in TRAINS or origin == destination:
        return None
    base = _base(tariff, lines, origin, destination)
    express = _express(tariff, lines, train, origin, destination)
    if base is None or express is None:
        return None
    return RailFare(
        base=Yen(sum(rule.yen for rule in base)),
        express=Yen(sum(rule.yen for rule in express)),
        season=Yen(season * (2 if lines == ("山陽", "九州") else 1)),
        valid_from=max(rule.valid_from for rule in (*base, *express)),
    )
