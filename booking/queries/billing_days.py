"""Which day bills what: the contract's dated rules, with what holds where no row says otherwise."""

import datetime as dt

from accounts.models import User
from accounts.queries import membership_on
from booking.models import BillingDayRule, BillingSubject, Charge, ChargeKind, LedgerLock, Reservation
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


def reversal_day(charge: Charge, happened: dt.date) -> tuple[dt.date, str]:
    """The billing day of what takes a charge back on the day `happened`, and its rule.

    The original's while that lies ahead or in an open period of the traveller's office, else the day it happens.
    """
    if charge.person is None or charge.billing_on >= clock.today() or is_open(charge.person, charge.billing_on):
        return charge.billing_on, "as_original"
    return happened, "happened_on"


def day_rule_of(charge: Charge) -> BillingDayRule | None:
    """The contract's row that put a charge on its billing day; None where what holds without a row did."""
    subject = _subject_of(charge)
    if subject is None:
        return None
    rows = BillingDayRule.objects.on(charge.used_on).filter(subject=subject, basis=charge.rule)
    row: BillingDayRule | None = rows.first()
    return row


def _subject_of(charge: Charge) -> BillingSubject | None:
    fitting = [subject for subject, bases in BASES.items() if charge.rule in bases]
    if len(fitting) > 1:
        is_handling = charge.kind == ChargeKind.HANDLING
        fitting = [subject for subject in fitting if (subject == BillingSubject.HANDLING) == is_handling]
    return BillingSubject(fitting[0]) if fitting else None
