"""Cancelling: quoted first, carried out with a highest fee, and what it costs written into the ledger."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from accounts.services import acting_on
from audit.changes import advance
from booking.errors import CannotCancel
from booking.mails import tell_cancelled
from booking.models import (
    CallVerb,
    ChargeSource,
    FeedRow,
    FeeService,
    Reservation,
    ReservationState,
    SupplierCall,
    Trip,
    Way,
)
from booking.queries.cancelling import CANCELLABLE
from booking.services.arranging import arrange_next, close_trip_if_over
from booking.services.calls import claim_call, settle_call
from booking.services.claims import watch_refund
from booking.services.disruptions import note_fee
from booking.services.fees import charge_handling
from booking.services.following import follow_change
from booking.services.ledger import standing_charges
from booking.services.refunds import check_booked_on, check_fee, kept_already, kept_of, settle_refund
from booking.services.scheduling import GIVEN_UP, give_up_wish
from booking.states import RESERVATION_MOVES
from booking.suppliers.types import Cancelled, Exchange
from lib import clock
from lib.actor import Actor
from lib.verbs import inside, verb

R = ReservationState


@verb
def claim_cancellation(actor: Actor, reservation: Reservation, *, max_fee: int) -> SupplierCall:
    """Ask for the cancellation of what is held over HTTP, at a fee of at most `max_fee` yen, as the person saw it.

    Raises NoProxy, and CannotCancel for what is not held or was not booked over HTTP.
    """
    actor = acting_on(actor, reservation.trip.traveller.public_id)
    _hold(reservation)
    return _claim(actor, reservation, max_fee=max_fee)


def _hold(reservation: Reservation) -> None:
    """The reservation as it stands now, its trip locked until the end of the transaction."""
    Trip.objects.locked(reservation.trip_id)
    reservation.refresh_from_db()


def _claim(actor: Actor, reservation: Reservation, *, max_fee: int) -> SupplierCall:
    if reservation.way != Way.API or reservation.state not in CANCELLABLE:
        raise CannotCancel
    note_fee(actor, reservation, fee=max_fee)
    return claim_call(actor, reservation, verb=CallVerb.CANCEL, max_yen=max_fee)


@verb
def cancel_items(actor: Actor, trip: Trip, *, highest: Mapping[str, int], wishes: Collection[str] = ()) -> int:
    """Ask for the cancellation of several reservations of a trip, each at its own highest fee (yen, by public id).

    With them `wishes` that wait are given up (public ids), so that none of them goes on by itself once the others are
    gone. All or none. Says how many. Raises NoProxy, and CannotCancel when one of them is not as it was seen.
    """
    actor = acting_on(actor, trip.traveller.public_id)
    trip = Trip.objects.locked(trip.pk)
    rows = trip.reservations.select_related("trip__traveller", "connection").order_by("pk")
    held = list(rows.filter(public_id__in=highest))
    waiting = list(rows.filter(public_id__in=wishes, state=R.SCHEDULED))
    if not held + waiting or (len(held), len(waiting)) != (len(highest), len(wishes)):
        raise CannotCancel
    for reservation in held:
        _claim(actor, reservation, max_fee=highest[str(reservation.public_id)])
    for reservation in waiting:
        give_up_wish(actor, trip, reservation, why=GIVEN_UP)
    return len(held) + len(waiting)


@verb
def record_cancelled(
    actor: Actor, call: SupplierCall, cancelled: Cancelled, *, token: UUID, exchanges: Sequence[Exchange]
) -> None:
    """The supplier has cancelled it, and booked the refund at once unless it says that this follows."""
    settle_call(call, token=token, outcome="cancelled", exchanges=exchanges)
    enter_cancellation(
        actor,
        call.reservation,
        fee=cancelled.fee,
        refund=cancelled.refund,
        source=ChargeSource.SUPPLIER,
        refunded_on=cancelled.at.astimezone(clock.JST).date() if cancelled.refunded else None,
    )


@verb
def record_own_cancellation(
    actor: Actor,
    reservation: Reservation,
    *,
    fee: int,
    source: str,
    refunded: bool = True,
    refunded_on: dt.date | None = None,
) -> None:
    """A person cancelled on the supplier's own site, or an operator on a terminal: `fee` yen were kept, or will be.

    The refund was booked on `refunded_on` (today unless told), or follows (`refunded` is False). For what an operator
    cancelled the agency's own fee is charged, where its table has one. Raises NoProxy, CannotCancel, and BadRefund for a
    day that lies ahead or before the purchase, or more than was paid.
    """
    actor = acting_on(actor, reservation.trip.traveller.public_id)
    _hold(reservation)
    if reservation.state not in CANCELLABLE or reservation.way == Way.API:
        raise CannotCancel
    day = (refunded_on or clock.today()) if refunded else None
    check_fee(reservation, fee=fee)
    if day is not None:
        check_booked_on(day, reservation.operated_on or day, "予約した日", field="refunded_on")
    note_fee(actor, reservation, fee=fee)
    further = fee - kept_already(reservation)
    enter_cancellation(actor, reservation, fee=further, refund=None, source=source, refunded_on=day)
    if source == ChargeSource.OPERATOR:
        charge_handling(actor, reservation, service=FeeService.CANCEL)


@inside
def enter_cancellation(
    actor: Actor,
    reservation: Reservation,
    *,
    fee: int,
    refund: int | None,
    source: str,
    refunded_on: dt.date | None,
    feed_row: FeedRow | None = None,
) -> None:
    """Move to cancelled; on the day of the refund take back what was charged, and charge what is kept.

    `fee` (yen) comes on top of what a usage file has told as kept before; the supplier's stated refund always wins over it.
    Without a day (`refunded_on` is None) the refund is still to come: what was charged stays billed until then, and of a
    ticket whose price nobody knows yet nothing is charged. Where nothing was paid there is nothing to wait for. What was
    owed before, for a booking that another one has replaced, comes with it. What waited for this part goes on, as its
    traveller has decided about it.
    """
    Trip.objects.locked(reservation.trip_id)
    paid = reservation.state == R.TICKETED or bool(standing_charges(reservation))
    waits = refunded_on is None and paid
    kept = kept_of(reservation, fee=fee, refund=refund)
    in_all = max(kept + kept_already(reservation), 0)
    advance(
        reservation,
        R.CANCELLED,
        code="booking.reservation.cancelled",
        allowed=RESERVATION_MOVES,
        actor=actor,
        about=[reservation.trip],
        data={"fee": in_all, "refund": refund, "refunded_on": refunded_on, "source": str(source)},
        cancelled_at=clock.now(),
        cancel_fee=in_all,
        hold_until=None,
    )
    if not waits:
        booked_on = refunded_on or clock.today()
        settle_refund(actor, reservation, kept=kept, booked_on=booked_on, source=source, feed_row=feed_row)
    watch_refund(actor, reservation)
    tell_cancelled(actor, reservation, refund_waits=waits)
    follow_change(actor, reservation)
    arrange_next(actor, reservation.trip)
    close_trip_if_over(actor, reservation.trip)
