"""One-off invoices (一時費用): one operator asks, another agrees, and it stands apart from every month."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.errors import Changed, SamePerson
from accounts.models import Confirmation, ContractTerms, OfficeDetails, Role, User
from accounts.services import grant_proxy, withdraw_confirmation
from audit.models import Event
from billing.errors import DueDatePassed, NotAsked, NothingToBill
from billing.models import Invoice, InvoiceDocument, InvoiceKind, NumberSeries, OneOffRequest
from billing.queries import open_charges, preview, preview_request
from billing.rules.one_off import OneOffLine
from billing.services import ask_one_off, issue_one_off
from booking.models import Charge, ChargeKind
from lib.errors import NotPermitted
from tests import factories
from tests.billing.world import NOVEMBER, World, go_to
from tests.factories import acting

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 16)
DUE = dt.date(2026, 12, 25)
LINES = [
    OneOffLine("初期設定一式", 330_000, "standard"),
    OneOffLine("冊子", 10_800, "reduced"),
    OneOffLine("収入印紙", 400, "outside"),
    OneOffLine("値引き", -30_000, "standard"),
]


@pytest.fixture
def second(world: World) -> User:
    """Another operator."""
    return factories.person(Role.OPERATOR, name="岡本 誠")


def wish(world: World, lines: list[OneOffLine] | None = None, **more: Any) -> OneOffRequest:
    """What the operator asks for."""
    facts = {"office": world.office, "day": DAY, "due_on": DUE, "reference": "PO-2026-17", "reason": "契約書第8条"}
    return ask_one_off(world.desk, lines=lines or LINES, **{**facts, **more})


def issued(world: World, second: User, **more: Any) -> Invoice:
    return issue_one_off(acting(second), wish(world, **more))


def test_the_invoice_is_what_the_preview_showed(world: World, second: User):
    asked = wish(world)
    seen = preview_request(asked)
    invoice = issue_one_off(acting(second), asked)
    assert invoice.face == seen.draft.face
    for shown, line in zip(seen.lines, invoice.lines.all(), strict=True):
        facts = shown.facts()
        facts.pop("charge_id")
        assert {name: getattr(line, name) for name in facts} == facts
    assert (invoice.kind, invoice.period, invoice.office) == (InvoiceKind.ONE_OFF, None, world.office)
    assert (invoice.issued_on, invoice.due_on, invoice.carried) == (dt.date(2026, 12, 2), DUE, 0)
    # 10 %: 330,000 − 30,000 = 300,000 → 27,272; 8 %: 10,800 → 800; outside: 400.
    assert [(row["group"], row["amount"], row["tax"]) for row in invoice.face["taxes"]] == [
        ("standard", 300_000, 27_272), ("reduced", 10_800, 800), ("outside", 400, None),
    ]  # fmt: skip
    assert invoice.total == invoice.payable == 311_200
    assert InvoiceDocument.objects.filter(invoice=invoice).count() == 1


def test_its_charges_belong_to_the_office_on_the_agreed_day(world: World, second: User):
    invoice = issued(world, second)
    charges = [line.charge for line in invoice.lines.select_related("charge")]
    assert [(charge.description, charge.amount, charge.tax_class) for charge in charges] == [
        (line.content, line.amount, line.tax_class) for line in LINES
    ]
    for charge in charges:
        assert (charge.person, charge.office, charge.kind) == (None, world.office, ChargeKind.ONE_OFF)
        assert (charge.used_on, charge.billing_on, charge.rule) == (DAY, DAY, "agreed_date")
        assert (charge.reference, charge.nature) == ("PO-2026-17", "own")


def test_it_never_falls_into_a_month_whose_days_hold_it(world: World, second: User):
    ride = factories.charge(world.person, amount=15640, on=DAY)
    one_off = issued(world, second)
    assert list(open_charges()) == [ride]
    assert preview(world.period()).taxes.total == 15640
    regular = Invoice.objects.get(period=world.close())
    assert regular.total == 15640
    assert list(regular.lines.values_list("charge", flat=True)) == [ride.pk]
    assert one_off.lines.count() == len(LINES)
    go_to(dt.date(2027, 1, 4))
    assert not Invoice.objects.filter(period=world.close(dt.date(2026, 12, 31))).exists()


def test_it_goes_out_after_its_month_is_closed_too_and_leaves_that_alone(world: World, second: User):
    factories.charge(world.person, amount=15640, on=DAY)
    regular = Invoice.objects.get(period=world.close())
    invoice = issued(world, second)
    assert invoice.lines.filter(late_for=None).count() == len(LINES)
    assert Invoice.objects.get(pk=regular.pk).lines.count() == 1


def test_numbers_are_a_series_of_their_own_by_the_fiscal_year_of_issue(world: World, second: User):
    assert issued(world, second).number == "2026-S001"
    assert issued(world, second).number == "2026-S002"
    factories.charge(world.person, on=DAY)
    assert Invoice.objects.get(period=world.close()).number == "2026-0001"
    go_to(dt.date(2027, 4, 1))
    later = issued(world, second, day=dt.date(2027, 3, 31), due_on=dt.date(2027, 5, 31))
    assert (later.number, later.fiscal_year) == ("2027-S001", 2027)
    # The agreed day decides on which part it stands.
    assert set(later.lines.values_list("part", flat=True)) == {2026}


def test_both_steps_are_events(world: World, second: User):
    asked = wish(world)
    invoice = issue_one_off(acting(second), asked)
    about = Event.objects.filter(about__object_id=asked.public_id).order_by("seq")
    assert [(event.code, event.actor_id) for event in about] == [
        ("accounts.confirmation.asked", world.operator.public_id),
        ("accounts.confirmation.given", second.public_id),
        ("billing.one_off.issued", second.public_id),
    ]
    assert Event.objects.filter(about__object_id=invoice.public_id, code="billing.invoice.issued").exists()
    asked.refresh_from_db()
    assert asked.invoice == invoice


def test_nothing_exists_before_the_second_person(world: World):
    wish(world)
    assert (Charge.objects.count(), Invoice.objects.count(), NumberSeries.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("tie", ["oneself", "deputy", "principal"])
def test_the_asker_and_who_is_tied_to_them_by_a_proxy_do_not_issue(world: World, second: User, tie: str):
    asked, decider = wish(world), second
    if tie == "oneself":
        decider = world.operator
    else:
        pair = (world.operator, second) if tie == "deputy" else (second, world.operator)
        grant_proxy(factories.SETUP, principal=pair[0], deputy=pair[1], first=factories.START, reason="休暇")
    with pytest.raises(SamePerson):
        issue_one_off(acting(decider), asked)
    assert (Charge.objects.count(), Invoice.objects.count(), NumberSeries.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("what", ["address", "rounding"])
def test_what_would_be_printed_otherwise_is_not_issued(world: World, second: User, what: str):
    asked = wish(world)
    if what == "address":
        OfficeDetails.objects.filter(office=world.office).update(address="福岡県福岡市博多区1-1")
    else:
        ContractTerms.objects.update(tax_rounding="nearest")
    with pytest.raises(Changed):
        issue_one_off(acting(second), asked)
    assert not Invoice.objects.exists()


def test_it_is_issued_once(world: World, second: User):
    asked = wish(world)
    issue_one_off(acting(second), asked)
    with pytest.raises(NotAsked):
        issue_one_off(acting(second), asked)
    assert Invoice.objects.count() == 1


def test_what_was_withdrawn_is_not_issued(world: World, second: User):
    asked = wish(world)
    withdraw_confirmation(world.desk, Confirmation.objects.get(subject=asked.public_id))
    with pytest.raises(NotAsked):
        issue_one_off(acting(second), asked)


def test_a_due_date_that_has_passed_must_be_agreed_anew(world: World, second: User):
    with pytest.raises(DueDatePassed):
        wish(world, due_on=dt.date(2026, 12, 1))
    asked = wish(world)
    go_to(DUE)
    seen = preview_request(asked)
    assert seen.draft.due_on == DUE
    go_to(DUE + dt.timedelta(days=1))
    with pytest.raises(DueDatePassed):
        issue_one_off(acting(second), asked)


@pytest.mark.parametrize("amounts", [[-1], [100, -100]])
def test_a_sum_of_zero_or_below_is_no_one_off_invoice(world: World, amounts: list[int]):
    with pytest.raises(NothingToBill):
        wish(world, [OneOffLine("値引き", amount, "standard") for amount in amounts])
    assert not OneOffRequest.objects.exists()


def test_only_operators_ask_and_issue(world: World):
    asked = wish(world)
    for role in (Role.AUDITOR, Role.ADMIN, Role.EMPLOYEE, Role.BILLING):
        stranger = acting(factories.person(role, of=world.department))
        with pytest.raises(NotPermitted):
            issue_one_off(stranger, asked)
        with pytest.raises(NotPermitted):
            ask_one_off(
                stranger, office=world.office, lines=LINES, day=DAY, due_on=DUE, reference="", reason="契約書第8条"
            )
    with pytest.raises(NotPermitted):
        issue_one_off(factories.SETUP, asked)


def test_a_request_never_changes(world: World, second: User):
    asked = wish(world)
    rows = OneOffRequest.objects.filter(pk=asked.pk)
    for change in ({"lines": [{"content": "別", "amount": 1, "tax_class": "standard"}]}, {"due_on": NOVEMBER}):
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        rows.delete()
    issue_one_off(acting(second), asked)
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        rows.update(invoice=None)


# -- The pages ---------------------------------------------------------------------------------------------------------
ADDRESS = "/invoices/one-off/"


def body(world: World, **more: str) -> dict[str, str]:
    """What an operator types."""
    typed = {
        "office": str(world.office.public_id), "day_y": "2026", "day_m": "11", "day_d": "16",
        "due_on_y": "", "due_on_m": "", "due_on_d": "", "reference": "PO-2026-17", "reason": "契約書第8条",
        "lines-TOTAL_FORMS": "10", "lines-INITIAL_FORMS": "0", "lines-MIN_NUM_FORMS": "1", "lines-MAX_NUM_FORMS": "10",
        "lines-0-content": "初期設定一式", "lines-0-amount": "330,000", "lines-0-tax_class": "standard",
        "lines-4-content": "値引き", "lines-4-amount": "-30000", "lines-4-tax_class": "standard",
    }  # fmt: skip
    # A browser sends the preset tax class of every line.
    preset = {f"lines-{n}-tax_class": "standard" for n in range(10)}
    return {**preset, **typed, **more}


def test_the_way_from_the_form_to_the_invoice(world: World, desk: Client, second: User, sign_in):
    assert ADDRESS in desk.get(reverse("billing:invoices")).content.decode()
    assert "一時費用の請求書を作る" in desk.get(ADDRESS).content.decode()
    shown = desk.post(ADDRESS, body(world, step="show"))
    text = shown.content.decode()
    assert shown.status_code == 200
    # Due by the contract: the end of the month after, which is a holiday of the trade, so the business day before.
    for words in ("(発行したときに付番)", "初期設定一式", "300,000円の発行を依頼する", "27,272円", "12月28日(月)"):
        assert words in text, words
    assert not OneOffRequest.objects.exists()

    answer = desk.post(ADDRESS, body(world, step="ask"))
    asked = OneOffRequest.objects.get()
    page = reverse("billing:decide_one_off", args=[asked.public_id])
    assert (answer.status_code, answer["Location"]) == (303, page)
    assert [line.amount for line in asked.entries] == [330_000, -30_000]
    own = desk.get(page).content.decode()
    assert "別の人の確認を待っています" in own
    assert "で発行する" not in own
    assert desk.post(page).status_code == 422

    other = sign_in(second)
    assert page in other.get(reverse("config:home")).content.decode()
    assert "300,000円で発行する" in other.get(page).content.decode()
    answer = other.post(page)
    invoice = Invoice.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("billing:invoice", args=[invoice.public_id]))
    assert invoice.number in other.get(page).content.decode()
    text = other.get(answer["Location"]).content.decode()
    assert "取引日" in text
    assert "2026年11月16日(月)" in text
    assert "一時費用" in other.get(reverse("billing:invoices")).content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"office": ""}, "拠点を選んでください"),
        ({"office": "x"}, "選べる中から"),
        ({"day_m": "13"}, "月は1から12"),
        ({"due_on_y": "2026", "due_on_m": "12", "due_on_d": "1"}, "2026年12月2日(水)以後"),
        ({"reason": ""}, "理由を入力してください"),
        ({"lines-0-content": "", "lines-0-amount": ""}, "内容を入力してください"),
        ({"lines-0-amount": "0"}, "0円でない金額"),
        ({"lines-4-amount": ""}, "金額（税込）を入力してください"),
        ({"lines-4-tax_class": "unset"}, "選べる中から"),
        ({"lines-4-amount": "-330000"}, "合計が0円以下です"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(world: World, desk: Client, wrong: dict[str, str], words: str):
    for step in ("show", "ask"):
        typed = body(world, **wrong, step=step)
        answer = desk.post(ADDRESS, typed)
        text = answer.content.decode()
        assert answer.status_code == 422
        assert words in text
        for name in ("reference", "reason", "lines-0-content", "lines-0-amount", "lines-4-amount"):
            assert f'value="{typed[name]}"' in text or not typed[name], name
    assert not OneOffRequest.objects.exists()


def test_back_from_the_preview_everything_typed_is_there(world: World, desk: Client):
    shown = desk.post(ADDRESS, body(world, step="show")).content.decode()
    assert '<input type="hidden" name="lines-4-amount" value="-30000">' in shown
    again = desk.post(ADDRESS, body(world, step="edit"))
    text = again.content.decode()
    assert again.status_code == 200
    assert 'value="330,000"' in text
    assert "<details open>" in text


def test_more_than_ten_lines_are_not_taken(world: World, desk: Client):
    many = {f"lines-{n}-{name}": value for n in range(12) for name, value in
            (("content", f"内容{n}"), ("amount", "100"), ("tax_class", "standard"))}  # fmt: skip
    desk.post(ADDRESS, body(world, **many, **{"lines-TOTAL_FORMS": "12"}, step="ask"))
    assert all(len(asked.entries) <= 10 for asked in OneOffRequest.objects.all())


def test_what_would_be_printed_otherwise_has_no_button(world: World, second: User, sign_in):
    page = reverse("billing:decide_one_off", args=[wish(world).public_id])
    OfficeDetails.objects.filter(office=world.office).update(address="福岡県福岡市博多区1-1")
    other = sign_in(second)
    text = other.get(page).content.decode()
    assert "依頼のあとで請求書の内容が変わりました" in text
    assert "で発行する" not in text
    assert other.post(page).status_code == 422


def test_what_was_withdrawn_says_so(world: World, second: User, sign_in):
    asked = wish(world)
    withdraw_confirmation(world.desk, Confirmation.objects.get(subject=asked.public_id))
    text = sign_in(second).get(reverse("billing:decide_one_off", args=[asked.public_id])).content.decode()
    assert "確認を待っている依頼ではありません" in text
    assert "取下げ" in text or "取り下げ" in text


def test_strangers_reach_neither_the_form_nor_a_request(world: World, sign_in):
    asked = wish(world)
    page = reverse("billing:decide_one_off", args=[asked.public_id])
    for role in (Role.AUDITOR, Role.ADMIN, Role.BILLING, Role.EMPLOYEE):
        browser = sign_in(factories.person(role, of=world.department))
        assert browser.get(ADDRESS).status_code == 403
        assert browser.post(ADDRESS, body(world, step="ask")).status_code == 403
        assert (browser.get(page).status_code, browser.post(page).status_code) == (404, 404)
    assert Event.objects.filter(code="audit.access.refused", about__object_id=asked.public_id).count() == 4
    assert not Invoice.objects.exists()


def test_the_offices_people_find_it_among_their_invoices(world: World, second: User, sign_in):
    invoice = issued(world, second)
    billing = sign_in(factories.person(Role.BILLING, of=world.department))
    assert invoice.number in billing.get(reverse("billing:invoices")).content.decode()
    page = billing.get(reverse("billing:invoice", args=[invoice.public_id])).content.decode()
    assert "初期設定一式" in page
    assert "一時費用の請求書を作る" not in billing.get(reverse("billing:invoices")).content.decode()
