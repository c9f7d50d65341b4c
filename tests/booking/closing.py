"""Suppliers that take no bookings for a while, and offers that ran out meanwhile."""

import datetime as dt

from booking import tasks
from booking.models import Reservation, SupplierHours
from lib import clock, jst
from lib.dated import between
from tests.world import work_off


def close_until(supplier: str, *, minutes: int = 120) -> dt.datetime:
    """The supplier is under maintenance for so many minutes from now; the moment at which it opens."""
    now = clock.now().replace(second=0, microsecond=0)
    ends = now + dt.timedelta(minutes=minutes)
    begins = now - dt.timedelta(minutes=5)
    first = jst.day_of(begins)
    SupplierHours.objects.create(
        supplier=supplier, kind="closed", begins=jst.clock_time(begins), ends=jst.clock_time(ends), source="試験",
        valid=between(first, first),
    )  # fmt: skip
    return ends


def run_out(reservation: Reservation, **changed) -> None:
    """The offer's time has run out, as it does while a wish waits; `changed` is what it was when it was confirmed."""
    past = (clock.wall() - dt.timedelta(minutes=1)).isoformat()
    Reservation.objects.filter(pk=reservation.pk).update(offer={**reservation.offer, "valid_until": past, **changed})
    reservation.refresh_from_db()


def pass_time(**much) -> None:
    clock.shift_by(int(dt.timedelta(**much).total_seconds()))


def come(reservation: Reservation) -> Reservation:
    """The moment has come, and the workers have done what there was to do."""
    pass_time(hours=3)
    tasks.sweep_waiting()
    work_off()
    reservation.refresh_from_db()
    return reservation
