"""Corrections and reversals of charges: one operator asks, another agrees, and the ledger gets the difference."""

import datetime as dt
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.errors import AlreadyAsked, Changed, SamePerson
from accounts.models import Confirmation, Role, User
from accounts.queries import open_confirmation
from accounts.services import grant_proxy, refuse_confirmation, set_membership, withdraw_confirmation
from audit.models import Event
from billing.errors import NoDifference, NotAsked, NotCorrectable
from billing.models import Invoice, InvoiceLine
from billing.queries import correction_placement, reversal_placement, standing_of
from billing.services import ask_charge_correction, ask_charge_reversal, decide_charge_correction
from booking.models import Charge, ChargeKind, Nature, Relation, Settlement, TaxClass
from booking.services.ledger import reverse_charge
from lib.errors import NotPermitted
from tests import factories
from tests.billing.world import NOVEMBER, World, go_to
from tests.factories import acting
from tests.signin import change_session

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 9)


@pytest.fixture
def second(world: World) -> User:
    """Another operator."""
    return factories.person(Role.OPERATOR, name="岡本 誠")


@pytest.fixture
def charge(world: World) -> Charge:
    ride = factories.reservation(factories.trip(world.person, day=DAY))
    return factories.charge(
        world.person, amount=40160, on=DAY, reservation=ride, segment=factories.segment(ride), nature=Nature.ADVANCE
    )


def corrected(world: World, second: User, charge: Charge, difference: int) -> Charge:
    """Both people, one after the other."""
    ask_charge_correction(world.desk, charge, difference=difference, reason="運賃の誤り")
    [made] = decide_charge_correction(acting(second), charge)
    return made


def reverse_by_feed(charge: Charge) -> None:
    with transaction.atomic():
        reverse_charge(factories.SETUP, charge, source="feed")


def test_a_correction_goes_the_way_of_its_original(world: World, second: User, charge: Charge):
    made = corrected(world, second, charge, -3000)
    same = ("person", "used_on", "billing_on", "tax_class", "nature", "supplier", "reservation", "segment")
    assert {name: getattr(made, name) for name in same} == {name: getattr(charge, name) for name in same}
    assert (made.amount, made.kind, made.relation, made.origin, made.source) == (
        -3000, ChargeKind.CORRECTION, Relation.CORRECTION, charge, "operator",
    )  # fmt: skip
    assert "運賃の誤り" in made.description
    assert standing_of(charge).amount == 37160


def test_nothing_is_in_the_ledger_before_the_second_person(world: World, charge: Charge):
    asked = ask_charge_correction(world.desk, charge, difference=-3000, reason="運賃の誤り")
    assert list(Charge.objects.all()) == [charge]
    assert (asked.payload, asked.subject) == ({"act": "correct", "difference": -3000}, charge.public_id)
    assert ["いまの金額", "40,160円"] in asked.facts
    assert ["訂正後の金額", "37,160円"] in asked.facts


def test_both_steps_are_events_about_the_charge(world: World, second: User, charge: Charge):
    made = corrected(world, second, charge, 100)
    about = Event.objects.filter(about__object_id=charge.public_id).order_by("seq")
    assert [event.code for event in about] == [
        "accounts.confirmation.asked", "accounts.confirmation.given", "booking.charge.corrected",
    ]  # fmt: skip
    assert [event.actor_id for event in about] == [world.operator.public_id, second.public_id, second.public_id]
    assert Event.objects.filter(about__object_id=made.public_id, code="booking.charge.corrected").exists()


def test_a_second_correction_counts_on_from_the_first(world: World, second: User, charge: Charge):
    corrected(world, second, charge, -160)
    asked = ask_charge_correction(world.desk, charge, difference=-10000, reason="もう一度")
    assert ["いまの金額", "40,000円"] in asked.facts
    decide_charge_correction(acting(second), charge)
    assert standing_of(charge).amount == 30000


def test_the_preview_and_the_invoice_take_the_correction_of_an_open_month(world: World, second: User, charge: Charge):
    made = corrected(world, second, charge, -3000)
    assert correction_placement(charge).words == "九州支社の2026年11月利用分の請求書に載ります。"
    invoice = Invoice.objects.get(period=world.close())
    assert invoice.total == 37160
    assert set(invoice.lines.values_list("charge", flat=True)) == {charge.pk, made.pk}


def test_after_closing_it_stands_on_the_next_invoice_marked_with_its_month(world: World, second: User, charge: Charge):
    first = Invoice.objects.get(period=world.close())
    placed = correction_placement(charge)
    assert placed.words == "九州支社の2026年12月利用分の請求書に載ります。【11月利用分】の印が付きます。"
    made = corrected(world, second, charge, -3000)
    go_to(dt.date(2027, 1, 4))
    later = Invoice.objects.get(period=world.close(dt.date(2026, 12, 31)))
    line = InvoiceLine.objects.get(charge=made)
    assert (line.invoice, line.amount, line.late_for) == (later, -3000, NOVEMBER)
    assert first.number in line.content
    assert first.lines.count() == 1


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_reversal_takes_back_the_charge_and_its_corrections(
    world: World, second: User, charge: Charge, is_closed: bool
):
    correction = corrected(world, second, charge, -160)
    if is_closed:
        world.close()
    placed = reversal_placement(charge)
    asked = ask_charge_reversal(world.desk, charge, reason="二重に記録した")
    assert ["取消後の金額", "0円"] in asked.facts
    made = decide_charge_correction(acting(second), charge)
    assert [(row.origin, row.amount, row.relation) for row in made] == [
        (charge, -40160, Relation.REVERSAL),
        (correction, 160, Relation.REVERSAL),
    ]
    assert all((row.tax_class, row.nature) == (charge.tax_class, charge.nature) for row in made)
    expected = (dt.date(2026, 12, 2), "happened_on") if is_closed else (DAY, "as_original")
    assert all((row.billing_on, row.rule) == expected for row in made)
    month = (
        "12月利用分の請求書に載ります。【11月利用分】の印が付きます。"
        if is_closed
        else "11月利用分の請求書に載ります。"
    )
    assert placed.words == f"九州支社の2026年{month}"


def test_of_a_closed_month_a_correction_comes_first_and_a_reversal_when_it_happens(world: World):
    old = factories.charge(world.person, on=dt.date(2026, 10, 5))
    world.close(dt.date(2026, 10, 31))
    # November is over and still open; today is in December.
    assert "2026年11月利用分" in correction_placement(old).words
    placed = reversal_placement(old)
    assert "2026年12月利用分" in placed.words
    assert placed.mark == "10月利用分"


def test_a_reversal_lands_where_its_page_said(world: World, second: User, charge: Charge):
    world.close()
    ask_charge_reversal(world.desk, charge, reason="二重に記録した")
    [made] = decide_charge_correction(acting(second), charge)
    go_to(dt.date(2027, 1, 4))
    world.close(dt.date(2026, 12, 31))
    assert InvoiceLine.objects.get(charge=made).late_for == NOVEMBER


def test_nobody_decides_on_what_they_asked_for(world: World, charge: Charge):
    ask_charge_correction(world.desk, charge, difference=1, reason="誤り")
    with pytest.raises(SamePerson):
        decide_charge_correction(world.desk, charge)
    assert Charge.objects.count() == 1


@pytest.mark.parametrize("is_deputy", [True, False])
def test_a_proxy_of_the_asker_or_theirs_does_not_decide(world: World, second: User, charge: Charge, is_deputy: bool):
    pair = (world.operator, second) if is_deputy else (second, world.operator)
    grant_proxy(factories.SETUP, principal=pair[0], deputy=pair[1], first=factories.START, reason="休暇")
    ask_charge_correction(world.desk, charge, difference=1, reason="誤り")
    with pytest.raises(SamePerson):
        decide_charge_correction(acting(second), charge)


@pytest.mark.parametrize("what", ["reversal", "correction"])
def test_what_came_meanwhile_refuses_the_decision(world: World, second: User, charge: Charge, what: str):
    ask_charge_correction(world.desk, charge, difference=1, reason="誤り")
    if what == "reversal":
        reverse_by_feed(charge)
    else:
        factories.charge(
            world.person, amount=5, on=DAY, kind=ChargeKind.CORRECTION, origin=charge, relation="correction",
            nature=charge.nature,
        )  # fmt: skip
    with pytest.raises(Changed):
        decide_charge_correction(acting(second), charge)
    assert open_confirmation("billing.correct_charge", charge.public_id) is not None
    assert not Charge.objects.filter(amount=1).exists()


def test_a_request_that_was_outrun_lapses_when_somebody_asks_anew(world: World, second: User, charge: Charge):
    old = ask_charge_correction(world.desk, charge, difference=1, reason="誤り")
    factories.charge(
        world.person, amount=5, on=DAY, kind=ChargeKind.CORRECTION, origin=charge, relation="correction",
        nature=charge.nature,
    )  # fmt: skip
    ask_charge_correction(world.desk, charge, difference=2, reason="誤り")
    old.refresh_from_db()
    assert old.state == "lapsed"
    [made] = decide_charge_correction(acting(second), charge)
    assert made.amount == 2


def test_one_request_at_a_time(world: World, charge: Charge):
    ask_charge_correction(world.desk, charge, difference=1, reason="誤り")
    with pytest.raises(AlreadyAsked):
        ask_charge_reversal(world.desk, charge, reason="誤り")


def test_what_was_taken_back_or_refused_is_not_carried_out(world: World, second: User, charge: Charge):
    with pytest.raises(NotAsked):
        decide_charge_correction(acting(second), charge)
    withdraw_confirmation(world.desk, ask_charge_correction(world.desk, charge, difference=1, reason="誤り"))
    refuse_confirmation(
        acting(second), ask_charge_correction(world.desk, charge, difference=1, reason="誤り"), note="根拠がない"
    )
    with pytest.raises(NotAsked):
        decide_charge_correction(acting(second), charge)
    assert Charge.objects.count() == 1


def test_a_decision_happens_once(world: World, second: User, charge: Charge):
    corrected(world, second, charge, 1)
    with pytest.raises(NotAsked):
        decide_charge_correction(acting(second), charge)
    assert Charge.objects.count() == 2


def test_what_cannot_be_corrected_says_why(world: World, second: User, charge: Charge):
    correction = corrected(world, second, charge, 1)
    with pytest.raises(NotCorrectable, match="元の費用をもう一度訂正"):
        ask_charge_correction(world.desk, correction, difference=1, reason="誤り")
    with pytest.raises(NoDifference):
        ask_charge_correction(world.desk, charge, difference=0, reason="誤り")
    reverse_by_feed(charge)
    reversal = charge.followers.get(relation="reversal")
    for refused, words in ((charge, "もう取り消して"), (reversal, "取消の費用")):
        for ask in (ask_charge_reversal, lambda *args, **more: ask_charge_correction(*args, difference=1, **more)):
            with pytest.raises(NotCorrectable, match=words):
                ask(world.desk, refused, reason="誤り")
    for relation in (Relation.TRANSFER_OUT, Relation.TRANSFER_IN):
        sign, office = (-1, world.office) if relation == Relation.TRANSFER_OUT else (1, None)
        half = factories.charge(
            world.person, amount=sign * correction.amount, on=DAY, office=office, origin=correction,
            relation=relation, nature=charge.nature,
        )  # fmt: skip
        with pytest.raises(NotCorrectable, match="付替"):
            ask_charge_correction(world.desk, half, difference=1, reason="誤り")


def test_only_operators_ask_and_decide(world: World, charge: Charge):
    ask_charge_correction(world.desk, charge, difference=1, reason="誤り")
    for role in (Role.AUDITOR, Role.ADMIN, Role.EMPLOYEE, Role.BILLING):
        stranger = acting(factories.person(role, of=world.department))
        with pytest.raises(NotPermitted):
            ask_charge_reversal(stranger, charge, reason="誤り")
        with pytest.raises(NotPermitted):
            decide_charge_correction(stranger, charge)
    # A service is nobody: two people stand behind a correction.
    with pytest.raises(NotPermitted):
        decide_charge_correction(factories.SETUP, charge)


def test_where_it_stands_says_who_waits_and_who_is_never_billed(world: World, charge: Charge):
    own = factories.reservation(factories.trip(world.person), settlement=Settlement.SELF)
    paid = factories.charge(world.person, on=DAY, reservation=own)
    away = factories.charge(factories.person(first=dt.date(2026, 11, 20)), on=DAY)
    coming = factories.charge(world.person, on=dt.date(2027, 5, 6))
    assert "請求書には載りません" in correction_placement(paid).words
    assert "所属が登録されるまで" in correction_placement(away).words
    assert "2027年5月6日(木)を含む期間" in correction_placement(coming).words


def test_a_correction_after_a_late_move_is_paid_where_the_person_belonged(world: World, second: User, charge: Charge):
    world.close()
    moved_to = factories.department(factories.office(name="中部支社"))
    set_membership(factories.SETUP, world.person, department=moved_to, first=dt.date(2026, 11, 1), source="異動")
    assert correction_placement(charge).words.startswith("中部支社の")
    made = corrected(world, second, charge, 1)
    from billing.queries import with_payer

    assert with_payer(Charge.objects.filter(pk=made.pk)).get().payer == moved_to.office.pk


# -- The pages ---------------------------------------------------------------------------------------------------------
RIGHT = {"way": "right", "amount": "37,160", "reason": "運賃の誤り"}
Browsers = Callable[[User], Client]


def address(name: str, charge: Charge) -> str:
    return reverse(f"billing:{name}", args=[charge.public_id])


def test_the_way_from_the_charge_to_the_ledger(world: World, desk: Client, second: User, charge: Charge, sign_in):
    assert address("correct_charge", charge) in desk.get(address("charge", charge)).content.decode()
    shown = desk.post(address("correct_charge", charge), {**RIGHT, "step": "show"})
    text = shown.content.decode()
    assert shown.status_code == 200
    for words in ("40,160円", "37,160円", "−3,000円", "2026年11月利用分の請求書に載ります", "この訂正を依頼する"):
        assert words in text
    assert not Confirmation.objects.exists()

    answer = desk.post(address("correct_charge", charge), {**RIGHT, "step": "ask"})
    assert (answer.status_code, answer["Location"]) == (303, address("charge", charge))
    waiting = desk.get(address("charge", charge)).content.decode()
    assert "別の人の確認を待っています" in waiting
    assert address("decide_correction", charge) not in waiting
    own = desk.get(address("decide_correction", charge)).content.decode()
    assert "内容を確かめて反映する" not in own
    assert desk.post(address("decide_correction", charge)).status_code == 422

    other = sign_in(second)
    assert address("decide_correction", charge) in other.get(Confirmation.objects.get().url).content.decode()
    page = other.get(address("decide_correction", charge)).content.decode()
    for words in ("運賃の誤り", "髙橋 玲", "37,160円", "内容を確かめて反映する"):
        assert words in page
    answer = other.post(address("decide_correction", charge))
    assert (answer.status_code, answer["Location"]) == (303, address("charge", charge))
    assert "いまの金額は <strong>37,160円</strong>" in other.get(address("charge", charge)).content.decode()
    assert "確認を待っている依頼はありません" in other.get(address("decide_correction", charge)).content.decode()


@pytest.mark.parametrize(
    ("typed", "payload"),
    [
        ({"way": "right", "amount": "0"}, {"act": "correct", "difference": -40160}),
        ({"way": "difference", "amount": "-160"}, {"act": "correct", "difference": -160}),
        ({"way": "difference", "amount": "１６０円"}, {"act": "correct", "difference": 160}),
        ({"way": "reverse", "amount": ""}, {"act": "reverse"}),
    ],
)
def test_amount_difference_and_reversal_as_they_are_typed(desk: Client, charge: Charge, typed, payload):
    desk.post(address("correct_charge", charge), {**typed, "reason": "誤り", "step": "ask"})
    assert Confirmation.objects.get().payload == payload


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"way": "right", "amount": "40160"}, "いまの金額と同じです"),
        ({"way": "difference", "amount": "0"}, "いまの金額と同じです"),
        ({"way": "right", "amount": ""}, "金額を入力してください"),
        ({"way": "reverse", "amount": "100"}, "金額を空欄にしてください"),
        ({"way": "right", "amount": "100", "reason": ""}, "理由を入力してください"),
        ({"way": "nonsense", "amount": "100"}, "選べる中から"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(desk: Client, charge: Charge, typed, words: str):
    for step in ("show", "ask"):
        answer = desk.post(address("correct_charge", charge), {"reason": "誤りの理由", **typed, "step": step})
        text = answer.content.decode()
        assert answer.status_code == 422
        assert words in text
        assert f'value="{typed["amount"]}"' in text or not typed["amount"]
        assert typed.get("reason", "誤りの理由") in text
    assert not Confirmation.objects.exists()


def test_back_from_the_question_everything_typed_is_there(desk: Client, charge: Charge):
    shown = desk.post(address("correct_charge", charge), {**RIGHT, "step": "show"}).content.decode()
    for name, value in RIGHT.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in shown
    again = desk.post(address("correct_charge", charge), {**RIGHT, "step": "edit"})
    assert again.status_code == 200
    assert 'value="37,160"' in again.content.decode()
    assert "直したあとを確かめる" in again.content.decode()


@pytest.mark.parametrize("name", ["correct_charge", "decide_correction"])
def test_the_second_factor_is_asked_for_again_and_what_was_typed_waits(
    world: World, desk: Client, second: User, charge: Charge, name: str
):
    ask_charge_correction(acting(second), charge, difference=1, reason="誤り")
    change_session(desk, second_factor_at=0)
    answer = desk.post(
        address(name, charge),
        urlencode({**RIGHT, "step": "ask"}),
        content_type="application/x-www-form-urlencoded",
        headers={"Origin": "http://testserver"},
    )
    assert answer["Location"].startswith(reverse("accounts:step_up"))
    assert Charge.objects.count() == 1
    assert Confirmation.objects.count() == 1
    if name == "correct_charge":
        text = desk.get(address(name, charge)).content.decode()
        assert "入力していた内容を戻しました" in text
        assert 'value="37,160"' in text


def test_what_was_outrun_has_no_button(world: World, desk: Client, second: User, charge: Charge, sign_in):
    ask_charge_correction(world.desk, charge, difference=1, reason="誤り")
    reverse_by_feed(charge)
    other = sign_in(second)
    page = other.get(address("decide_correction", charge)).content.decode()
    assert "依頼のあとで費用が変わりました" in page
    assert "内容を確かめて反映する" not in page
    refused = other.post(address("decide_correction", charge))
    assert refused.status_code == 422
    assert "内容が変わりました" in refused.content.decode()


def test_a_charge_that_cannot_be_corrected_has_no_form(desk: Client, charge: Charge):
    reverse_by_feed(charge)
    page = desk.get(address("correct_charge", charge)).content.decode()
    assert "もう取り消してあります" in page
    assert '<form class="fields"' not in page
    refused = desk.post(address("correct_charge", charge), {**RIGHT, "step": "ask"})
    assert refused.status_code == 422
    assert address("correct_charge", charge) not in desk.get(address("charge", charge)).content.decode()


def test_an_auditor_reads_and_corrects_nothing(world: World, charge: Charge, sign_in):
    auditor = sign_in(factories.person(Role.AUDITOR))
    text = auditor.get(address("charge", charge)).content.decode()
    assert "訂正・取消に進む" not in text
    for name in ("correct_charge", "decide_correction"):
        assert auditor.get(address(name, charge)).status_code == 404
        assert auditor.post(address(name, charge), {**RIGHT, "step": "ask"}).status_code == 404
    assert not Confirmation.objects.exists()
    assert charge.tax_class == TaxClass.STANDARD
