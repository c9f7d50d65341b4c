"""After any sequence of bookings, changes, files, moves and closings: charges = lines + what is open, and nothing twice."""

import datetime as dt

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from accounts.models import User
from billing.models import Period, PeriodState
from billing.services import close_period
from booking.models import FEES, Charge, Relation, Reservation, ReservationState, Settlement
from booking.services.corrections import correct_charge
from booking.services.fees import charge_delivery
from booking.suppliers.types import Night
from tests.billing.world import go_to
from tests.factories import SETUP
from tests.money.auditor import Auditor, memberships, office_on
from tests.money.books import Books, on

FIRST, TODAY, MONTHS = on(2, 1), on(4, 6), (on(2, 28), on(3, 31), on(4, 30))
TICKETED, HELD = ReservationState.TICKETED, (ReservationState.TICKETED, ReservationState.BOOKED)
WHO, OFFICE, WHICH = st.integers(0, 2), st.integers(0, 2), st.integers(0, 30)
DAYS = st.integers(0, 95).map(lambda n: FIRST + dt.timedelta(days=n))
YEN = st.integers(1, 50_000)
BOOKINGS = st.one_of(
    st.tuples(st.just("fare"), WHO, DAYS, st.integers(1, 3), YEN, st.sampled_from(["lump", "lump", "lump", "self"])),
    st.tuples(st.just("stay"), WHO, DAYS, st.integers(1, 3), YEN, st.sampled_from([0, 100, 200])),
    st.tuples(st.just("sold_by_file"), WHO, DAYS, YEN, st.sampled_from([0, 320, -200])),
    st.tuples(st.just("deliver"), WHO, WHO, DAYS, YEN),
)
AFTERWARDS = st.one_of(
    st.tuples(st.just("cancel"), WHICH, st.integers(0, 5_000), st.booleans()),
    st.tuples(st.just("change"), WHICH, DAYS, YEN, st.sampled_from([0, 550])),
    st.tuples(st.just("returned_by_file"), WHICH, st.sampled_from([0, 320])),
    st.tuples(st.just("correct"), WHICH, st.integers(-3_000, 3_000).filter(bool)),
)
MOVES = st.tuples(st.just("move"), WHO, OFFICE, DAYS)
CLOSINGS = st.tuples(st.just("close"), OFFICE, st.integers(0, 2), st.sampled_from(["", "", "prepared", "agreed"]))
STEPS = st.lists(
    st.one_of(BOOKINGS, AFTERWARDS, MOVES, CLOSINGS, CLOSINGS, st.tuples(st.just("wait"), st.integers(1, 20))),
    min_size=6,
    max_size=16,
)
# Billed here, moved there, closed, moved on, corrected and refunded, moved back, closed: the longest way of a yen.
LONG_WAY = [
    ("fare", 0, on(2, 25), 3, 10_000, "lump"),
    ("close", 0, 0, ""),
    ("move", 0, 1, on(2, 20)),
    ("close", 0, 1, "prepared"),
    ("close", 1, 0, ""),
    ("close", 1, 1, ""),
    ("move", 0, 2, on(2, 26)),
    ("correct", 9, -7),
    ("cancel", 5, 320, True),
    ("wait", 26),
    ("close", 1, 2, "agreed"),
    ("move", 0, 0, on(2, 27)),
]
# Refunded after its month was closed and its traveller had left: the office of the ride gets it back.
LEFT_BEFORE_THE_REFUND = [
    ("close", 0, 0, ""),
    ("move", 0, 1, on(4, 2)),
    ("cancel", 0, 320, False),
    ("stay", 0, on(4, 1), 2, 9_800, 200),
]


class House(Books):
    """Three offices; a traveller in two of them, and one whom nobody has keyed in. It is April 6th, 2026."""

    def __init__(self) -> None:
        super().__init__(until=MONTHS[-1])
        self.departments = [self.at_head, self.at_kyushu, self.third_office(until=MONTHS[-1])]
        self.people: list[User] = [self.taro, self.hanako, self.newcomer()]
        self.auditor = Auditor(self.desk, self.second)
        self.today = TODAY

    def begin(self) -> None:
        self.today = TODAY
        go_to(TODAY)
        for number, day in enumerate((on(2, 10), on(2, 25), on(3, 31), on(4, 1), on(4, 30))):
            self.run(("fare", number % 2, day, 1 + number % 3, 10_000 + number, "lump"))

    def run(self, step: tuple) -> None:
        name, *arguments = step
        getattr(self, f"do_{name}")(*arguments)

    def is_known(self, who: User, day: dt.date) -> bool:
        return office_on(memberships(), who.pk, day) is not None

    def do_fare(self, who: int, day: dt.date, rides: int, yen: int, settlement: str) -> None:
        person = self.people[who]
        if self.is_known(person, day):
            self.fare(person, yen, *(day + dt.timedelta(days=n) for n in range(rides)), settlement=settlement)
        else:
            ride = self.handed_off(person, day, price=yen, settlement=settlement)
            self.enter_number(ride, number=self.number(), price=yen)

    def do_stay(self, who: int, day: dt.date, nights: int, yen: int, tax: int) -> None:
        person = self.people[who]
        if self.is_known(person, day):
            self.stay(person, *(Night(day + dt.timedelta(days=n), yen, tax) for n in range(nights)))
        self.check_out()

    def do_sold_by_file(self, who: int, day: dt.date, yen: int, more: int) -> None:
        ride = self.handed_off(self.people[who], day, price=yen)
        row = self.row(ride, number=self.number(), amount=max(yen + more, 1))
        assert [found.state for found in self.take(row, row)] == ["added", "repeated"]

    def do_returned_by_file(self, which: int, fee: int) -> None:
        rides = [ride for ride in self.held(TICKETED) if ride.way == "handoff" and ride.charges.exists()]
        if rides:
            ride = rides[which % len(rides)]
            rows = [self.row(ride, number=ride.number, amount=-ride.price, operation="取消")]
            rows += [self.row(ride, number=ride.number, amount=fee, operation="払戻手数料")] if fee else []
            assert {row.state for row in self.take(*rows)} <= {"added", "matched"}

    def do_deliver(self, one: int, other: int, day: dt.date, yen: int) -> None:
        self.write(
            charge_delivery,
            travellers=[self.people[one], self.people[other]],
            amount=yen,
            dispatched_on=day,
            reference=f"C{self.number()}",
        )

    def do_cancel(self, which: int, fee: int, is_stated: bool) -> None:
        held = self.held(*HELD)
        if held:
            reservation = held[which % len(held)]
            if is_stated:
                self.refunded(reservation, refund=0, fee=fee)
            else:
                self.cancel(reservation, fee=fee)
            standing = reservation.charges.exclude(relation__in=[Relation.TRANSFER_OUT, Relation.TRANSFER_IN])
            fees = sum(c.amount for c in standing if _root(c).kind in FEES)
            kept = sum(standing.values_list("amount", flat=True))
            assert kept == fees, "a cancelled booking costs its fees and nothing else"

    def do_change(self, which: int, day: dt.date, yen: int, fee: int) -> None:
        rides = [ride for ride in self.held(TICKETED) if ride.settlement == Settlement.LUMP]
        if rides:
            old = rides[which % len(rides)]
            if self.is_known(old.trip.traveller, day):
                self.change(old, day, price=yen, fee=fee)

    def do_correct(self, which: int, difference: int) -> None:
        charges = Charge.objects.filter(relation__in=["", Relation.CORRECTION]).order_by("pk")
        if charges:
            self.write(correct_charge, charges[which % len(charges)], difference=difference, reason="入力の誤り")

    def do_move(self, who: int, where: int, day: dt.date) -> None:
        """A move from the day on, often one that is keyed in late; nobody moves before their last move."""
        latest = self.people[who].memberships.order_by("-valid").first()
        if latest is None or latest.first_day < day:
            self.move(self.people[who], self.departments[where], day)

    def do_wait(self, days: int) -> None:
        self.today = min(self.today + dt.timedelta(days=days), on(5, 20))
        go_to(self.today)

    def do_close(self, where: int, month: int, interrupted: str = "") -> None:
        office = self.departments[where].office
        period = self.period(office, MONTHS[month])

        known = memberships()
        members = [n for n, p in enumerate(self.people) if office_on(known, p.pk, period.first_day) == office.pk]

        def late() -> None:
            self.run(("fare", members[0], period.first_day, 1, 777, "lump"))

        self.auditor.close(period, interrupted=interrupted if members else "", late=late)

    def held(self, *states: str) -> list[Reservation]:
        return list(Reservation.objects.filter(state__in=states).order_by("pk"))

    def finish(self) -> None:
        """Weeks later everything is closed in order."""
        go_to(on(6, 1))
        self.check_out()
        for month in range(len(MONTHS)):
            for where in range(3):
                self.do_close(where, month)
                assert self.period(self.departments[where].office, MONTHS[month]).state == PeriodState.CLOSED


def _root(charge: Charge) -> Charge:
    while charge.origin is not None:
        charge = charge.origin
    return charge


@pytest.fixture
def house(db) -> House:
    go_to(TODAY)
    return House()


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(steps=STEPS)
@example(steps=LONG_WAY)
@example(steps=LEFT_BEFORE_THE_REFUND)
def test_every_yen_stands_once_with_the_office_where_it_belongs_after_any_sequence(house: House, steps: list[tuple]):
    with transaction.atomic():
        house.begin()
        for step in steps:
            house.run(step)
            house.auditor.check()
        house.finish()
        house.auditor.check()
        house.auditor.check_settled(through=MONTHS[-1])
        before = house.auditor.snapshot()
        for period in Period.objects.filter(state=PeriodState.CLOSED).select_related("office"):
            close_period(SETUP, office=period.office, period=period)
        assert house.auditor.snapshot() == before
        transaction.set_rollback(True)
