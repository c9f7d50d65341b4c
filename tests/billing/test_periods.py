"""Periods: every day belongs to exactly one, whatever happens to the closing day."""

import datetime as dt
import itertools

import pytest

from accounts.models import ContractTerms, Role
from audit.models import Event
from billing.models import Invoice, Period
from billing.rules.days import ClosingDay, due_date, marks, month_end, period_name, periods
from billing.services import close_period, open_periods
from lib.dated import between
from tests import factories
from tests.billing.world import go_to, make_world

START, END = dt.date(2024, 7, 1), dt.date(2027, 6, 30)


def made(*rules: tuple[dt.date, int], until: dt.date, first: dt.date = START) -> list[tuple[dt.date, dt.date]]:
    return list(periods(first, until, [ClosingDay(*rule) for rule in rules], END))


def test_month_end_closes_each_month():
    assert made((START, 31), until=dt.date(2024, 9, 15)) == [
        (dt.date(2024, 7, 1), dt.date(2024, 7, 31)),
        (dt.date(2024, 8, 1), dt.date(2024, 8, 31)),
        (dt.date(2024, 9, 1), dt.date(2024, 9, 30)),
    ]


def test_the_20th_closes_from_the_21st_to_the_20th():
    assert made((START, 20), until=dt.date(2024, 8, 21)) == [
        (dt.date(2024, 7, 1), dt.date(2024, 7, 20)),
        (dt.date(2024, 7, 21), dt.date(2024, 8, 20)),
        (dt.date(2024, 8, 21), dt.date(2024, 9, 20)),
    ]


def test_a_day_that_a_month_lacks_is_its_last_one():
    ends = [last for _, last in made((START, 30), until=dt.date(2025, 3, 1), first=dt.date(2025, 1, 1))]
    assert ends == [dt.date(2025, 1, 30), dt.date(2025, 2, 28), dt.date(2025, 3, 30)]


@pytest.mark.parametrize(("before", "after"), [(31, 20), (20, 31), (20, 10), (10, 20), (28, 29), (30, 31)])
@pytest.mark.parametrize("change", [dt.date(2025, 2, 1), dt.date(2025, 2, 15), dt.date(2025, 2, 28)])
def test_a_change_of_the_closing_day_makes_no_gap_and_no_overlap(before: int, after: int, change: dt.date):
    found = made((START, before), (change, after), until=dt.date(2025, 12, 31))
    assert found[0][0] == START
    assert found[-1][0] <= dt.date(2025, 12, 31) <= found[-1][1]
    for (first, last), (following, _) in itertools.pairwise(found):
        assert first <= last
        assert following == last + dt.timedelta(days=1)


def test_the_last_period_is_cut_at_the_contracts_end():
    assert made((START, 20), until=END, first=dt.date(2027, 6, 21)) == [(dt.date(2027, 6, 21), END)]


def test_an_invoice_is_due_at_the_end_of_the_next_month_on_a_business_day():
    assert due_date(dt.date(2026, 12, 31), dt.date(2027, 1, 6), 1) == dt.date(2027, 1, 29)
    assert due_date(dt.date(2026, 11, 30), dt.date(2026, 12, 7), 1) == dt.date(2026, 12, 28)
    late = due_date(dt.date(2026, 6, 30), dt.date(2026, 12, 7), 1)
    assert late == dt.date(2027, 1, 29)


def test_words_of_periods_and_lines():
    assert month_end(dt.date(2026, 12, 3), months=2) == dt.date(2027, 2, 28)
    assert period_name(dt.date(2026, 11, 20)) == "2026年11月利用分"
    assert list(marks(-1, dt.date(2026, 10, 31), "reversal", "refund")) == ["返還", "10月利用分"]
    assert list(marks(1, None, "", "fare")) == []


@pytest.mark.django_db
def test_periods_are_made_once_for_every_office():
    go_to(dt.date(2026, 12, 2))
    world = make_world(until=dt.date(2026, 12, 2))
    count, events = Period.objects.count(), Event.objects.count()
    assert count == 2 * 30

    assert open_periods(factories.SETUP, until=dt.date(2026, 12, 2)) == []
    assert (Period.objects.count(), Event.objects.count()) == (count, events)
    factories.office()
    assert len(open_periods(factories.SETUP, until=dt.date(2027, 1, 1))) == 2 + 31
    assert world.period(dt.date(2027, 1, 31)).first_day == dt.date(2027, 1, 1)


@pytest.mark.django_db
def test_without_a_contract_there_are_no_periods():
    factories.office()
    assert open_periods(factories.SETUP, until=dt.date(2026, 12, 2)) == []


@pytest.mark.django_db
def test_dated_settings_of_the_contract_decide_the_days():
    go_to(dt.date(2026, 12, 2))
    contract = factories.contract(closing_day=31)
    office = factories.office()
    terms = ContractTerms.objects.get()
    terms.valid = between(START, dt.date(2026, 10, 31))
    terms.save()
    ContractTerms.objects.create(contract=contract, closing_day=20, valid=between(dt.date(2026, 11, 1)))
    open_periods(factories.SETUP, until=dt.date(2026, 12, 2))
    last = Period.objects.filter(office=office, last_day__gte=dt.date(2026, 10, 1)).order_by("last_day")
    assert [(period.first_day.isoformat(), period.last_day.isoformat()) for period in last] == [
        ("2026-10-01", "2026-10-31"),
        ("2026-11-01", "2026-11-20"),
        ("2026-11-21", "2026-12-20"),
    ]


@pytest.mark.django_db
def test_closing_on_the_20th_bills_the_days_up_to_it():
    go_to(dt.date(2026, 11, 21))
    world = make_world(until=dt.date(2026, 11, 21), closing_day=20)
    inside = factories.charge(world.person, amount=100, on=dt.date(2026, 11, 20))
    factories.charge(world.person, amount=200, on=dt.date(2026, 11, 21))
    world.close(dt.date(2026, 11, 20))
    invoice = Invoice.objects.get()
    assert [line.charge for line in invoice.lines.all()] == [inside]
    assert invoice.face["period"] == {"first": "2026-10-21", "last": "2026-11-20"}


@pytest.mark.django_db
def test_a_period_of_another_office_is_refused():
    go_to(dt.date(2026, 12, 2))
    world = make_world(until=dt.date(2026, 12, 2))
    desk = factories.acting(factories.person(Role.OPERATOR))
    with pytest.raises(ValueError, match="another office"):
        close_period(desk, office=factories.office(), period=world.period())


@pytest.mark.django_db
def test_periods_go_on_after_the_contracts_end_only_while_something_is_open():
    go_to(dt.date(2027, 9, 2))
    world = make_world(until=dt.date(2027, 6, 30))
    quiet = factories.office()
    factories.charge(world.person, on=dt.date(2027, 6, 9))
    open_periods(factories.SETUP, until=dt.date(2027, 9, 2))

    def last_days(office) -> list[str]:
        found = Period.objects.filter(office=office, last_day__gt=END).order_by("last_day")
        return [day.isoformat() for day in found.values_list("last_day", flat=True)]

    assert last_days(world.office) == ["2027-07-31", "2027-08-31", "2027-09-30"]
    assert last_days(quiet) == []
    assert Period.objects.filter(office=quiet, last_day=END).exists()
