"""The confirm page: what is chosen, what cancelling would cost on which day."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from booking.models import Reservation, ReservationState, Trip
from booking.queries.disruptions import stopped_among
from booking.queries.hours import may_begin_at, sale_opens_at
from booking.suppliers.types import CancelStep, offer_from_json, steps_from_json
from lib import clock, jst


@dataclass(frozen=True, slots=True)
class ChosenRow:
    """A chosen offer."""

    reservation: Reservation
    day: dt.date
    words: str
    short: str
    is_gone: bool
    begins_at: dt.datetime | None
    sale_opens_at: dt.datetime | None
    is_stopped: bool


@dataclass(frozen=True, slots=True)
class CancelRow:
    """Until when, and what cancelling costs per reservation (None: not known) and in all."""

    until: str
    fees: Sequence[int | None]
    total: int | None


@dataclass(frozen=True, slots=True)
class ConfirmPage:
    """Everything on the page."""

    rows: Sequence[ChosenRow]
    total: int
    has_estimate: bool
    cancel_rows: Sequence[CancelRow]
    gone: bool
    by_api: Sequence[Reservation]
    by_handoff: Sequence[ChosenRow]
    waiting: Sequence[ChosenRow]


def confirm_page(trip: Trip) -> ConfirmPage:
    """The present choice of a draft trip, with what has to wait for the supplier's hours or sale, and what was cancelled."""
    chosen = trip.reservations.filter(state=ReservationState.DRAFT).select_related("connection")
    reservations = list(chosen.prefetch_related("segments", "nights"))
    stopped = stopped_among(reservations)
    rows = sorted(
        (_row(reservation, is_stopped=reservation.pk in stopped) for reservation in reservations),
        key=lambda row: row.day,
    )
    ordered = [row.reservation for row in rows]
    return ConfirmPage(
        rows=rows,
        total=sum(reservation.price or 0 for reservation in ordered),
        has_estimate=any(reservation.is_estimate for reservation in ordered),
        cancel_rows=cancel_rows(ordered),
        gone=any(row.is_gone for row in rows),
        by_api=[row.reservation for row in rows if row.reservation.way == "api" and row.begins_at is None],
        by_handoff=[row for row in rows if row.reservation.way == "handoff"],
        waiting=[row for row in rows if row.reservation.way == "api" and row.begins_at],
    )


def _row(reservation: Reservation, *, is_stopped: bool) -> ChosenRow:
    offer = offer_from_json(reservation.offer)
    rides = offer.rides
    if rides:
        day, short = jst.day_of(rides[0].departs), rides[0].service
        words = (
            f"{rides[0].service} {rides[0].from_name} {jst.clock_time(rides[0].departs)} → "
            f"{rides[-1].to_name} {jst.clock_time(rides[-1].arrives)}"
        )
    else:
        day, short = offer.nights[0].day, "宿泊"
        words = f"{offer.title} {len(offer.nights)}泊"
    opens = sale_opens_at(reservation.supplier, offer)
    return ChosenRow(
        reservation,
        day,
        words,
        short,
        offer.is_gone,
        begins_at=may_begin_at(reservation.supplier, offer),
        sale_opens_at=opens if opens and opens > clock.now() else None,
        is_stopped=is_stopped,
    )


def cancel_rows(reservations: Sequence[Reservation]) -> list[CancelRow]:
    """Steps of all reservations on one scale of days, so that each row holds until the next moment that changes a fee."""
    return cancel_rows_of([steps_from_json(reservation.terms) for reservation in reservations])


def cancel_rows_of(steps: Sequence[Sequence[CancelStep]]) -> list[CancelRow]:
    """The same for bare steps, one sequence per booking."""
    now = clock.now()
    ends = sorted({step.until for each in steps for step in each if step.until and step.until > now})
    rows = []
    for end in [*ends, None]:
        fees = [_fee(each, end) for each in steps]
        known = [fee for fee in fees if fee is not None]
        until = f"{end_words(end)}まで" if end else "そのあと"
        rows.append(CancelRow(until, fees, sum(known) if len(known) == len(fees) else None))
    return rows


def end_words(end: dt.datetime) -> str:
    """12月9日(水), or with its time: a step that ends at midnight ends with the day before, as people say it."""
    local = jst.local(end)
    if (local.hour, local.minute) == (0, 0):
        return jst.short_day(local.date() - dt.timedelta(days=1))
    return f"{jst.short_moment(end)} "


def _fee(steps: Sequence[CancelStep], end: dt.datetime | None) -> int | None:
    """The fee that holds just before `end`; None when the terms say nothing."""
    for step in steps:
        if step.until is None or (end is not None and step.until >= end):
            return step.fee
    return None
