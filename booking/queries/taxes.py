"""What the dated rules say of 宿泊税 and 旅客施設使用料: proposals and checks, never amounts of their own accord."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from django.db.models import Q

from booking.models import AirportCharge, Place, PlaceKind, StayTaxRule
from booking.models.places import search_form
from booking.models.taxes import BodyLevel, DateRule
from booking.rules.airport_charges import AirportFee, flight_fee
from booking.rules.stay_tax import Band, Levy, bathing_tax, room_only_base, stay_tax


@dataclass(frozen=True, slots=True)
class NightTax:
    """宿泊税 of one night: on which base, by which bands; `levies` is None when it is not known."""

    day: dt.date
    base: int
    levies: tuple[Levy, ...] | None

    @property
    def yen(self) -> int | None:
        return None if self.levies is None else sum(levy.yen for levy in self.levies)


@dataclass(frozen=True, slots=True)
class StayTaxProposal:
    """宿泊税 of a stay as the rules say it, night by night, with the 入湯税 that a mineral bath would cost per night."""

    place: Place | None
    nights: Sequence[NightTax]
    bathing: Levy | None

    @property
    def total(self) -> int | None:
        """The sum of the nights; None as soon as one is not known."""
        amounts = [night.yen for night in self.nights]
        return None if None in amounts else sum(amount for amount in amounts if amount is not None)

    @property
    def bands(self) -> list[Band]:
        """The bands that were used, each once, in order of the nights."""
        return list(dict.fromkeys(levy.band for night in self.nights for levy in night.levies or ()))


def stay_tax_bands(municipality_code: str, prefecture: str, first: dt.date, last: dt.date) -> list[Band]:
    """Bands of a municipality, its prefecture and the standard that hold on any night of the range. One query."""
    bodies = Q(level=BodyLevel.DEFAULT)
    if municipality_code:
        bodies |= Q(municipality_code=municipality_code)
    if prefecture:
        bodies |= Q(level=BodyLevel.PREFECTURE, prefecture=prefecture)
    rows = StayTaxRule.objects.touching(first, last).filter(bodies).order_by("valid", "lower_yen", "pk")
    return [_band(row) for row in rows]


def _band(row: StayTaxRule) -> Band:
    return Band(
        body=row.place,
        kind=row.kind,
        level=row.level,
        prefecture=row.prefecture,
        municipality_code=row.municipality_code,
        lower=row.lower_yen,
        upper=row.upper_yen,
        tax_yen=row.tax_yen,
        tax_percent=row.tax_percent,
        cap=row.cap_yen,
        combine=row.combine,
        first=row.first_day,
        last=row.last_day,
        source=row.source,
        confidence=row.get_confidence_display(),
    )


def propose_stay_tax(place: Place | None, nights: Sequence[tuple[dt.date, int]]) -> StayTaxProposal:
    """宿泊税 of nights at a place, by night and tax-inclusive room price (at least one). One query.

    A station or airport says nothing of the municipality, so that its tax is not known.
    """
    code, prefecture = (place.city_code, place.prefecture) if place else ("", "")
    days = [day for day, _ in nights]
    bands = stay_tax_bands(code, prefecture, min(days), max(days))
    taxed = []
    for day, price in nights:
        base = room_only_base(price)
        levies = stay_tax(bands, municipality_code=code, prefecture=prefecture, night=day, base=base)
        taxed.append(NightTax(day, base, levies))
    return StayTaxProposal(place, taxed, bathing_tax(bands, municipality_code=code, night=min(days)))


def flight_fee_by_names(from_name: str, to_name: str, *, issued_on: dt.date, flown_on: dt.date) -> int | None:
    """旅客施設使用料 of a flight between airports as people name them (羽田, 福岡); None when not known. Two queries."""
    forms = [search_form(from_name), search_form(to_name)]
    if not all(forms):
        return None
    either = reduce(Q.__or__, (Q(terms__contains=form) for form in forms))
    airports = list(Place.objects.filter(either, kind=PlaceKind.AIRPORT))
    codes = [[place.code for place in airports if form in place.terms.split("\n")] for form in forms]
    if any(len(found) != 1 for found in codes):
        return None
    origin, destination = (found[0] for found in codes)
    rows = AirportCharge.objects.filter(airport__in=[origin, destination])
    fees = [
        AirportFee(row.airport, row.adult_yen, row.first_day, row.last_day, row.date_rule == DateRule.ISSUE)
        for row in rows
    ]
    return flight_fee(origin, destination, fees, issued_on=issued_on, flown_on=flown_on)
