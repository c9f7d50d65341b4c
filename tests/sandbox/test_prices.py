"""Rail prices against published ones, and for every ride that the timetable allows."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from typing import Any

import pytest

from sandbox.inventory import Inventory, load
from tests.sandbox.running import ROOT

BOUGHT, NORMAL_DAY = date(2026, 12, 1), date(2026, 12, 4)
# 京都-新大阪 lies in 大阪's 電車特定区間, whose fares are not in the rules; 九州ネットきっぷ is not a product of EX.
NOT_MODELLED = {"FC10", "FC42", "FC43"}


@cache
def inventory() -> Inventory:
    return load(ROOT / "data")


def published() -> list[Any]:
    with (ROOT / "data" / "rail_fares_check.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    stations = set(inventory().rail.stations)
    today = BOUGHT.isoformat()
    return [
        pytest.param(row, id=row["check_id"])
        for row in rows
        if {row["from_station"], row["to_station"]} <= stations
        and row["valid_from"] <= today
        and (not row["valid_to"] or today <= row["valid_to"])
        and row["check_id"] not in NOT_MODELLED
    ]


@pytest.mark.parametrize("row", published())
def test_a_published_price_is_reproduced(row: dict[str, str]):
    fares = inventory().rail.fares
    train = row["train"].partition("(")[0]
    price = fares.ex if row["seat"] == "reserved_ex" else fares.ordinary
    seat = row["seat"].removesuffix("_ex")
    found = price(row["from_station"], row["to_station"], train, seat, BOUGHT, NORMAL_DAY)
    assert found.total_yen == int(row["total"])
    if row["base_fare"]:
        assert (found.base_yen, found.express_yen) == (int(row["base_fare"]), int(row["express"]))


def test_the_published_rows_are_there():
    ids = {one.id for one in published()}
    assert {"FC01", "FC02", "FC03", "FC04", "FC05", "FC11", "FC41", "FC44", "FC45", "FC46", "FC47", "FC48"} <= ids


def test_a_season_moves_reserved_seats_and_leaves_free_ones_alone():
    fares = inventory().rail.fares
    days = {date(2026, 12, 8): -200, NORMAL_DAY: 0, date(2026, 12, 25): 200, date(2026, 12, 30): 400}
    for day, delta in days.items():
        reserved = fares.ordinary("東京", "新大阪", "のぞみ", "reserved", BOUGHT, day)
        free = fares.ordinary("東京", "新大阪", "のぞみ", "nonreserved", BOUGHT, day)
        assert (reserved.total_yen, free.total_yen) == (14_720 + delta, 13_870)


def test_through_hakata_both_companies_adjust_for_the_season():
    fares = inventory().rail.fares
    normal, busy = (
        fares.ordinary("新大阪", "熊本", "みずほ", "reserved", BOUGHT, day).total_yen
        for day in (NORMAL_DAY, date(2026, 12, 25))
    )
    assert busy - normal == 400


def test_every_train_of_a_week_can_be_priced_in_every_class():
    rail = inventory().rail
    pairs = [
        ("東京", "新大阪"),
        ("博多", "新横浜"),
        ("新大阪", "鹿児島中央"),
        ("名古屋", "岡山"),
        ("小倉", "熊本"),
        ("相生", "三原"),
    ]
    for day in (date(2026, 12, number) for number in range(7, 14)):
        for origin, destination in pairs:
            rides = rail.rides(origin, destination, day)
            assert rides
            for ride in rides:
                prices = [
                    rail.fares.ex(origin, destination, ride.name, seat, BOUGHT, day).total_yen for seat in ride.seats
                ]
                assert all(price > 0 for price in prices)


def test_extra_trains_run_from_friday_to_monday():
    rail = inventory().rail
    tuesday, friday = (len(rail.rides("東京", "新大阪", date(2026, 12, day))) for day in (8, 11))
    assert friday > tuesday
