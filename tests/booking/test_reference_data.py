"""Loading reference data: everything of the files once, nothing on a second run."""

import csv
import datetime as dt
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from accounts.services import service_actor
from audit.models import Event
from booking.models import (
    AirportCharge,
    ChargeKind,
    Nature,
    Place,
    PlaceAccess,
    PlaceKind,
    RailFareRule,
    RailSeasonDay,
    RailStation,
    StayTaxRule,
    SupplierNature,
    TaxClass,
    TaxRule,
    Train,
    TrainStop,
)
from booking.services.reference import LOADERS, load_reference_table
from lib.dated import between

pytestmark = pytest.mark.django_db
TABLES = (
    Place, PlaceAccess, RailStation, Train, TrainStop, RailFareRule, RailSeasonDay, StayTaxRule, AirportCharge, TaxRule,
    SupplierNature,
)  # fmt: skip
COMMAND = service_actor("command")


def rows(name: str) -> list[dict[str, str]]:
    with (settings.BASE_DIR / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def snapshot() -> list[list[tuple[object, ...]]]:
    return [list(model.objects.order_by("pk").values_list()) for model in TABLES]


def test_every_row_of_the_files_arrives():
    call_command("load_reference_data", stdout=StringIO())
    stations = {row["station"] for row in rows("shinkansen_stations") + rows("rail_cities")}
    assert Place.objects.filter(kind=PlaceKind.CITY).count() == len(rows("cities"))
    assert Place.objects.filter(kind=PlaceKind.STATION).count() == len(stations)
    assert Place.objects.filter(kind=PlaceKind.AIRPORT).count() == len(rows("airports"))
    assert Place.objects.filter(kind=PlaceKind.AREA).count() == len(rows("hotel_areas"))
    assert RailStation.objects.count() == len(rows("shinkansen_stations"))
    assert Train.objects.count() == len(rows("trains"))
    assert TrainStop.objects.count() == len(rows("stops"))
    assert RailFareRule.objects.count() == len(rows("rail_fare_rules"))
    assert StayTaxRule.objects.count() == len(rows("stay_tax"))
    assert AirportCharge.objects.count() == len(rows("psfc"))
    assert RailSeasonDay.objects.filter(day=dt.date(2026, 12, 10)).get().delta_yen == -200


def test_a_second_run_changes_nothing_and_records_nothing():
    call_command("load_reference_data", stdout=StringIO())
    before, events = snapshot(), Event.objects.count()
    out = StringIO()
    call_command("load_reference_data", stdout=out)
    assert snapshot() == before
    assert Event.objects.count() == events
    assert all("0 added, 0 changed, 0 removed" in line for line in out.getvalue().splitlines())


def test_each_table_that_changes_leaves_one_event():
    runs = Event.objects.filter(code="audit.command.run")
    out, before = StringIO(), runs.count()
    call_command("load_reference_data", stdout=out)
    lines = out.getvalue().splitlines()
    changed = [line for line in lines if not line.endswith(": 0 added, 0 changed, 0 removed")]
    assert len(lines) == len(LOADERS)
    assert changed
    assert runs.count() - before == len(changed)


def test_a_row_that_differs_from_its_file_is_mended_in_place():
    load_reference_table(COMMAND, "places")
    place = Place.objects.get(kind=PlaceKind.CITY, name="横浜")
    Place.objects.filter(pk=place.pk).update(name="よこはま", weight=0)
    done = load_reference_table(COMMAND, "places")
    assert (done.added, done.changed, done.removed) == (0, 1, 0)
    mended = Place.objects.get(pk=place.pk)
    assert (mended.name, mended.public_id) == ("横浜", place.public_id)


def test_a_train_that_left_the_timetable_goes_with_its_stops():
    load_reference_table(COMMAND, "trains")
    gone = Train.objects.create(
        key="nozomi-999", name="のぞみ", number=999, line="東海道", runs_on="all", all_reserved=False, sellers="ex"
    )
    TrainStop.objects.create(train=gone, position=1, station="東京", departs=360)
    assert load_reference_table(COMMAND, "trains").removed == 1
    assert not TrainStop.objects.filter(train__key="nozomi-999").exists()


def test_levies_keep_their_days_source_confidence_and_note():
    niseko = StayTaxRule.objects.get(municipality_code="013951", lower_yen=100_000)
    assert (niseko.kind, niseko.level, niseko.combine, niseko.tax_yen) == ("stay", "town", "add", 2000)
    assert (niseko.first_day, niseko.last_day, niseko.confidence) == (dt.date(2024, 11, 1), None, "low")
    assert niseko.source == "suppliers.md L6 (100-2000円); 区分はK-M"
    sendai = StayTaxRule.objects.get(municipality_code="041009", lower_yen=6000)
    assert sendai.note == "うち県税100円・市税200円"
    bathing = StayTaxRule.objects.get(kind="bathing")
    assert (bathing.level, bathing.tax_yen, bathing.place) == ("default", 150, "入湯税(標準)")
    haneda = AirportCharge.objects.on(dt.date(2024, 5, 1)).get(airport="HND")
    assert (haneda.adult_yen, haneda.date_rule, haneda.from_basis) == (370, "issue", "exact")
    assert (haneda.first_day, haneda.last_day) == (dt.date(2022, 3, 1), dt.date(2025, 3, 31))


def test_a_row_of_the_file_that_follows_an_open_one_ends_it_first():
    # As when Tokyo's successor comes with a new table: before it, the bands of 大阪府 were open.
    StayTaxRule.objects.filter(municipality_code="270008", valid__startswith__gte=dt.date(2025, 9, 1)).delete()
    StayTaxRule.objects.filter(municipality_code="270008").update(valid=between(dt.date(2019, 6, 1)))
    done = load_reference_table(COMMAND, "stay_taxes")
    assert (done.added, done.changed, done.removed) == (4, 4, 0)
    assert StayTaxRule.objects.on(dt.date(2025, 9, 1)).filter(municipality_code="270008").count() == 4


def test_every_hotel_area_knows_the_city_whose_tax_counts():
    areas = dict(Place.objects.filter(kind=PlaceKind.AREA).values_list("code", "city_code"))
    assert areas == {row["area_code"]: row["city_code"] for row in rows("hotel_areas")}
    assert areas["4001"] == "401307"


def test_tax_classes_and_natures_are_there_from_2019_10_01_with_their_source():
    load_reference_table(COMMAND, "tax_rules")
    load_reference_table(COMMAND, "natures")
    first = dt.date(2019, 10, 1)
    assert TaxRule.objects.on(first).get(kind=ChargeKind.FARE).tax_class == TaxClass.STANDARD
    outside = TaxRule.objects.on(first).filter(tax_class=TaxClass.OUTSIDE).values_list("kind", flat=True)
    assert set(outside) == {ChargeKind.STAY_TAX, ChargeKind.BATHING_TAX, ChargeKind.CANCEL_FEE}
    assert not TaxRule.objects.filter(source="").exists()
    natures = dict(SupplierNature.objects.on(first).values_list("supplier", "nature"))
    assert natures == {"jal_online": Nature.OWN, "ex": Nature.OWN, "yado_net": Nature.INTERMEDIARY}
    assert set(SupplierNature.objects.values_list("source", flat=True)) == {"既定値（契約で確認）"}


def test_a_nature_that_people_set_is_left_alone():
    SupplierNature.objects.create(supplier="ex", nature=Nature.ADVANCE, valid=between(dt.date(2026, 4, 1)))
    load_reference_table(COMMAND, "natures")
    assert SupplierNature.objects.get(supplier="ex").nature == Nature.ADVANCE


def test_every_city_of_the_access_table_names_stations_airports_and_areas_that_exist():
    known = {
        "stations": {row["station"] for row in rows("shinkansen_stations") + rows("rail_cities")},
        "airports": {row["iata"] for row in rows("airports")},
        "areas": {row["area_code"] for row in rows("hotel_areas")},
    }
    for city in rows("cities"):
        for column, codes in known.items():
            for entry in filter(None, city[column].split(";")):
                code, minutes = entry.rsplit(":", 1)
                assert code in codes, (city["name"], code)
                assert 0 < int(minutes) <= 240, (city["name"], entry)
