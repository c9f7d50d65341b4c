"""Closing a period: what it takes, what it refuses, what never changes afterwards."""

import datetime as dt

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from accounts.errors import Changed, SamePerson
from accounts.models import ContractTerms, Role
from accounts.services import grant_proxy, set_membership
from audit.models import Event
from billing.errors import EarlierPeriodOpen, NatureUnset, NotPrepared, PeriodNotOver, StillWaiting
from billing.models import Invoice, InvoiceDocument, InvoiceLine, NumberSeries, Period, PeriodState
from billing.queries import draft_lines, period_row, preview
from billing.services import carry_out_closing, close_period, open_periods, prepare_closing, request_closing
from booking.models import (
    Charge,
    ChargeKind,
    Nature,
    ReservationState,
    Settlement,
    SupplierNature,
    TaxClass,
    TaxRule,
    Way,
)
from lib import durable
from lib.dated import between
from lib.errors import MoveNotAllowed, NotPermitted
from tests import factories
from tests.billing.world import NOVEMBER, World, go_to, make_world

pytestmark = pytest.mark.django_db


def on(day: int, month: int = 11) -> dt.date:
    return dt.date(2026, month, day)


def test_closing_takes_every_open_charge_up_to_the_last_day(world: World):
    first = factories.charge(world.person, amount=15640, on=on(9))
    last = factories.charge(world.person, amount=12870, on=on(30))
    later = factories.charge(world.person, amount=999, on=on(1, 12))

    period = world.close()

    invoice = Invoice.objects.get(period=period)
    assert period.state == PeriodState.CLOSED
    assert period.closed_at is not None
    assert [line.charge_id for line in invoice.lines.all()] == [first.pk, last.pk]
    assert invoice.total == 28510
    assert invoice.number == "2026-0001"
    assert invoice.due_on == dt.date(2026, 12, 28)
    assert not InvoiceLine.objects.filter(charge=later).exists()


def test_a_line_keeps_who_travelled_from_where_as_it_was(world: World):
    trip = factories.trip(world.person, day=on(9))
    reservation = factories.reservation(trip)
    ride = factories.segment(reservation)
    factories.charge(world.person, on=on(9), reservation=reservation, segment=ride)

    line = Invoice.objects.get(period=world.close()).lines.get()

    assert (line.person_name, line.department_name) == ("宮﨑 𠮷彦", "総務企画部")
    assert (line.route, line.content) == ("羽田 → 福岡", "運賃・料金 JAL 313")
    assert (line.supplier_name, line.number, line.trip_number) == ("JALオンライン", reservation.number, trip.number)


def test_closing_again_changes_nothing(world: World):
    factories.charge(world.person, amount=15640, on=on(9))
    once = world.close()
    events = Event.objects.count()
    factories.charge(world.person, amount=500, on=on(10))

    again = world.close()

    assert again.closed_at == once.closed_at
    assert Invoice.objects.get().total == 15640
    assert Event.objects.count() == events


def test_closing_is_refused_before_the_last_day_is_over(db):
    go_to(on(30), hour=23)
    world = make_world(until=on(30))
    factories.charge(world.person, on=on(9))

    with pytest.raises(PeriodNotOver):
        world.close()
    with pytest.raises(PeriodNotOver):
        prepare_closing(world.desk, world.period())

    assert world.period().state == PeriodState.OPEN
    assert not Invoice.objects.exists()


def test_only_the_desk_may_close(world: World):
    auditor = factories.acting(factories.person(Role.AUDITOR))
    with pytest.raises(NotPermitted):
        prepare_closing(auditor, world.period())
    world.prepare()
    with pytest.raises(NotPermitted):
        request_closing(auditor, world.period())
    with pytest.raises(NotPermitted):
        close_period(factories.acting(world.person), office=world.office, period=world.period())
    assert world.period().state == PeriodState.OPEN


def test_an_office_without_charges_is_closed_without_an_invoice(world: World):
    period = world.close()
    assert period.state == PeriodState.CLOSED
    assert not Invoice.objects.exists()
    assert not NumberSeries.objects.exists()


def test_a_sum_of_zero_is_invoiced_with_a_number(world: World):
    charge = factories.charge(world.person, amount=15640, on=on(9))
    factories.charge(world.person, amount=-15640, on=on(9), kind=ChargeKind.REFUND, origin=charge, relation="reversal")
    invoice = Invoice.objects.get(period=world.close())
    assert (invoice.total, invoice.number, invoice.lines.count()) == (0, "2026-0001", 2)


def test_a_negative_invoice_has_its_number_and_says_that_nothing_is_to_pay(world: World):
    factories.charge(world.person, amount=15640, on=on(9, 10))
    world.close(on(31, 10))
    charge = Charge.objects.get()
    factories.charge(
        world.person, amount=-15640, on=on(9, 10), kind=ChargeKind.REFUND, origin=charge, relation="reversal"
    )

    invoice = Invoice.objects.get(period=world.close())

    assert (invoice.total, invoice.number) == (-15640, "2026-0002")
    assert invoice.lines.get().content == "払戻（元 2026-0001）"
    assert any("お支払いは不要です" in note for note in invoice.face["notes"])
    assert any("【10月利用分】" in note for note in invoice.face["notes"])


def test_the_office_is_that_of_the_day_of_use(world: World):
    other = factories.office(name="中部支社")
    open_periods(factories.SETUP, until=on(2, 12))
    set_membership(factories.SETUP, world.person, department=factories.department(other), first=on(16), source="異動")
    before = factories.charge(world.person, amount=1000, on=on(15))
    moved = factories.charge(world.person, amount=2000, on=on(16))

    world.close()
    world.close(office=other)

    assert InvoiceLine.objects.get(invoice__office=world.office).charge == before
    assert InvoiceLine.objects.get(invoice__office=other).charge == moved


def test_what_the_traveller_paid_is_never_billed(world: World):
    trip = factories.trip(world.person, day=on(9))
    own = factories.reservation(trip, settlement=Settlement.SELF)
    factories.charge(world.person, on=on(9), reservation=own)
    billed = factories.charge(world.person, amount=700, on=on(9))
    world.close()
    assert InvoiceLine.objects.get().charge == billed


def test_an_unset_nature_stops_only_the_offices_that_have_it(world: World):
    other = factories.office()
    open_periods(factories.SETUP, until=on(2, 12))
    neighbour = factories.person(of=factories.department(other))
    factories.charge(neighbour, on=on(9))
    factories.charge(world.person, on=on(9), nature=Nature.UNSET)

    with pytest.raises(NatureUnset, match="1件"):
        world.close()
    with pytest.raises(NatureUnset):
        prepare_closing(world.desk, world.period())
    world.close(office=other)

    assert Invoice.objects.get().office == other
    assert [obstacle.word for obstacle in period_row(world.period()).obstacles] == ["取扱い・税区分が未設定"]


def test_a_charge_of_somebody_without_a_membership_waits_and_is_listed(world: World):
    newcomer = factories.person(of=world.department, first=on(20))
    waiting = factories.charge(newcomer, amount=300, on=on(9))
    factories.charge(world.person, amount=700, on=on(9))

    [obstacle] = period_row(world.period()).obstacles
    world.close()

    assert (obstacle.word, obstacle.count, obstacle.amount, obstacle.stops) == ("所属が未設定", 1, 300, False)
    assert not InvoiceLine.objects.filter(charge=waiting).exists()


def test_bookings_whose_money_is_not_known_are_listed_and_do_not_stop(world: World):
    unknown = factories.reservation(factories.trip(world.person, day=on(9)), state=ReservationState.UNKNOWN)
    factories.segment(unknown)
    unpriced = factories.reservation(factories.trip(world.person, day=on(10)))
    factories.segment(unpriced)
    later = factories.reservation(factories.trip(world.person, day=on(1, 12)))
    factories.segment(later)
    priced = factories.reservation(factories.trip(world.person, day=on(11)))
    ride = factories.segment(priced)
    factories.charge(world.person, on=on(11), reservation=priced, segment=ride)

    row = period_row(world.period())

    assert [(o.word, o.count, o.stops) for o in row.obstacles] == [
        ("手配先に確認中の予約", 1, False),
        ("金額が未確定の予約", 1, False),
    ]
    assert row.is_closable


def test_older_charges_are_closed_first(world: World):
    factories.charge(world.person, amount=100, on=on(9, 10))
    factories.charge(world.person, amount=200, on=on(9))
    with pytest.raises(EarlierPeriodOpen):
        world.close()
    assert [o.word for o in period_row(world.period()).obstacles] == ["前の期間が未締め"]
    world.close(on(31, 10))
    world.close()
    assert [invoice.total for invoice in Invoice.objects.order_by("number")] == [100, 200]


def test_what_arrives_late_stands_on_the_next_invoice_and_says_so(world: World):
    factories.charge(world.person, amount=100, on=on(9, 10))
    world.close(on(31, 10))
    late = factories.charge(world.person, amount=200, on=on(10, 10))
    line = Invoice.objects.get(period=world.close()).lines.get()
    assert line.charge == late
    assert line.billing_on == on(10, 10)


def test_preview_equals_the_invoice(world: World):
    for day, amount in ((1, 15640), (9, 12870), (30, -331)):
        factories.charge(world.person, amount=amount, on=on(day))
    factories.charge(world.person, amount=200, on=on(9), tax_class=TaxClass.OUTSIDE, kind=ChargeKind.STAY_TAX)
    draft = preview(world.period())

    drafted = list(draft_lines(world.period()))

    invoice = Invoice.objects.get(period=world.close())

    assert invoice.face == draft.face
    assert invoice.total == draft.taxes.total
    shown = [(line.charge_id, line.amount, line.content, line.route) for line in drafted]
    assert list(invoice.lines.values_list("charge", "amount", "content", "route")) == shown


def test_numbers_have_no_gap_after_a_closing_that_failed(world: World):
    other = factories.office()
    open_periods(factories.SETUP, until=on(2, 12))
    factories.charge(world.person, on=on(9))
    factories.charge(factories.person(of=factories.department(other)), on=on(9))

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert world.close().pk / 0
    assert not Invoice.objects.exists()
    world.close(office=other)
    world.close()

    assert sorted(Invoice.objects.values_list("number", flat=True)) == ["2026-0001", "2026-0002"]


def test_the_number_belongs_to_the_fiscal_year_of_the_last_day(db):
    go_to(on(2, 12))
    world = make_world(until=on(2, 12))
    factories.charge(world.person, amount=1, on=dt.date(2026, 3, 31))
    factories.charge(world.person, amount=2, on=dt.date(2026, 4, 1))
    world.close(dt.date(2026, 3, 31))
    world.close(dt.date(2026, 4, 30))
    assert list(Invoice.objects.order_by("pk").values_list("number", flat=True)) == ["2025-0001", "2026-0001"]


def test_a_request_is_carried_out_by_the_worker_once(world: World):
    factories.charge(world.person, on=on(9))
    world.prepare()
    request_closing(world.desk, world.period())
    request_closing(world.desk, world.period())
    period = world.period()
    assert period.state == PeriodState.CLOSING
    assert period.requested_by == world.operator.public_id
    assert durable.overdue(Period.objects.filter(state=PeriodState.CLOSING)) == [period.pk]
    world.close()
    assert durable.overdue(Period.objects.all()) == []
    assert durable.overdue(InvoiceDocument.objects.all()) == [Invoice.objects.get().documents.get().pk]
    with pytest.raises(MoveNotAllowed):
        request_closing(world.desk, world.period())


@pytest.mark.django_db(transaction=True)
def test_a_closing_that_something_stops_goes_back_to_open(world: World):
    world.agree()
    factories.charge(world.person, on=on(9), nature=Nature.UNSET)

    carry_out_closing(factories.SETUP, world.period().pk)

    assert world.period().state == PeriodState.OPEN
    assert Event.objects.filter(code="billing.period.reopened").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_worker_closes_what_was_asked_for(world: World):
    factories.charge(world.person, on=on(9))
    world.agree()
    for _ in range(2):
        carry_out_closing(factories.SETUP, world.period().pk)
    assert world.period().state == PeriodState.CLOSED
    assert Invoice.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_period SET state = 'open', closed_at = NULL",
        "UPDATE billing_period SET last_day = last_day",
        "DELETE FROM billing_period",
    ],
)
def test_a_closed_period_is_sealed_against_sql(world: World, statement: str):
    world.close()
    closed = " WHERE state = 'closed'"
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement + closed)


@pytest.mark.parametrize("table", ["billing_invoice", "billing_invoiceline", "booking_charge"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_money_facts_are_append_only_for_the_portal(world: World, table: str, statement: str):
    factories.charge(world.person, on=on(9))
    world.close()
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as c:
        c.execute(statement.format(table))


def test_the_events_tell_of_the_closing(world: World):
    factories.charge(world.person, amount=15640, on=on(9))
    period = world.close()
    codes = Event.objects.filter(about__object_id=period.public_id).order_by("seq").values_list("code", flat=True)
    assert list(codes)[-3:] == ["billing.period.closing", "billing.invoice.issued", "billing.period.closed"]
    assert period.last_day == NOVEMBER


def test_two_people_close_a_month(world: World):
    factories.charge(world.person, amount=15640, on=on(9))
    with pytest.raises(NotPrepared):
        request_closing(world.desk, world.period())
    prepare_closing(world.desk, world.period())
    with pytest.raises(SamePerson):
        request_closing(world.desk, world.period())
    assert world.period().state == PeriodState.OPEN

    colleague = factories.acting(factories.person(Role.OPERATOR))
    request_closing(colleague, world.period())

    assert world.period().state == PeriodState.CLOSING


def test_a_proxy_of_the_preparer_cannot_close(world: World):
    factories.charge(world.person, on=on(9))
    prepare_closing(world.desk, world.period())
    deputy = factories.person(Role.OPERATOR)
    grant_proxy(factories.SETUP, principal=world.operator, deputy=deputy, first=on(1), reason="試験")
    with pytest.raises(SamePerson):
        request_closing(factories.acting(deputy), world.period())


def test_charges_after_the_preparation_ask_for_it_again(world: World):
    factories.charge(world.person, on=on(9))
    world.prepare()
    factories.charge(world.person, amount=1, on=on(10))
    with pytest.raises(Changed):
        request_closing(world.desk, world.period())
    assert world.period().state == PeriodState.OPEN
    world.prepare()
    request_closing(world.desk, world.period())
    assert world.period().state == PeriodState.CLOSING


@pytest.mark.django_db(transaction=True)
def test_charges_between_agreement_and_closing_put_the_period_back_with_the_reason(world: World):
    factories.charge(world.person, on=on(9))
    world.agree()
    factories.charge(world.person, amount=1, on=on(10))

    carry_out_closing(factories.SETUP, world.period().pk)

    assert world.period().state == PeriodState.OPEN
    assert "費用が変わりました" in world.period().problem
    assert not Invoice.objects.exists()


@pytest.mark.parametrize("setting", ["waits_for_membership", "waits_for_unknown", "waits_for_feeds"])
def test_what_the_contract_does_not_let_wait_stops_the_closing(world: World, setting: str):
    factories.charge(factories.person(of=world.department, first=on(20)), on=on(9))
    factories.reservation(factories.trip(world.person, day=on(9)), state=ReservationState.TICKETED)
    ride = factories.reservation(factories.trip(world.person, day=on(10)), factories.connection("ex", Way.HANDOFF))
    factories.segment(ride)
    world.prepare()
    ContractTerms.objects.update(**{setting: True})
    with pytest.raises(StillWaiting):
        request_closing(world.desk, world.period())


def test_a_negative_invoice_is_carried_over_to_the_next_one(world: World):
    factories.charge(world.person, amount=-3000, on=on(9, 9))
    factories.charge(world.person, amount=10000, on=on(9))
    september = Invoice.objects.get(period=world.close(on(30, 9)))
    world.close(on(31, 10))
    november = Invoice.objects.get(period=world.close())

    assert (september.total, september.carried, september.payable) == (-3000, 0, -3000)
    assert (november.total, november.carried, november.payable) == (10000, -3000, 7000)
    assert november.face["tax"] == 909
    assert any("前回繰越" in note for note in november.face["notes"])


def test_a_move_keyed_in_after_closing_takes_the_line_back_and_charges_it_anew(world: World):
    other = factories.department(factories.office())
    open_periods(factories.SETUP, until=on(2, 12))
    factories.charge(world.person, amount=700, on=on(9, 10))
    world.close(on(31, 10))
    world.close(on(31, 10), office=other.office)
    set_membership(factories.SETUP, world.person, department=other, first=on(1, 10), source="異動")
    shown = preview(world.period())

    back = Invoice.objects.get(period=world.close())
    anew = Invoice.objects.get(period=world.close(office=other.office))

    assert [(line.amount, line.relation, line.content) for line in back.lines.all()] == [
        (-700, "transfer_out", "付替 運賃・料金（元 2026-0001）")
    ]
    assert back.face == shown.face
    assert [(line.amount, line.late_for, line.department_code) for line in anew.lines.all()] == [
        (700, on(31, 10), other.code)
    ]
    assert anew.face["notes"][2].startswith("【10月利用分】")


def test_a_move_to_and_fro_before_the_next_closing_leaves_nothing(world: World):
    other = factories.department(factories.office())
    factories.charge(world.person, amount=700, on=on(9, 10))
    world.close(on(31, 10))
    set_membership(factories.SETUP, world.person, department=other, first=on(9, 10), source="異動")
    set_membership(factories.SETUP, world.person, department=world.department, first=on(9, 10), source="異動")

    world.close()

    assert Charge.objects.count() == 1


def test_what_was_unset_is_billed_by_the_row_that_was_entered_since(world: World):
    reservation = factories.reservation(factories.trip(world.person, day=on(9)), factories.connection("ex"))
    charge = factories.charge(
        world.person, on=on(9), supplier="ex", reservation=reservation, nature=Nature.UNSET, tax_class=TaxClass.UNSET
    )
    with pytest.raises(NatureUnset):
        prepare_closing(world.desk, world.period())

    SupplierNature.objects.create(supplier="ex", nature=Nature.ADVANCE, valid=between(on(1)))
    TaxRule.objects.create(kind=ChargeKind.FARE, tax_class=TaxClass.STANDARD, valid=between(on(1)))

    line = Invoice.objects.get(period=world.close()).lines.get()
    assert (line.charge, line.nature, line.tax_class) == (charge, Nature.ADVANCE, TaxClass.STANDARD)
