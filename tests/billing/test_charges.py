"""The pages of charges: the list with its filters, and one charge with why it is billed where it is."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Office, Role
from accounts.services import set_membership
from audit.models import Event
from billing.models import Invoice, Period
from billing.queries import ChargeFilter, charges, charges_count_and_sum
from billing.services import open_periods
from booking.models import (
    BillingDayRule,
    Charge,
    ChargeKind,
    ChargeSource,
    FeedRow,
    Nature,
    Settlement,
    SupplierNature,
    TaxClass,
    TaxRule,
)
from lib import jst
from lib.dated import between
from tests import factories
from tests.billing.world import NOVEMBER, World

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 9)


def found(world: World, **wanted) -> set[Charge]:
    return set(charges(world.desk, ChargeFilter(**wanted)))


def text_of(browser: Client, charge: Charge) -> str:
    page = browser.get(reverse("billing:charge", args=[charge.public_id]))
    assert page.status_code == 200
    return page.content.decode()


@pytest.fixture
def several(world: World) -> dict[str, Charge]:
    """A charge in each state."""
    away = factories.person(of=world.department, first=dt.date(2026, 11, 20))
    own = factories.reservation(factories.trip(world.person), settlement=Settlement.SELF)
    made = {
        "billed": factories.charge(world.person, amount=100, on=dt.date(2026, 10, 5)),
        "open": factories.charge(world.person, amount=2000, on=DAY),
        "unset": factories.charge(world.person, amount=30000, on=DAY, nature=Nature.UNSET),
        "homeless": factories.charge(away, amount=7, on=DAY),
        "self": factories.charge(world.person, amount=5, on=DAY, reservation=own),
    }
    world.close(dt.date(2026, 10, 31))
    return made


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("", {"billed", "open", "unset", "homeless", "self"}),
        ("open", {"open", "unset", "homeless"}),
        ("unset", {"unset"}),
        ("homeless", {"homeless"}),
        ("billed", {"billed"}),
        ("self", {"self"}),
    ],
)
def test_a_state_shows_what_stands_there(world: World, several: dict[str, Charge], state: str, names: set[str]):
    assert found(world, state=state) == {several[name] for name in names}


def test_a_tax_class_that_nobody_has_set_is_unset_too(world: World):
    charge = factories.charge(world.person, on=DAY, tax_class=TaxClass.UNSET)
    assert found(world, state="unset") == {charge}


def test_the_filter_by_office_follows_the_invoice_for_what_is_billed_and_the_membership_for_the_rest(world: World):
    billed = factories.charge(world.person, on=dt.date(2026, 10, 5))
    waiting = factories.charge(world.person, on=DAY)
    world.close(dt.date(2026, 10, 31))
    moved_to = factories.department()
    set_membership(factories.SETUP, world.person, department=moved_to, first=dt.date(2026, 10, 1), source="異動")
    assert found(world, office=world.office) == {billed}
    assert found(world, office=moved_to.office) == {waiting}


def test_billing_days_are_inclusive(world: World):
    first, last = factories.charge(world.person, on=DAY), factories.charge(world.person, on=NOVEMBER)
    assert found(world, first=DAY, last=NOVEMBER) == {first, last}
    assert found(world, first=DAY + dt.timedelta(days=1)) == {last}
    assert found(world, last=NOVEMBER - dt.timedelta(days=1)) == {first}


def test_a_charge_is_found_by_what_people_call_it(world: World):
    ride = factories.reservation(factories.trip(world.person), number="K7788")
    booked = factories.charge(world.person, on=DAY, reservation=ride)
    parcel = factories.charge(factories.person(name="別人 花子"), on=DAY, reference="C-0042")
    for text in (world.person.login_id, "宮﨑", "宮﨑 𠮷彦", ride.trip.number, "k7788"):
        assert found(world, text=text) == {booked}, text
    assert found(world, text="c-0042") == {parcel}
    assert found(world, text="宮﨑 C-0042") == set()


def test_count_and_sum_are_those_of_the_filter(world: World, several: dict[str, Charge]):
    assert charges_count_and_sum(charges(world.desk, ChargeFilter(state="open"))) == (3, 32007)
    assert charges_count_and_sum(charges(world.desk, ChargeFilter(text="nobody"))) == (0, 0)


def test_only_who_may_read_all_charges_finds_any(world: World, several: dict[str, Charge]):
    for role in (Role.EMPLOYEE, Role.ADMIN, Role.BILLING):
        actor = factories.acting(factories.person(role, of=world.department))
        assert not charges(actor, ChargeFilter()).exists(), role
    assert charges(factories.acting(factories.person(Role.AUDITOR)), ChargeFilter()).count() == 5


def test_the_list_shows_its_filter_again_with_count_and_sum(world: World, desk: Client, several: dict[str, Charge]):
    page = desk.get(reverse("billing:charges"), {"state": "open", "office": str(world.office.public_id)})
    text = page.content.decode()
    assert "2件 32,000円" in text
    assert '<option value="open" selected>' in text
    assert reverse("billing:charge", args=[several["open"].public_id]) in text
    assert reverse("billing:charge", args=[several["billed"].public_id]) not in text
    wrong = {"first_y": "2026", "first_m": "11", "first_d": "9", "last_y": "2026", "last_m": "11", "last_d": "8"}
    refused = desk.get(reverse("billing:charges"), wrong)
    assert refused.status_code == 422
    assert "終わりの日は、初めの日以後にしてください" in refused.content.decode()
    assert desk.get(reverse("billing:charges"), {"state": "nonsense"}).status_code == 422
    assert "当てはまる費用はありません" in desk.get(reverse("billing:charges"), {"q": "nobody"}).content.decode()


def test_what_stops_a_closing_leads_to_the_charges_that_do(world: World, desk: Client, several: dict[str, Charge]):
    text = desk.get(reverse("billing:periods") + "?month=2026-11").content.decode()
    for state in ("unset", "homeless"):
        address = f"{reverse('billing:charges')}?state={state}"
        assert address in text
        listed = desk.get(address).content.decode()
        assert reverse("billing:charge", args=[several[state].public_id]) in listed
        assert reverse("billing:charge", args=[several["open"].public_id]) not in listed


# -- One charge --------------------------------------------------------------------------------------------------------
def test_a_charge_says_which_row_of_the_contract_put_it_on_its_day(world: World, desk: Client):
    BillingDayRule.objects.create(
        subject="fare", basis="issue_date", reason="発券月に予算を執行するため", valid=between(factories.START),
        source="覚書第3条",
    )  # fmt: skip
    by_issue = factories.charge(world.person, on=DAY, rule="issue_date", issued_on=DAY)
    before = factories.charge(world.person, on=DAY)
    text = text_of(desk, by_issue)
    assert "契約の規則：発券月に予算を執行するため" in text
    assert "出典：覚書第3条" in text
    # Recorded while no row said otherwise: the row of today did not put it there.
    assert "乗車・搭乗した日で請求します" in text_of(desk, before)


def test_a_day_on_which_something_happened_is_explained_by_the_rule_of_its_own_subject(world: World, desk: Client):
    for subject, reason in (("cancellation", "取消の規則"), ("handling", "手数料の規則")):
        BillingDayRule.objects.create(
            subject=subject, basis="happened_on", reason=reason, valid=between(factories.START)
        )
    fee = factories.charge(world.person, on=DAY, rule="happened_on", kind=ChargeKind.CANCEL_FEE)
    handling = factories.charge(world.person, on=DAY, rule="happened_on", kind=ChargeKind.HANDLING)
    assert "取消の規則" in text_of(desk, fee)
    assert "手数料の規則" in text_of(desk, handling)


def test_a_charge_says_who_pays_by_which_membership_and_when_it_was_keyed_in(world: World, desk: Client):
    text = text_of(desk, factories.charge(world.person, on=DAY))
    assert "九州支社" in text
    keyed_in = world.person.memberships.get().recorded_at
    assert f"総務企画部に所属するのは2024年7月1日(月)からです（{jst.short_moment(keyed_in)} に登録）" in text
    away = factories.charge(factories.person(first=dt.date(2026, 11, 20)), on=DAY)
    assert "利用日の所属がありません" in text_of(desk, away)


def test_a_charge_of_no_person_names_its_office_and_why(world: World, desk: Client):
    charge = Charge.objects.create(
        office=world.office, amount=1000, kind=ChargeKind.ONE_OFF, tax_class=TaxClass.STANDARD, nature=Nature.OWN,
        used_on=DAY, occurred_on=DAY, billing_on=DAY, rule="agreed_date", description="初期費用",
        source=ChargeSource.OPERATOR, recorded_at="2026-12-02T00:00Z",
    )  # fmt: skip
    text = text_of(desk, charge)
    assert "一時費用：利用者のいない費用なので、拠点を指定しました" in text
    assert "一時費用の依頼で決めました" in text


def test_tax_and_nature_name_the_dated_rows_that_they_came_from(world: World, desk: Client):
    TaxRule.objects.create(kind="fare", tax_class="standard", valid=between(factories.START), source="消費税法")
    SupplierNature.objects.create(
        supplier="jal_online", nature="advance", valid=between(factories.START), source="契約書別紙2"
    )
    charge = factories.charge(world.person, on=DAY, nature=Nature.ADVANCE)
    text = text_of(desk, charge)
    assert "出典：消費税法" in text
    assert "出典：契約書別紙2" in text
    other = factories.charge(world.person, on=DAY, nature=Nature.OWN, tax_class=TaxClass.UNSET)
    assert "いまの規則の表には、同じ行がありません" in text_of(desk, other)
    assert "記録したときに、利用日の規則がありませんでした" in text_of(desk, other)


def test_a_charge_leads_to_its_invoice_line_trip_feed_and_relatives(world: World, desk: Client):
    from booking.models import Feed

    ride = factories.reservation(factories.trip(world.person))
    feed = Feed.objects.create(
        connection=ride.connection, file_name="riyou.csv", sha256="0", content=b"", state="done",
        uploaded_by=world.operator, uploaded_at="2026-12-01T00:00Z",
    )  # fmt: skip
    row = FeedRow.objects.create(feed=feed, line=3, digest="d", state="matched", reservation=ride)
    first = factories.charge(world.person, amount=900, on=DAY, reservation=ride, feed_row=row, source=ChargeSource.FEED)
    back = factories.charge(
        world.person, amount=-900, on=DAY, kind=ChargeKind.REFUND, origin=first, relation="reversal"
    )
    invoice = Invoice.objects.get(period=world.close())
    text = text_of(desk, first)
    assert f"{invoice.number} の 1行目" in text
    assert "riyou.csv 3行目" in text
    for name, item in (("billing:invoice", invoice), ("booking:trip", ride.trip), ("booking:feed", feed)):
        assert reverse(name, args=[item.public_id]) in text
    assert reverse("billing:charge", args=[back.public_id]) in text
    assert reverse("billing:charge", args=[first.public_id]) in text_of(desk, back)
    assert "元の費用と同じです" in text_of(desk, back)


def test_what_a_traveller_paid_says_that_it_is_not_billed(world: World, desk: Client):
    ride = factories.reservation(factories.trip(world.person), settlement=Settlement.SELF)
    text = text_of(desk, factories.charge(world.person, on=DAY, reservation=ride))
    assert "請求しません" in text
    assert "本人立替" in text


def test_both_halves_of_a_transfer_say_why_their_office_pays(world: World, desk: Client):
    charge = factories.charge(world.person, on=dt.date(2026, 10, 5))
    world.close(dt.date(2026, 10, 31))
    office: Office = factories.office(name="中部支社")
    moved_to = factories.department(office)
    set_membership(factories.SETUP, world.person, department=moved_to, first=dt.date(2026, 10, 1), source="異動")
    open_periods(factories.SETUP, until=dt.date(2026, 12, 2))
    for earlier in Period.objects.filter(office=office, last_day__lte=NOVEMBER).order_by("last_day"):
        if earlier.last_day == NOVEMBER:
            world.close(office=office)
    out, back = charge.followers.order_by("pk")
    assert "付替：先に請求した拠点から取り戻します" in text_of(desk, out)
    assert "付替：所属の変更が締めのあとに登録されたため" in text_of(desk, back)
    assert "訂正・取消に進む" not in text_of(desk, out)


def test_a_stranger_gets_the_same_answer_as_for_nothing_and_leaves_an_event(world: World, sign_in):
    charge = factories.charge(world.person, on=DAY)
    for role in (Role.EMPLOYEE, Role.ADMIN, Role.BILLING):
        browser = sign_in(factories.person(role, of=world.department))
        assert browser.get(reverse("billing:charge", args=[charge.public_id])).status_code == 404
        assert browser.get(reverse("billing:charges")).status_code == 403
    assert Event.objects.filter(code="audit.access.refused", about__object_id=charge.public_id).count() == 3


def test_lines_of_an_invoice_lead_to_their_charges_for_those_who_may_read_them(world: World, sign_in):
    charge = factories.charge(world.person, on=DAY)
    invoice = Invoice.objects.get(period=world.close())
    address = reverse("billing:charge", args=[charge.public_id])
    for role, is_there in ((Role.OPERATOR, True), (Role.AUDITOR, True), (Role.ADMIN, False), (Role.BILLING, False)):
        browser = sign_in(factories.person(role, of=world.department))
        text = browser.get(reverse("billing:invoice", args=[invoice.public_id])).content.decode()
        assert (address in text) is is_there, role
