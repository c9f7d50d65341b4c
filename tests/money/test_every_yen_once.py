"""After any sequence of charges, reversals, moves and closings: charges = lines + what is open, and nothing twice."""

import datetime as dt

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import Department, Office, User
from accounts.services import service_actor, set_membership
from billing.errors import EarlierPeriodOpen, PeriodNotOver
from billing.models import Invoice, InvoiceLine, Period, PeriodState
from billing.queries import open_charges, preview
from billing.services import close_period, open_periods
from booking.models import Charge, ChargeKind
from tests import factories
from tests.billing.world import go_to

FIRST = dt.date(2026, 9, 1)
CLOSER = service_actor("closer")
DAYS = st.integers(0, 90).map(lambda n: FIRST + dt.timedelta(days=n))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("charge"), st.integers(0, 2), DAYS, st.integers(-50_000, 50_000).filter(bool)),
        st.tuples(st.just("reverse"), st.integers(0, 30)),
        st.tuples(st.just("move"), st.integers(0, 2), st.integers(0, 1), DAYS),
        st.tuples(st.just("close"), st.integers(0, 1), st.integers(0, 2)),
    ),
    min_size=4,
    max_size=25,
)


class House:
    """Two offices, three people; people may move, also backwards in time."""

    def __init__(self) -> None:
        factories.contract()
        self.offices: list[Office] = [factories.office(), factories.office()]
        self.departments: list[Department] = [factories.department(office) for office in self.offices]
        self.people: list[User] = [factories.person(of=self.departments[n % 2]) for n in range(3)]
        open_periods(factories.SETUP, until=dt.date(2026, 12, 10))

    def charge(self, who: int, on: dt.date, amount: int) -> None:
        factories.charge(self.people[who], amount=amount, on=on)

    def reverse(self, which: int) -> None:
        standing = list(Charge.objects.filter(origin=None, followers=None).order_by("pk"))
        if standing:
            old = standing[which % len(standing)]
            factories.charge(
                old.person, amount=-old.amount, on=old.used_on, kind=ChargeKind.REFUND, origin=old, relation="reversal"
            )

    def move(self, who: int, where: int, day: dt.date) -> None:
        """A move from the day on, often one that was keyed in late; nobody moves before their last move."""
        latest = self.people[who].memberships.order_by("-valid").first()
        if latest.first_day < day:
            set_membership(
                factories.SETUP, self.people[who], department=self.departments[where], first=day, source="異動"
            )

    def close(self, where: int, month: int) -> None:
        periods = Period.objects.filter(office=self.offices[where], first_day__gte=FIRST).order_by("last_day")
        period = periods[month]
        if period.state == PeriodState.OPEN:
            drafted = preview(period)
        try:
            closed = factories.close(period)
        except (EarlierPeriodOpen, PeriodNotOver):
            return
        invoice = Invoice.objects.filter(period=closed).first()
        if period.state == PeriodState.OPEN:
            assert (invoice.total if invoice else 0) == drafted.taxes.total
            assert (invoice.lines.count() if invoice else 0) == drafted.taxes.count

    def check(self) -> None:
        def total(rows) -> int:
            return rows.aggregate(total=Sum("amount"))["total"] or 0

        assert total(Charge.objects) == total(InvoiceLine.objects) + total(open_charges())
        assert InvoiceLine.objects.values("charge").distinct().count() == InvoiceLine.objects.count()
        for invoice in Invoice.objects.all():
            assert invoice.total == total(invoice.lines) == invoice.face["total"]
        numbers = sorted(Invoice.objects.values_list("number", flat=True))
        assert numbers == [f"2026-{n:04d}" for n in range(1, len(numbers) + 1)]


@pytest.fixture
def house(db) -> House:
    """December 10th, 2026: September to November are over and open."""
    go_to(dt.date(2026, 12, 10))
    return House()


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_charges_are_lines_plus_open_after_any_sequence(house: House, steps: list[tuple]):
    with transaction.atomic():
        for name, *arguments in steps:
            getattr(house, name)(*arguments)
            house.check()
        totals = list(Invoice.objects.order_by("pk").values_list("number", "total"))
        for period in Period.objects.filter(state=PeriodState.CLOSED).select_related("office"):
            close_period(CLOSER, office=period.office, period=period)
        assert list(Invoice.objects.order_by("pk").values_list("number", "total")) == totals
        transaction.set_rollback(True)
