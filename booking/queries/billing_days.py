"""Which day bills what: the contract's dated rules, with what holds where no row says otherwise."""

import datetime as dt

from accounts.models import User
from accounts.queries import membership_on
from booking.models import BillingDayRule, LedgerLock, Reservation
from booking.models.tariffs import BASES
from lib import clock

DAY = dt.timedelta(days=1)


def basis_on(subject: str, day: dt.date) -> str:
    """The rule (a key of `BILLING_RULES`) for a subject, as the contract has it on the day of use."""
    row = BillingDayRule.objects.on(day).filter(subject=subject).values_list("basis", flat=True).first()
    return str(row or BASES[subject][0])  # type: ignore[index]


def planned_day(reservation: Reservation) -> dt.date:
    """The day of the first ride or night as it was planned."""
    segment = reservation.segments.order_by("departs").first()
    night = reservation.nights.order_by("date").first()
    if segment:
        return segment.travel_on
    return night.date if night else reservation.trip.first_day


def is_open(person: User, day: dt.date) -> bool:
    """Whether the day is not invoiced yet for the office to which the person belonged on it."""
    membership = membership_on(person, day)
    if membership is None:
        return True
    return not LedgerLock.objects.filter(office=membership.department.office_id, last_day__gte=day).exists()


def cancellation_day(person: User, planned: dt.date, happened: dt.date) -> tuple[dt.date, str]:
    """The billing day of what a cancellation costs or brings back, and its rule.

    By the planned day of use while that lies ahead or in an open period of the traveller's office, else by the day it
    happened.
    """
    if basis_on("cancellation", planned) == "planned_date" and (planned >= clock.today() or is_open(person, planned)):
        return planned, "planned_date"
    return happened, "happened_on"
