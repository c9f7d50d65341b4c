"""Closings at the same moment, and workers that die: always one invoice, numbers without gaps."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Office
from billing.errors import EarlierPeriodOpen
from billing.models import Invoice, InvoiceLine, Period, PeriodState
from billing.services import carry_out_closing, close_period, open_periods
from booking.models import Charge
from lib import clock
from tests import factories
from tests.billing.world import World
from tests.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def on(day: int, month: int = 11) -> dt.date:
    return dt.date(2026, month, day)


def test_the_same_closing_by_many_makes_one_invoice(world: World):
    for day in range(1, 21):
        factories.charge(world.person, amount=100 + day, on=on(day))
    desk, office, period = world.desk, world.office, world.period()
    world.agree()

    results = at_once(*[lambda: close_period(desk, office=office, period=period)] * 6)

    assert {result.state for result in results} == {PeriodState.CLOSED}
    assert Invoice.objects.get().number == "2026-0001"
    assert InvoiceLine.objects.count() == 20


def test_offices_at_once_get_numbers_without_a_gap(world: World):
    people = [factories.person(of=factories.department(factories.office())) for _ in range(5)]
    open_periods(factories.SETUP, until=on(2, 12))
    for person in people:
        factories.charge(person, on=on(9))
    offices = [person.memberships.get().department.office for person in people]
    desk = world.desk

    def closing(office: Office):
        period = Period.objects.get(office=office, last_day=on(30))
        factories.agree(period)
        return lambda: close_period(desk, office=office, period=period)

    at_once(*map(closing, offices))

    assert sorted(Invoice.objects.values_list("number", flat=True)) == [f"2026-{n:04d}" for n in range(1, 6)]


def test_two_months_of_an_office_at_once_bill_each_charge_once(world: World):
    factories.charge(world.person, amount=100, on=on(9, 10))
    factories.charge(world.person, amount=200, on=on(9))
    desk, office = world.desk, world.office
    months = [world.period(on(31, 10)), world.period()]

    factories.agree(months[0])

    def closing(period: Period):
        def close() -> Period:
            if period == months[1]:
                factories.agree(period)
            return close_period(desk, office=office, period=period)

        return close

    october, november = at_once(*map(closing, months))

    assert october.state == PeriodState.CLOSED
    assert isinstance(november, EarlierPeriodOpen) or november.state == PeriodState.CLOSED
    world.close()
    assert [invoice.total for invoice in Invoice.objects.order_by("number")] == [100, 200]


def close_period_and_lose_the_connection(world: World, period: Period) -> None:
    factories.close(period)
    assert Invoice.objects.exists()
    other = connection.copy()
    try:
        with connection.cursor() as cursor, other.cursor() as killer:
            cursor.execute("SELECT pg_backend_pid()")
            killer.execute("SELECT pg_terminate_backend(%s)", cursor.fetchone())
            cursor.execute("SELECT 1")
    finally:
        other.close()


def test_a_worker_that_dies_in_the_middle_leaves_nothing_and_the_next_one_finishes(world: World):
    factories.charge(world.person, on=on(9))
    world.agree()
    period = world.period()

    # Everything is written, nothing committed: the worker's connection is cut off by the server.
    with pytest.raises(DatabaseError), transaction.atomic():
        close_period_and_lose_the_connection(world, period)
    connection.close()
    assert world.period().state == PeriodState.CLOSING
    assert not Invoice.objects.exists()

    # The dead worker's lease is still on the row: another one waits until it has run out.
    Period.objects.filter(pk=period.pk).update(claimed_until=clock.wall() + dt.timedelta(seconds=45))
    carry_out_closing(factories.SETUP, period.pk)
    assert world.period().state == PeriodState.CLOSING
    Period.objects.filter(pk=period.pk).update(claimed_until=clock.wall() - dt.timedelta(seconds=1))
    carry_out_closing(factories.SETUP, period.pk)

    assert world.period().state == PeriodState.CLOSED
    assert Invoice.objects.get().lines.count() == Charge.objects.count() == 1
