"""宿泊税 of a night by the table of the repository. Expected yen are reasoned from the bodies' ordinances, band by band."""

import datetime as dt
from decimal import Decimal

import pytest

from booking.models import Place, PlaceKind
from booking.queries.taxes import propose_stay_tax, stay_tax_bands
from booking.rules.stay_tax import Band, bathing_tax, room_only_base, stay_tax

pytestmark = pytest.mark.django_db
TOKYO, OSAKA, KYOTO = ("131016", "東京都"), ("271004", "大阪府"), ("261009", "京都府")
SAPPORO, KUTCHAN, CHITOSE = ("011002", "北海道"), ("014001", "北海道"), ("012246", "北海道")
FUKUOKA, KURUME, KITAKYUSHU = ("401307", "福岡県"), ("402036", "福岡県"), ("401005", "福岡県")
SENDAI, ISHINOMAKI = ("041009", "宮城県"), ("042021", "宮城県")
MATSUMOTO, NAGANO, NOZAWA = ("202029", "長野県"), ("202011", "長野県"), ("205630", "長野県")
ISHIGAKI, NAHA = ("472077", "沖縄県"), ("472018", "沖縄県")
YOKOHAMA, CHIBA, RUSUTSU, HAKONE = ("141003", "神奈川県"), ("121002", "千葉県"), ("013960", "北海道"), ("143821", "神奈川県")  # fmt: skip


def tax(place: tuple[str, str], night: str, base: int) -> int | None:
    """Yen of one night at a room price without consumption tax; None when it is not known."""
    code, prefecture = place
    day = dt.date.fromisoformat(night)
    bands = stay_tax_bands(code, prefecture, day, day)
    levies = stay_tax(bands, municipality_code=code, prefecture=prefecture, night=day, base=base)
    return None if levies is None else sum(levy.yen for levy in levies)


@pytest.mark.parametrize(
    ("base", "yen"),
    # Below 10,000 nothing, from 10,000 to 14,999 100, from 15,000 on 200, in every ward alike.
    [(9_999, 0), (10_000, 100), (14_999, 100), (15_000, 200)],
)
def test_tokyo_has_two_bands_above_10_000_yen(base: int, yen: int):
    assert tax(TOKYO, "2026-12-10", base) == yen


@pytest.mark.parametrize(
    ("night", "base", "yen"),
    [
        # To August 2025: free below 7,000, then 100, from 15,000 200, from 20,000 300.
        ("2025-08-31", 6_999, 0), ("2025-08-31", 7_000, 100), ("2025-08-31", 15_000, 200), ("2025-08-31", 20_000, 300),
        # From September 2025: free below 5,000, then 200, from 15,000 400, from 20,000 500.
        ("2025-09-01", 4_999, 0), ("2025-09-01", 5_000, 200), ("2025-09-01", 15_000, 400), ("2025-09-01", 20_000, 500),
    ],
)  # fmt: skip
def test_osaka_takes_more_from_september_2025(night: str, base: int, yen: int):
    assert tax(OSAKA, night, base) == yen


@pytest.mark.parametrize(
    ("night", "base", "yen"),
    [
        # To February 2026: 200, from 20,000 500, from 50,000 1,000.
        ("2026-02-28", 5_999, 200), ("2026-02-28", 6_000, 200), ("2026-02-28", 50_000, 1_000),
        # From March 2026 five bands: 200, from 6,000 400, from 20,000 1,000, from 50,000 4,000, from 100,000 10,000.
        ("2026-03-01", 5_999, 200), ("2026-03-01", 6_000, 400), ("2026-03-01", 20_000, 1_000),
        ("2026-03-01", 50_000, 4_000), ("2026-03-01", 100_000, 10_000),
    ],
)  # fmt: skip
def test_kyoto_takes_more_from_march_2026(night: str, base: int, yen: int):
    assert tax(KYOTO, night, base) == yen


def test_sapporo_adds_its_own_to_that_of_hokkaido_from_april_2026():
    assert tax(SAPPORO, "2026-03-31", 10_000) == 0
    # 北海道 100 (below 20,000) + 札幌市 200 (below 50,000).
    assert tax(SAPPORO, "2026-04-01", 10_000) == 300
    # 北海道 200 (from 20,000) + 札幌市 200.
    assert tax(SAPPORO, "2026-04-01", 20_000) == 400
    # 北海道 500 + 札幌市 500, both from 50,000 on.
    assert tax(SAPPORO, "2026-04-01", 50_000) == 1_000
    # 千歳市 has no row: 北海道 alone.
    assert tax(CHITOSE, "2026-04-01", 10_000) == 100


def test_inside_fukuoka_city_the_prefectures_share_is_in_the_citys_total():
    # 市 150 + 県 50 = 200, from 20,000 on 市 450 + 県 50 = 500; elsewhere in the prefecture its flat 200.
    assert (tax(FUKUOKA, "2026-12-10", 19_999), tax(FUKUOKA, "2026-12-10", 20_000)) == (200, 500)
    assert tax(KITAKYUSHU, "2026-12-10", 30_000) == 200
    assert tax(KURUME, "2026-12-10", 30_000) == 200
    assert tax(KURUME, "2020-03-31", 30_000) == 0


def test_kutchan_takes_a_percentage_cut_below_one_yen():
    # 2 % of 12,345 is 246.9; there was no tax of 北海道 yet.
    assert tax(KUTCHAN, "2026-03-31", 12_345) == 246
    # 3 % of 12,345 is 370.35, and 北海道's 100 comes on top.
    assert tax(KUTCHAN, "2026-04-01", 12_345) == 370 + 100
    assert tax(KUTCHAN, "2019-10-31", 12_345) == 0


def test_sendai_and_its_prefecture_begin_on_13_january_2026():
    assert tax(SENDAI, "2026-01-12", 10_000) == 0
    # Free below 6,000; from there on 県 100 + 市 200 inside 仙台, the prefecture's 300 outside.
    assert (tax(SENDAI, "2026-01-13", 5_999), tax(SENDAI, "2026-01-13", 6_000)) == (0, 300)
    assert tax(ISHINOMAKI, "2026-01-13", 6_000) == 300


def test_nagano_steps_up_in_june_2029_and_its_own_towns_hold_its_share():
    assert (tax(NAGANO, "2029-05-31", 6_000), tax(NAGANO, "2029-06-01", 6_000)) == (200, 300)
    assert (tax(MATSUMOTO, "2029-05-31", 6_000), tax(MATSUMOTO, "2029-06-01", 6_000)) == (200, 300)
    # 3.5 % of 9,999 is 349.96…
    assert tax(NOZAWA, "2026-06-01", 9_999) == 349


def test_okinawa_takes_two_percent_up_to_2_000_yen():
    assert tax(NAHA, "2027-01-31", 20_000) == 0
    # 2 % of 99,999 is 1,999.98; 2 % of 150,000 would be 3,000.
    assert [tax(NAHA, "2027-02-01", base) for base in (20_000, 99_999, 100_000, 150_000)] == [400, 1_999, 2_000, 2_000]
    assert tax(ISHIGAKI, "2027-02-01", 150_000) == 2_000


def test_where_no_body_takes_a_tax_it_is_zero_and_where_nobody_can_say_it_is_not_known():
    assert tax(YOKOHAMA, "2026-12-10", 30_000) == 0
    assert tax(("", ""), "2026-12-10", 30_000) is None
    assert tax(("", "東京都"), "2026-12-10", 30_000) is None
    # Decided on or planned, amount not in the table: 千葉県 and 留寿都村 since the table was made up, 箱根町 from 2028 on.
    assert tax(CHIBA, "2026-01-31", 10_000) == 0
    assert tax(CHIBA, "2026-12-10", 10_000) is None
    assert tax(RUSUTSU, "2026-12-10", 10_000) is None
    assert (tax(HAKONE, "2028-03-31", 10_000), tax(HAKONE, "2028-04-01", 10_000)) == (0, None)


def band(**more: object) -> Band:
    facts = {
        "body": "ある市", "kind": "stay", "level": "city", "prefecture": "ある県", "municipality_code": "999999",
        "lower": 0, "upper": None, "tax_yen": 200, "tax_percent": None, "cap": None, "combine": "alone",
        "first": None, "last": None, "source": "", "confidence": "高",
    }  # fmt: skip
    return Band(**{**facts, **more})


def night_of(*bands: Band, base: int = 10_000) -> list[int] | None:
    levies = stay_tax(
        bands, municipality_code="999999", prefecture="ある県", night=dt.date(2026, 12, 10), base=base
    )  # fmt: skip
    return None if levies is None else [levy.yen for levy in levies]


def test_alone_and_total_leave_the_prefecture_out_and_add_takes_it_in():
    wide = band(body="ある県", level="pref", municipality_code="990000", tax_yen=100)
    assert night_of(band(combine="alone"), wide) == [200]
    assert night_of(band(combine="total"), wide) == [200]
    assert night_of(band(combine="add"), wide) == [200, 100]
    assert night_of(wide) == [100]


def test_a_price_between_the_bands_of_a_body_is_not_known():
    assert night_of(band(upper=9_999), band(lower=20_000, tax_yen=500)) is None
    wide = band(level="pref", municipality_code="990000", upper=9_999)
    assert night_of(band(combine="add"), wide) is None


def test_the_base_is_the_inclusive_price_without_its_ten_percent():
    # 11,000 × 100/110 = 10,000; 10,999 × 100/110 = 9,999.09…
    assert [room_only_base(price) for price in (11_000, 10_999, 0)] == [10_000, 9_999, 0]


def test_bathing_tax_is_the_municipalitys_or_the_standard_of_150_yen():
    day = dt.date(2026, 12, 10)
    standard = stay_tax_bands("", "", day, day)
    levy = bathing_tax(standard, municipality_code="", night=day)
    assert levy is not None
    assert levy.yen == 150
    own = bathing_tax([*standard, band(kind="bathing", tax_yen=300)], municipality_code="999999", night=day)
    assert own is not None
    assert own.yen == 300
    assert bathing_tax([], municipality_code="999999", night=day) is None


def test_a_stay_over_a_change_takes_each_night_by_its_own_rule(django_assert_num_queries):
    kyoto = Place.objects.get(kind=PlaceKind.CITY, name="京都")
    nights = [(dt.date(2026, 2, 28), 11_000), (dt.date(2026, 3, 1), 11_000)]
    with django_assert_num_queries(1):
        proposal = propose_stay_tax(kyoto, nights)
    # 10,000 without consumption tax: 200 on the last night of February, 400 on the first of March.
    assert ([night.yen for night in proposal.nights], proposal.total) == ([200, 400], 600)
    assert [band.words for band in proposal.bands] == [
        "京都市 室料20,000円未満 200円", "京都市 室料6,000〜19,999円 400円"
    ]  # fmt: skip


def test_a_ward_is_taxed_as_its_city_and_a_station_not_at_all():
    night = [(dt.date(2026, 12, 10), 24_000)]
    hakata = Place.objects.get(kind=PlaceKind.AREA, name="博多駅周辺")
    # 24,000 × 100/110 = 21,818: 福岡市's upper band.
    assert propose_stay_tax(hakata, night).total == 500
    assert propose_stay_tax(Place.objects.get(kind=PlaceKind.STATION, name="博多駅"), night).total is None
    assert propose_stay_tax(None, night).total is None


def test_one_unknown_night_makes_the_whole_stay_unknown():
    chiba = Place.objects.filter(kind=PlaceKind.CITY, prefecture="千葉県").exclude(city_code="").first()
    proposal = propose_stay_tax(chiba, [(dt.date(2026, 1, 31), 11_000), (dt.date(2026, 2, 1), 11_000)])
    assert ([night.yen for night in proposal.nights], proposal.total) == ([0, None], None)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "ある市 200円"),
        ({"upper": 19_999}, "ある市 室料20,000円未満 200円"),
        ({"lower": 6_000, "upper": 19_999}, "ある市 室料6,000〜19,999円 200円"),
        ({"lower": 6_000}, "ある市 室料6,000円以上 200円"),
        ({"tax_yen": None, "tax_percent": Decimal("3.50")}, "ある市 室料の3.5%"),
        ({"tax_yen": None, "tax_percent": Decimal("2.00"), "cap": 2_000}, "ある市 室料の2%（上限2,000円）"),
    ],
)
def test_a_rule_reads_as_people_say_it(more: dict[str, object], words: str):
    assert band(**more).words == words
