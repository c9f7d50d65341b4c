"""The driver: carries out supplier calls. Never in a transaction; verbs write down what comes before and after.

Nothing else may talk to the network. A call whose earlier worker died after sending is asked about, never sent again.
"""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.db import connection as database

from booking.errors import SupplierAway
from booking.models import CallState, CallVerb, Reservation, ReservationState, SupplierCall
from booking.services import arranging, calls, cancelling, changing, reconciling, scheduling, waiting
from booking.services.connections import link_of
from booking.services.trips import member_of
from booking.suppliers.asking import held_under
from booking.suppliers.base import Books, Changes, Tickets
from booking.suppliers.errors import Closed, Misconfigured, NotSent, OutcomeUnknown, Refused, Resting, SupplierError
from booking.suppliers.registry import adapter_for, capable
from booking.suppliers.types import (
    Booked,
    BookWish,
    CancelQuote,
    Changed,
    ChangeQuote,
    Exchange,
    Offer,
    offer_from_json,
)
from lib import clock, durable, faultpoints, jobs
from lib.actor import Actor
from lib.errors import Stale
from lib.verbs import driver

# What a supplier answers to a booking before its sale has begun.
NOT_ON_SALE = "NOT_ON_SALE"
LITTLE_LATER = "少し待ってから、もう一度お試しください。"


@driver
def carry_out(actor: Actor, call_pk: int) -> None:
    """Carry out one call, or ask about it; nothing happens when it is not due or somebody else holds it."""
    token = durable.claim(SupplierCall.objects.exclude(state=CallState.DONE), call_pk)
    if token is None:
        return
    call = SupplierCall.objects.select_related("reservation__connection", "reservation__trip__traveller").get(
        pk=call_pk
    )
    try:
        if call.state == CallState.ASKING:
            reconciling.ask(actor, call, token=token)
        elif call.sent_at is not None:
            arranging.record_unknown(actor, call, token=token, exchanges=[])
        else:
            _send(actor, call, token)
    except Stale:
        # The lease ran out meanwhile and somebody else has written the outcome: theirs stands.
        return


def _send(actor: Actor, call: SupplierCall, token: UUID) -> None:
    reservation = call.reservation
    link = link_of(reservation.connection)
    adapter = adapter_for(reservation.supplier, link, Books)
    wish = _wish(reservation, call)
    exchanges = adapter.http.exchanges  # type: ignore[attr-defined]
    try:
        link.line.check()
        renewed = scheduling.renew(actor, call, wish, adapter, token=token)
        if renewed is None:
            return
        wish = renewed
        calls.mark_sent(actor, call, token=token)
        database.close()
        if call.verb == CallVerb.BOOK:
            booked = _held_already(adapter, call) or adapter.book(wish)
            faultpoints.reach("after-answer")
            arranging.record_booked(actor, call, booked, token=token, exchanges=exchanges)
        elif call.verb == CallVerb.TICKET:
            ticketed = capable(adapter, Tickets).ticket(reservation.number, max_yen=call.max_yen)
            faultpoints.reach("after-answer")
            arranging.record_ticketed(actor, call, ticketed, token=token, exchanges=exchanges)
        elif call.verb == CallVerb.CHANGE:
            changed = _changed_already(adapter, call) or capable(adapter, Changes).change(
                reservation.number, wish.offer, max_cost=call.max_yen
            )
            faultpoints.reach("after-answer")
            changing.record_changed(actor, call, changed, token=token, exchanges=exchanges)
        else:
            cancelled = adapter.cancel(reservation.number, max_fee=call.max_yen)
            faultpoints.reach("after-answer")
            cancelling.record_cancelled(actor, call, cancelled, token=token, exchanges=exchanges)
    except Refused as refusal:
        if call.verb == CallVerb.BOOK and refusal.code == NOT_ON_SALE:
            scheduling.record_later(actor, call, why=refusal.message, token=token, exchanges=exchanges)
        else:
            arranging.record_refused(actor, call, why=refusal.message, token=token, exchanges=exchanges)
    except Misconfigured as mistake:
        arranging.record_refused(actor, call, why=mistake.message, token=token, exchanges=exchanges, pause=True)
    except OutcomeUnknown:
        arranging.record_unknown(actor, call, token=token, exchanges=exchanges)
    except NotSent as away:
        _wait(actor, call, away, token, exchanges)


def _wait(actor: Actor, call: SupplierCall, away: NotSent, token: UUID, exchanges: Sequence[Exchange]) -> None:
    """Turned away: sent again later; once it is too late, "nothing was done" is said only where it is sure."""
    again_at = waiting.next_try(call, away)
    tried = again_at is None or call.attempts > len(waiting.BACK_OFF)
    # Who says in its own words that it is closed did nothing this time.
    maybe_done = call.turned_away if isinstance(away, Closed) else calls.may_be_done(call, exchanges)
    if tried and call.verb == CallVerb.BOOK and isinstance(away, Closed):
        scheduling.record_later(actor, call, why=away.message, token=token, exchanges=exchanges)
    elif again_at is not None:
        _put_off(call, again_at, token, exchanges, maybe_done=maybe_done)
    elif maybe_done:
        arranging.record_unknown(actor, call, token=token, exchanges=exchanges)
    else:
        arranging.record_refused(actor, call, why=waiting.gave_up(call), token=token, exchanges=exchanges)


def _put_off(
    call: SupplierCall, until: dt.datetime, token: UUID, exchanges: Sequence[Exchange], *, maybe_done: bool
) -> None:
    """The same call with the same key, sent again at `until` (wall time); nothing happens when the claim was lost."""
    durable.release(
        SupplierCall.objects.exclude(state=CallState.DONE), call.pk, token, next_try_at=until, sent_at=None,
        turned_away=maybe_done, exchanges=calls.with_exchanges(call, exchanges),
    )  # fmt: skip
    pause = (until - clock.wall()).total_seconds()
    if pause <= jobs.SOON_SECONDS:
        jobs.enqueue("booking.tasks.carry_out", call.pk, after=max(pause, 0.1))


def _held_already(adapter: Books, call: SupplierCall) -> Booked | None:
    """Before a booking is repeated the supplier is asked: who turned us away may have taken it all the same."""
    if call.attempts == 1 and call.state_before != ReservationState.SCHEDULED:
        return None
    found = held_under(adapter, call.reservation.reference)
    return next((one.booked for one in found if one.state != "cancelled"), None)


def _changed_already(adapter: Books, call: SupplierCall) -> Changed | None:
    """Before a change is repeated the supplier is asked, too: a second one could cost its fee again."""
    if call.attempts == 1:
        return None
    found = held_under(adapter, call.reservation.reference)
    return next((one.standing for one in found if one.state != "cancelled" and calls.is_changed(call, one)), None)


def _wish(reservation: Reservation, call: SupplierCall) -> BookWish:
    traveller = reservation.trip.traveller
    return BookWish(
        offer=calls.wanted_by(call) if call.verb == CallVerb.CHANGE else offer_from_json(reservation.offer),
        reference=reservation.reference,
        trip_number=reservation.trip.number,
        name=traveller.name,
        kana=traveller.kana,
        member=member_of(reservation),
        max_yen=call.max_yen,
    )


@driver
def quote_change(reservation: Reservation, offer: Offer) -> ChangeQuote:
    """What changing to the offer costs now, asked at the supplier. Raises SupplierAway with a message that can be shown."""
    adapter = adapter_for(reservation.supplier, link_of(reservation.connection), Changes)
    number = reservation.number
    database.close()
    try:
        return adapter.quote_change(number, offer)
    except Refused as refusal:
        raise SupplierAway(refusal.message) from refusal
    except Resting as rest:
        raise SupplierAway(f"{rest.message}{LITTLE_LATER}") from rest
    except SupplierError as away:
        raise SupplierAway from away


@driver
def quote_cancel(reservation: Reservation) -> CancelQuote:
    """What cancelling costs now, asked at the supplier. Raises SupplierAway with a message that can be shown."""
    adapter = adapter_for(reservation.supplier, link_of(reservation.connection), Books)
    number = reservation.number
    database.close()
    try:
        return adapter.quote_cancel(number)
    except Refused as refusal:
        raise SupplierAway(refusal.message) from refusal
    except Resting as rest:
        raise SupplierAway(f"{rest.message}{LITTLE_LATER}") from rest
    except SupplierError as away:
        raise SupplierAway from away
