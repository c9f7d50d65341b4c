"""Places by name, kana, romaji or code, and what serves them."""

import pytest

from accounts.services import service_actor
from booking.errors import BadWish
from booking.models import PlaceKind
from booking.queries.places import airports_of, areas_of, find_places, label, resolve_place, stations_of
from booking.services.reference import load_reference_table

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def places():
    load_reference_table(service_actor("command"), "places")


def codes(found):
    return [(access.place.code, access.minutes) for access in found]


@pytest.mark.parametrize(
    "text",
    [
        *("横浜", "横浜市", "よこはま", "ヨコハマ", "ﾖｺﾊﾏ", "Yokohama", "YOKOHAMA", "ｙｏｋｏｈａｍａ", " 横浜 "),
    ],
)
def test_a_city_is_found_by_name_kana_katakana_and_romaji(text):
    assert find_places(text)[0].name == "横浜"
    assert resolve_place(text).kind == PlaceKind.CITY


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(
            ("HND", "HND"),
            ("hnd", "HND"),
            ("羽田", "HND"),
            ("羽田空港", "HND"),
            ("東京国際空港", "HND"),
            ("関空", "KIX"),
        ),
        *(("博多", "博多"), ("博多駅", "博多"), ("はかた", "博多"), ("新横浜", "新横浜"), ("shin-yokohama", "新横浜")),
        *(("toukyou", "tokyo"), ("Tōkyō", "tokyo"), ("成田空港", "NRT"), ("成田空港駅", "成田空港"), ("4001", "4001")),
    ],
)
def test_stations_airports_and_areas_are_found_by_name_and_code(text, code):
    assert resolve_place(text).code == code


def test_exact_stands_before_prefix_before_substring_and_cities_before_stations():
    found = [(place.kind, place.name) for place in find_places("横浜", limit=20)]
    assert found[0] == (PlaceKind.CITY, "横浜")
    assert found.index((PlaceKind.AREA, "横浜駅周辺")) < found.index((PlaceKind.STATION, "新横浜駅"))
    kinds = [place.kind for place in find_places("福島")]
    assert kinds[:3] == [PlaceKind.CITY, PlaceKind.STATION, PlaceKind.AIRPORT]


def test_the_list_is_limited_and_an_empty_text_finds_nothing():
    assert len(find_places("shin", limit=3)) == 3
    assert find_places("") == find_places("　 ") == find_places("存在しない") == []


def test_signs_of_a_pattern_are_no_pattern():
    assert find_places("%") == find_places("_") == []


def test_finding_and_resolving_take_one_query_each(django_assert_num_queries):
    with django_assert_num_queries(1):
        find_places("おお", limit=8)
    with django_assert_num_queries(1):
        resolve_place("横浜")


@pytest.mark.parametrize("text", ["福島", "小松", "長崎", "大分", "山口"])
def test_a_city_stands_for_its_station_and_airport_of_the_same_name(text):
    assert resolve_place(text).kind == PlaceKind.CITY
    assert resolve_place(f"{text}駅").kind == PlaceKind.STATION


def test_an_unknown_place_is_refused_with_what_to_do():
    with pytest.raises(BadWish) as refused:
        resolve_place("よこほま", field="origin")
    assert refused.value.message == (
        "「よこほま」という場所が見つかりません。駅・空港・市町村の名前を入力してください。"
    )
    assert refused.value.field == "origin"


def test_an_empty_place_is_refused_too():
    with pytest.raises(BadWish):
        resolve_place("")


def test_a_name_of_two_prefectures_is_asked_about_with_the_candidates():
    with pytest.raises(BadWish) as refused:
        resolve_place("宮古")
    assert "宮古（岩手県）" in refused.value.message
    assert "宮古空港（沖縄県）" in refused.value.message
    assert resolve_place("宮古空港").code == "MMY"
    assert resolve_place("宮古市").prefecture == "岩手県"


def test_a_reading_of_two_prefectures_is_asked_about():
    with pytest.raises(BadWish) as refused:
        resolve_place("せんだい")
    assert "仙台（宮城県）" in refused.value.message
    assert "川内駅（鹿児島県）" in refused.value.message


def test_a_part_of_a_name_is_enough_when_only_one_place_has_it():
    assert resolve_place("はこだてほくと").code == "新函館北斗"


def test_a_part_of_many_names_lists_five_of_them():
    with pytest.raises(BadWish) as refused:
        resolve_place("しん")
    assert refused.value.message.count("、") == 4
    assert "など" in refused.value.message


def test_a_label_tells_an_area_from_a_city():
    assert label(resolve_place("小倉駅")) == "小倉駅（福岡県）"
    assert label(resolve_place("4004")) == "小倉（福岡県・宿泊エリア）"


def test_a_city_is_served_nearest_first():
    yokohama, fukuoka, tokyo = map(resolve_place, ("横浜", "福岡", "東京"))
    assert codes(stations_of(yokohama))[0] == ("新横浜", 15)
    assert codes(airports_of(yokohama))[0] == ("HND", 30)
    assert codes(stations_of(fukuoka)) == [("博多", 5)]
    assert codes(airports_of(fukuoka))[0] == ("FUK", 10)
    assert {code for code, _ in codes(areas_of(fukuoka))} >= {"4001", "4002", "4003"}
    assert [code for code, _ in codes(stations_of(tokyo))] == ["東京", "上野", "品川"]
    assert [code for code, _ in codes(airports_of(tokyo))] == ["HND", "NRT"]


def test_a_station_serves_itself_and_has_airports_and_areas_through_its_city():
    hakata = resolve_place("博多駅")
    assert codes(stations_of(hakata)) == [("博多", 0)]
    assert codes(airports_of(hakata))[0] == ("FUK", 10)
    assert "4001" in {code for code, _ in codes(areas_of(hakata))}


def test_an_airport_serves_itself_and_belongs_to_the_city_of_its_prefecture():
    haneda = resolve_place("羽田")
    assert codes(airports_of(haneda)) == [("HND", 0)]
    assert codes(stations_of(haneda))[0] == ("東京", 5)


def test_iwaki_has_no_airport_within_an_hour():
    assert all(access.minutes > 60 for access in airports_of(resolve_place("いわき")))


def test_a_place_that_no_city_names_is_served_by_itself_only():
    station = resolve_place("相生駅")
    assert codes(stations_of(station)) == [("相生", 0)]
    assert areas_of(station) == []
