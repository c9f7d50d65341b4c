"""An operator records a hotel or a flight: what the supplier states counts, what it does not is proposed before saving."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from audit.models import Event
from booking.models import Charge, ChargeKind, Connection, Reservation, Way
from booking.services.cancelling import record_own_cancellation
from booking.services.reference import load_reference_table
from booking.services.travelled import settle_stay
from tests import factories
from tests.factories import SETUP, acting
from tests.permissions.stage import day_fields
from tests.signin import sign_in

pytestmark = pytest.mark.django_db
NIGHT = dt.date(2026, 12, 30)


class Desk:
    """An operator at the form, with a released trip to 福岡."""

    def __init__(self, client: Client) -> None:
        factories.contract()
        load_reference_table(SETUP, "tax_rules")
        self.client = sign_in(client, factories.person(Role.OPERATOR))
        self.trip = factories.trip(day=NIGHT, authorised_total=200_000)
        self.links: dict[str, Connection] = {
            "stay": factories.connection("yado_net"),
            "out": factories.connection("jal_online"),
        }

    def send(self, **more: object):
        part = str(more.get("part", "stay"))
        body = {
            "trip": self.trip.number, "part": part, "connection": self.links[part].code, "number": "ABC123",
            "title": "ホテル博多なぎさ通り", "nights": "2", "place": "博多駅周辺", "price": "24000", "settlement": "lump",
            **day_fields("day", NIGHT), **more,
        }  # fmt: skip
        return self.client.post(reverse("booking:record"), {name: value for name, value in body.items() if value != ""})

    def fly(self, **more: object):
        flight = {
            "part": "out", "title": "JAL 313", "nights": "", "place": "", "price": "40160", "from_name": "羽田",
            "departs": "10:40", "to_name": "福岡", "arrives": "12:40",
        }  # fmt: skip
        return self.send(**{**flight, **more})


@pytest.fixture
def desk(client: Client) -> Desk:
    return Desk(client)


def nights() -> list[tuple[int, int, int, bool]]:
    rows = Reservation.objects.get().nights.values_list("room_price", "stay_tax", "bathing_tax", "tax_on_the_spot")
    return list(rows)


def test_an_empty_tax_is_proposed_first_with_rule_day_and_source_and_nothing_is_saved(desk: Desk):
    answer = desk.send()
    page = answer.content.decode()
    # 24,000 for two nights: 12,000 × 100/110 = 10,909, so 200 each by 福岡市.
    assert answer.status_code == 200
    assert "規則による宿泊税 400円" in page
    assert "福岡市 室料20,000円未満 200円（2020年4月1日(水)から、確度 高、出典 suppliers.md L2 K-H）" in page
    assert "2026年12月31日(木) 200円（消費税を除いた室料 10,909円）" in page
    assert 'value="ABC123"' in page
    assert not Reservation.objects.exists()


def test_the_proposal_is_taken_when_it_was_seen(desk: Desk):
    seen = desk.send().context["form"].look
    assert desk.send(seen=seen).status_code == 303
    assert nights() == [(12_000, 200, 0, False), (12_000, 200, 0, False)]
    assert Reservation.objects.get().price == 24_400
    recorded = bytes(Event.objects.get(code="booking.reservation.recorded").canonical).decode()
    assert "福岡市 室料20,000円未満 200円" in recorded


def test_a_proposal_that_has_changed_meanwhile_is_shown_again(desk: Desk):
    seen = desk.send().context["form"].look
    answer = desk.send(seen=seen, price="44000")
    # 22,000 × 100/110 = 20,000 a night: the upper band, 500 each.
    assert "規則による宿泊税 1,000円" in answer.content.decode()
    assert not Reservation.objects.exists()


@pytest.mark.parametrize(("stated", "each"), [("300", [150, 150]), ("0", [0, 0])])
def test_what_the_hotel_states_always_wins_and_is_not_asked_about(desk: Desk, stated: str, each: list[int]):
    assert desk.send(stay_tax=stated).status_code == 303
    assert [row[1] for row in nights()] == each


def test_an_unknown_tax_has_to_be_typed(desk: Desk):
    for place, why in [
        ("", "宿泊地が空いているため"),
        ("博多駅", "市町村が分からないため"),
        ("千葉", "規則の表にありません"),
    ]:
        answer = desk.send(place=place)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "規則による宿泊税 未設定" in page
        assert why in page
        assert "手配先が示した額を入力してください" in page
    assert not Reservation.objects.exists()
    assert desk.send(place="", stay_tax="0").status_code == 303


def test_a_place_that_nobody_knows_is_refused_beside_its_field(desk: Desk):
    answer = desk.send(place="どこでもない町")
    assert answer.status_code == 422
    assert "place" in answer.context["form"].errors


def test_taxes_paid_on_the_spot_are_kept_but_neither_in_the_price_nor_billed(desk: Desk):
    assert desk.send(stay_tax="400", bathing_tax="300", tax_on_the_spot="on").status_code == 303
    assert nights() == [(12_000, 200, 150, True), (12_000, 200, 150, True)]
    stay = Reservation.objects.get()
    assert stay.price == 24_000
    settle_stay(SETUP, stay)
    assert set(stay.charges.values_list("kind", flat=True)) == {ChargeKind.ROOM}


def test_an_unknown_tax_that_is_paid_on_the_spot_need_not_be_typed(desk: Desk):
    assert desk.send(place="", tax_on_the_spot="on").status_code == 303
    assert nights() == [(12_000, 0, 0, True), (12_000, 0, 0, True)]


def test_a_bathing_tax_is_charged_beside_room_and_stay_tax(desk: Desk):
    assert desk.send(stay_tax="400", bathing_tax="300").status_code == 303
    stay = Reservation.objects.get()
    assert stay.price == 24_700
    settle_stay(SETUP, stay)
    assert sorted(stay.charges.values_list("kind", "amount", "tax_class")) == [
        ("bathing_tax", 150, "outside"), ("bathing_tax", 150, "outside"),
        ("room", 12_000, "standard"), ("room", 12_000, "standard"),
        ("stay_tax", 200, "outside"), ("stay_tax", 200, "outside"),
    ]  # fmt: skip


def test_a_stated_psfc_is_a_charge_of_its_own_beside_the_fare(desk: Desk):
    assert desk.fly(psfc="560").status_code == 303
    assert list(Charge.objects.values_list("kind", "amount")) == [("fare", 39_600), ("psfc", 560)]
    psfc = Charge.objects.get(kind=ChargeKind.PSFC)
    assert psfc.description == "旅客施設使用料 JAL 313 羽田→福岡"
    assert (psfc.segment.service, psfc.billing_on, psfc.rule) == ("JAL 313", NIGHT, "ride_date")


def test_without_a_stated_psfc_the_whole_is_fare(desk: Desk):
    assert desk.fly().status_code == 303
    assert list(Charge.objects.values_list("kind", "amount")) == [("fare", 40_160)]


def test_a_psfc_that_differs_from_the_rules_is_shown_once_and_then_wins(desk: Desk):
    answer = desk.fly(psfc="480")
    # 羽田 450 + 福岡 110.
    assert "規則による旅客施設使用料は 560円" in answer.content.decode()
    assert not Reservation.objects.exists()
    assert desk.fly(psfc="480", seen=answer.context["form"].look).status_code == 303
    assert Charge.objects.get(kind=ChargeKind.PSFC).amount == 480


def test_a_levy_that_does_not_fit_what_was_bought_is_refused_beside_its_field(desk: Desk):
    assert "psfc" in desk.fly(psfc="40161").context["form"].errors
    assert "psfc" in desk.send(psfc="560", stay_tax="400").context["form"].errors
    assert {"stay_tax", "bathing_tax"} == set(desk.fly(stay_tax="400", bathing_tax="150").context["form"].errors)
    desk.links["out"] = factories.connection("ex", Way.HANDOFF)
    assert "psfc" in desk.fly(psfc="560").context["form"].errors
    assert not Reservation.objects.exists()


def test_cancelling_gives_the_psfc_back_in_full(desk: Desk):
    desk.fly(psfc="560")
    flight = Reservation.objects.get()
    record_own_cancellation(acting(desk.trip.traveller), flight, fee=2_000, source="operator")
    back = Charge.objects.get(origin__kind=ChargeKind.PSFC)
    assert (back.kind, back.amount, back.tax_class) == (ChargeKind.REFUND, -560, "standard")
    assert sum(flight.charges.values_list("amount", flat=True)) == 2_000
