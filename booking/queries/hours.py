"""From when a supplier takes a booking: its hours, its maintenance, and the opening of sale."""

import datetime as dt
from collections.abc import Iterator, Sequence

from booking.models import HoursKind, SaleOpening, SupplierHours
from booking.suppliers.types import Offer
from lib import clock, jst

# Maintenance may follow closing hours and these maintenance again; that it goes on for longer than this nobody announces.
STEPS = 20
LOOK_AHEAD = dt.timedelta(days=14)


def may_begin_at(supplier: str, offer: Offer) -> dt.datetime | None:
    """The moment from which the supplier takes a booking of the offer; None when it does so now, or nothing is known.

    Two queries.
    """
    now = clock.now()
    opening = sale_opens_at(supplier, offer)
    begins = opened_from(supplier, max(now, opening) if opening else now)
    return begins if begins > now else None


def sale_opens_at(supplier: str, offer: Offer) -> dt.datetime | None:
    """When the supplier begins to sell the last day of the offer, by the rule of today; None when nothing is known."""
    days = [jst.day_of(ride.departs) for ride in offer.rides] + [night.day for night in offer.nights]
    rule = SaleOpening.objects.on(clock.today()).filter(supplier=supplier).first()
    if rule is None or not days:
        return None
    last = max(days)
    first = months_earlier(last, rule.months_before) if rule.months_before else last
    return jst.at(first - dt.timedelta(days=rule.days_before or 0), *_time(rule.opens))


def months_earlier(day: dt.date, months: int) -> dt.date:
    """The same day so many months before; where that month has no such day, the first of the month after it.

    Source: ビジネスえきねっと, 発売日の案内 (for 3月31日 it is 3月1日).
    """
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    try:
        return dt.date(year, month + 1, day.day)
    except ValueError:
        year, month = divmod(day.year * 12 + day.month - months, 12)
        return dt.date(year, month + 1, 1)


def opened_from(supplier: str, moment: dt.datetime) -> dt.datetime:
    """The moment itself when the supplier is open then, else the first one after it. One query."""
    day = jst.day_of(moment)
    rows = SupplierHours.objects.filter(supplier=supplier)
    windows = list(rows.touching(day - dt.timedelta(days=1), day + LOOK_AHEAD))
    for _ in range(STEPS):
        later = _after_closing(windows, moment)
        if later == moment:
            break
        moment = later
    return moment


def _after_closing(windows: Sequence[SupplierHours], moment: dt.datetime) -> dt.datetime:
    """The end of the maintenance in which the moment lies, or the next opening when it lies outside all hours."""
    for begins, ends in _spans(windows, HoursKind.CLOSED, moment):
        if begins <= moment < ends:
            return ends
    spans = sorted(_spans(windows, HoursKind.OPEN, moment))
    if any(begins <= moment < ends for begins, ends in spans):
        return moment
    # Hours that are not known for the day of the moment do not close it.
    known = any(_holds_on(window, jst.day_of(moment)) for window in windows if window.kind == HoursKind.OPEN)
    return next((begins for begins, _ in spans if begins > moment), moment) if known else moment


def _spans(
    windows: Sequence[SupplierHours], kind: HoursKind, moment: dt.datetime
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The windows from the day before the moment to two days after it, as moments."""
    today = jst.day_of(moment)
    for offset in range(-1, 3):
        day = today + dt.timedelta(days=offset)
        for window in windows:
            if window.kind == kind and _holds_on(window, day):
                following = day + dt.timedelta(days=1) if window.ends <= window.begins else day
                yield jst.at(day, *_time(window.begins)), jst.at(following, *_time(window.ends))


def _holds_on(window: SupplierHours, day: dt.date) -> bool:
    first, last = window.first_day, window.last_day
    return (first is None or first <= day) and (last is None or day <= last)


def _time(text: str) -> tuple[int, int]:
    hour, minute = text.split(":")
    return int(hour), int(minute)
