"""An operator ends what asking does not: what stands at the supplier was found out by hand, and is recorded with the reason.

Only to where the open call could have led. Whoever is first, the operator or the answer to a question, has the last word.
"""

import datetime as dt
from dataclasses import dataclass
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from audit.services import record
from booking.errors import AlreadyKnown, NumberTaken, TooEarly
from booking.models import CallState, CallVerb, Change, ChargeSource, ReservationState, SupplierCall, Trip
from booking.permissions import SETTLE_CALL
from booking.queries.numbers import stands_elsewhere
from booking.services import arranging, cancelling, changing
from booking.services.calls import settle_call
from booking.services.refunds import check_fee
from booking.suppliers.types import Booked, Ticketed
from lib import clock, jobs, jst
from lib.actor import Actor
from lib.errors import NotPermitted
from lib.verbs import verb

R = ReservationState
NOT_THERE = {
    CallVerb.BOOK: "手配先に確かめたところ、予約は成立していませんでした。もう一度お試しください。",
    CallVerb.TICKET: "手配先に確かめたところ、発券されていませんでした。もう一度お試しください。",
    CallVerb.CHANGE: "手配先に確かめたところ、変更されていませんでした。もう一度お試しください。",
    CallVerb.CANCEL: "手配先に確かめたところ、取り消されていませんでした。もう一度お試しください。",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What an operator found out about an open call, and how they know (`why`).

    A booking has number and price, a ticket its number and price, a cancellation its fee; a change has the whole new
    price, the fee beside it, and of a ticket the new ticket's number. Sums in yen. `hold_until` is the last moment to
    ticket what is only held.
    """

    happened: bool
    why: str
    number: str = ""
    price: int = 0
    fee: int = 0
    refunded: bool = True
    hold_until: dt.datetime | None = None


@verb
def ask_now(actor: Actor, call: SupplierCall) -> None:
    """Ask the supplier at once instead of at the next turn. Raises NotPermitted, and AlreadyKnown when nothing is open."""
    if not actor.may(SETTLE_CALL):
        raise NotPermitted
    asking = SupplierCall.objects.filter(pk=call.pk, state=CallState.ASKING)
    if not asking.update(next_try_at=clock.wall()):
        raise AlreadyKnown
    data = {"verb": call.verb}
    record(actor, "booking.call.hurried", objects=[call.reservation, call.reservation.trip], data=data)
    jobs.enqueue("booking.tasks.carry_out", call.pk)


@verb
def settle_by_hand(actor: Actor, call: SupplierCall, finding: Finding) -> None:
    """End an unknown outcome with what an operator found out at the supplier.

    Raises NotPermitted; AlreadyKnown when somebody else was first; TooEarly for "it did not happen" while the supplier may
    still commit; NumberTaken for a number of another booking; BadRefund for a fee above what was paid.
    """
    if not actor.may(SETTLE_CALL):
        raise NotPermitted
    actor = actor.for_person(call.reservation.trip.traveller.public_id)
    held = _held(call)
    if not finding.happened and (until := may_commit_until(held)) > clock.wall():
        raise TooEarly(
            f"手配先があとから確定することがあります。{jst.clock_time(until)} を過ぎてから記録してください。",
            field="happened",
        )
    reservation = held.reservation
    data = {"verb": held.verb, "happened": finding.happened, "why": finding.why}
    record(actor, "booking.call.settled", objects=[reservation, reservation.trip], data=data)
    if finding.happened:
        _lead(actor, held, finding)
    else:
        assert held.claim_token is not None
        why = NOT_THERE[CallVerb(held.verb)]
        arranging.record_refused(actor, held, why=why, token=held.claim_token, exchanges=[])


def _held(call: SupplierCall) -> SupplierCall:
    """The call with a claim of our own: an answer that is on its way meanwhile finds that the claim is gone."""
    Trip.objects.locked(call.reservation.trip_id)
    lease = clock.wall() + dt.timedelta(seconds=settings.LEASE_SECONDS)
    asking = SupplierCall.objects.filter(pk=call.pk, state=CallState.ASKING, reservation__state=R.UNKNOWN)
    # Finding out by hand is one more question that was put to the supplier.
    if not asking.update(claim_token=uuid4(), claimed_until=lease, asks=F("asks") + 1):
        raise AlreadyKnown
    return SupplierCall.objects.select_related("reservation__trip__traveller", "reservation__connection").get(
        pk=call.pk
    )


def may_commit_until(call: SupplierCall) -> dt.datetime:
    """Wall time until which the supplier may still carry out what was sent."""
    quiet = dt.timedelta(seconds=call.reservation.connection.quiet_seconds)
    return (call.sent_at or clock.wall()) + quiet


def _lead(actor: Actor, call: SupplierCall, finding: Finding) -> None:
    """As the call would have led. Raises NumberTaken."""
    reservation, token = call.reservation, call.claim_token
    assert token is not None
    if call.verb == CallVerb.BOOK:
        if stands_elsewhere(reservation, finding.number):
            raise NumberTaken(field="number")
        booked = Booked(finding.number, finding.price, finding.hold_until)
        try:
            with transaction.atomic():
                arranging.record_booked(actor, call, booked, token=token, exchanges=[])
        except IntegrityError as error:
            raise NumberTaken(field="number") from error
    elif call.verb == CallVerb.TICKET:
        issued_on = jst.day_of(call.created_at)
        ticketed = Ticketed(reservation.number, finding.number, finding.price, issued_on)
        arranging.record_ticketed(actor, call, ticketed, token=token, exchanges=[])
    elif call.verb == CallVerb.CHANGE:
        _change(actor, call, finding)
    else:
        check_fee(reservation, fee=finding.fee)
        settle_call(call, token=token, outcome="cancelled", exchanges=[])
        refunded_on = clock.today() if finding.refunded else None
        cancelling.enter_cancellation(
            actor, reservation, fee=finding.fee, refund=None, source=ChargeSource.OPERATOR, refunded_on=refunded_on
        )


def _change(actor: Actor, call: SupplierCall, finding: Finding) -> None:
    assert call.claim_token is not None
    settle_call(call, token=call.claim_token, outcome="changed", exchanges=[])
    change = Change.objects.under_way().select_for_update(no_key=True).get(reservation=call.reservation)
    changing.enter_change(
        actor,
        change,
        to=call.state_before,
        allowed_by=call.verb,
        price=finding.price,
        fee=finding.fee,
        psfc=change.offer.get("psfc", 0),
        source=ChargeSource.OPERATOR,
        hold_until=finding.hold_until,
        ticket_number=finding.number,
    )
