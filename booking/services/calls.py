"""Calls to suppliers as rows: the gate before money, the claim before the first byte, what became of it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from accounts.queries import membership_on
from audit.changes import advance
from audit.services import record
from booking.errors import AboveAuthorised, NotReleased
from booking.models import (
    CallState,
    CallVerb,
    Change,
    ChangeKind,
    Reservation,
    ReservationState,
    SupplierCall,
    Trip,
    TripState,
)
from booking.states import DURING, RESERVATION_MOVES
from booking.suppliers.types import Exchange, Found, Offer, offer_from_json
from lib import clock, durable, jobs
from lib.actor import Actor
from lib.errors import Stale
from lib.verbs import inside, verb

R = ReservationState
STARTED = {
    CallVerb.BOOK: "booking.reservation.sending",
    CallVerb.TICKET: "booking.reservation.ticketing",
    CallVerb.CHANGE: "booking.reservation.changing",
    CallVerb.CANCEL: "booking.reservation.cancelling",
}


@inside
def check_gate(trip: Trip, *, adding: int = 0) -> None:
    """Nothing that costs money runs before release, or above what the person confirmed.

    Raises NotReleased, or AboveAuthorised when the sum of what stands (and `adding`) passes the authorised total.
    """
    if trip.state != TripState.RELEASED or trip.authorised_total is None:
        raise NotReleased
    if not is_within_bound(trip, adding=adding):
        raise AboveAuthorised


def is_within_bound(trip: Trip, *, adding: int = 0) -> bool:
    """Whether what stands and is wanted, and `adding` yen, is no more than the person confirmed."""
    return committed_total(trip) + adding <= (trip.authorised_total or 0)


def committed_total(trip: Trip, *, instead: Mapping[int, int] | None = None) -> int:
    """The sum of the trip's reservations that stand or are wanted, in yen.

    One that is being replaced counts with the highest fee of cancelling it, since its own price comes back; but with its
    replacement no less than it costs itself: a cheaper one may not be had, and the old one stays.
    `instead` gives prices, by reservation, that are about to be entered.
    """
    standing = trip.reservations.exclude(state__in=[R.FAILED, R.EXPIRED, R.CANCELLED, R.WITHDRAWN])
    replacing = Change.objects.under_way().filter(reservation__trip=trip, kind=ChangeKind.REBOOK)
    prices = {**dict(standing.values_list("pk", "price")), **(instead or {})}
    pairs = replacing.values_list("reservation", "reservation__price", "max_fee", "replacement")
    going = {old: max(fee or 0, (price or 0) - (prices.get(new) or 0)) for old, price, fee, new in pairs}
    return sum(going.get(pk, price or 0) for pk, price in prices.items())


@inside
def raise_total(actor: Actor, trip: Trip, *, to: int, price: int) -> None:
    """The person confirmed more than before (`to` yen in all, for something at `price`); nothing happens when it is not more.

    Where an office approves trips, more than was approved needs another approval. Raises AboveAuthorised.
    """
    if trip.authorised_total is not None and to <= trip.authorised_total:
        return
    membership = membership_on(trip.traveller, clock.today())
    if membership and membership.department.office.approval_required:
        raise AboveAuthorised(
            f"承認された上限（{trip.authorised_total or 0:,}円）を超えます。上限の中で選び直すか、窓口へ連絡してください。"
        )
    Trip.objects.filter(pk=trip.pk).update(authorised_total=to, version=trip.version + 1)
    record(actor, "booking.trip.raised", objects=[trip], data={"total": to, "price": price})
    trip.refresh_from_db()


@inside
def admit_price(actor: Actor, trip: Trip, *, others: int, price: int, is_known: bool) -> None:
    """What was paid on a supplier's own site, in yen, beside `others`, is no more than its person had confirmed.

    Where nobody knew the price then (`is_known` is false), who bought it says it now: that raises the total. Raises
    AboveAuthorised.
    """
    if not is_known:
        raise_total(actor, trip, to=others + price, price=price)
    elif trip.authorised_total is not None and others + price > trip.authorised_total:
        room = trip.authorised_total - others
        raise AboveAuthorised(
            f"確認した上限は{room:,}円です。金額を確かめてください。上限を超えて買ったときは、窓口へ連絡してください。",
            field="price",
        )


@inside
def claim_call(
    actor: Actor, reservation: Reservation, *, verb: CallVerb, max_yen: int, **facts: object
) -> SupplierCall:
    """Write down that a call is wanted, and move the reservation: the row stands before the first byte leaves."""
    before = reservation.state
    advance(
        reservation,
        DURING[verb],
        code=STARTED[verb],
        allowed=RESERVATION_MOVES,
        actor=actor,
        about=[reservation.trip],
        data={"max_yen": max_yen, **facts},
        problem="",
    )
    call = SupplierCall.objects.create(
        reservation=reservation,
        verb=verb,
        state_before=before,
        max_yen=max_yen,
        because=actor.because,
        created_at=clock.now(),
        next_try_at=clock.wall(),
    )
    jobs.enqueue("booking.tasks.carry_out", call.pk)
    return call


def wanted_by(call: SupplierCall) -> Offer:
    """What a change's call shall lead to."""
    return offer_from_json(Change.objects.under_way().get(reservation=call.reservation_id).offer)


def is_changed(call: SupplierCall, found: Found) -> bool:
    """Whether the booking is for what the change wanted."""
    wanted, standing = wanted_by(call), found.standing
    if standing is None:
        return False
    ride = wanted.rides[0]
    return (standing.service, standing.departs, standing.detail) == (ride.service, ride.departs, wanted.detail)


@verb
def mark_sent(actor: Actor, call: SupplierCall, *, token: UUID) -> None:
    """From here on the call may have reached the supplier: whoever finds the row after a crash asks first."""
    marked = SupplierCall.objects.filter(pk=call.pk, claim_token=token, sent_at=None).update(sent_at=clock.wall())
    if not marked:
        raise Stale
    call.refresh_from_db()
    record(actor, "booking.call.sent", objects=[call.reservation, call.reservation.trip], data={"verb": call.verb})


@inside
def settle_call(
    call: SupplierCall, *, token: UUID, outcome: str, exchanges: Sequence[Exchange], state: str = CallState.DONE,
    next_try_at: dt.datetime | None = None, **fields: object,
) -> None:  # fmt: skip
    """Write what became of the call; raises Stale when the claim was lost: somebody else has recorded it.

    The trip is locked first, as whoever decides about it does: outcomes of its bookings come one after the other.
    """
    Trip.objects.locked(call.reservation.trip_id)
    done_at = clock.now() if state == CallState.DONE else None
    if not durable.release(
        SupplierCall.objects.exclude(state=CallState.DONE), call.pk, token, next_try_at=next_try_at, state=state,
        outcome=outcome, exchanges=with_exchanges(call, exchanges), done_at=done_at, **fields,
    ):  # fmt: skip
        raise Stale


def may_be_done(call: SupplierCall, exchanges: Sequence[Exchange]) -> bool:
    """Whether somebody there answered a try of this call: who says 503 may have done it before.

    Only where no connection came about, or the portal itself sent nothing, it is sure that nothing was done.
    """
    return call.turned_away or any(exchange.status for exchange in exchanges)


def with_exchanges(call: SupplierCall, exchanges: Sequence[Exchange]) -> list[dict[str, object]]:
    """What is kept of a call's requests and answers: the last twenty, these among them."""
    return [*call.exchanges, *({name: getattr(e, name) for name in e.__slots__} for e in exchanges)][-20:]
