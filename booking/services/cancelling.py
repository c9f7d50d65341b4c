"""Cancelling: quoted first, carried out with a highest fee, and what it costs written into the ledger."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from accounts.services import acting_on
from audit.changes import advance
from booking.errors import CannotCancel
from booking.mails import tell_cancelled
from booking.models import CallVerb, ChargeSource, Reservation, ReservationState, SupplierCall, Way
from booking.services import arranging
from booking.services.ledger import charge_cancellation, reverse_charges
from booking.states import RESERVATION_MOVES
from booking.suppliers.types import Cancelled, Exchange
from lib import clock
from lib.actor import Actor
from lib.verbs import inside, verb

R = ReservationState
CANCELLABLE = frozenset({R.BOOKED, R.TICKETED})


@verb
def claim_cancellation(actor: Actor, reservation: Reservation, *, max_fee: int) -> SupplierCall:
    """Ask for the cancellation of what is held over HTTP, at a fee of at most `max_fee` yen, as the person saw it.

    Raises NoProxy, and CannotCancel for what is not held or was not booked over HTTP.
    """
    actor = acting_on(actor, reservation.trip.traveller.public_id)
    if reservation.way != Way.API or reservation.state not in CANCELLABLE:
        raise CannotCancel
    return arranging.claim_call(actor, reservation, verb=CallVerb.CANCEL, max_yen=max_fee)


@verb
def record_cancelled(
    actor: Actor, call: SupplierCall, cancelled: Cancelled, *, token: UUID, exchanges: Sequence[Exchange]
) -> None:
    """The supplier has cancelled it."""
    arranging.settle_call(call, token=token, outcome="cancelled", exchanges=exchanges)
    enter_cancellation(
        actor, call.reservation, fee=cancelled.fee, refund=cancelled.refund, source=ChargeSource.SUPPLIER
    )


@verb
def record_own_cancellation(actor: Actor, reservation: Reservation, *, fee: int, source: str) -> None:
    """A person cancelled on the supplier's own site, or an operator on a terminal: `fee` yen were kept.

    Raises NoProxy and CannotCancel.
    """
    actor = acting_on(actor, reservation.trip.traveller.public_id)
    if reservation.state not in CANCELLABLE or reservation.way == Way.API:
        raise CannotCancel
    enter_cancellation(actor, reservation, fee=fee, refund=None, source=source)


@inside
def enter_cancellation(
    actor: Actor,
    reservation: Reservation,
    *,
    fee: int,
    refund: int | None,
    source: str,
    refunded_on: dt.date | None = None,
) -> None:
    """Move to cancelled; take back what was charged, and charge the fee. The supplier's stated refund always wins.

    `refunded_on` is the day on which the supplier booked it, where a usage file tells of it later; else it is today.
    """
    advance(
        reservation,
        R.CANCELLED,
        code="booking.reservation.cancelled",
        allowed=RESERVATION_MOVES,
        actor=actor,
        about=[reservation.trip],
        data={"fee": fee, "refund": refund, "source": str(source)},
        cancelled_at=clock.now(),
        cancel_fee=fee,
        hold_until=None,
    )
    taken_back = reverse_charges(actor, reservation, source=source, occurred_on=refunded_on)
    kept = taken_back - refund if taken_back and refund is not None else fee
    charge_cancellation(actor, reservation, fee=kept, source=source, occurred_on=refunded_on)
    tell_cancelled(actor, reservation)
    arranging.close_trip_if_over(actor, reservation.trip)
