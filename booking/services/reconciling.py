"""Asking until it is known: by our own key, until the supplier holds it, or surely does not."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection as database

from audit.services import record
from booking.models import CallState, CallVerb, SupplierCall
from booking.services import arranging, calls, cancelling, changing
from booking.services.connections import link_of
from booking.suppliers.base import Books
from booking.suppliers.errors import NotSent, SupplierError
from booking.suppliers.registry import adapter_for
from booking.suppliers.types import Exchange, Found
from lib import clock, durable
from lib.actor import Actor
from lib.verbs import driver, verb

ASKS = 2
PAUSE = dt.timedelta(seconds=5)
LONG_PAUSE = dt.timedelta(seconds=60)


@driver
def ask(actor: Actor, call: SupplierCall, *, token: UUID) -> None:
    """Ask whether the supplier holds a booking under our key, and act on what it says."""
    reservation = call.reservation
    adapter = adapter_for(reservation.supplier, link_of(reservation.connection), Books)
    reference = reservation.reference
    database.close()
    try:
        found = adapter.find(reference)
    except SupplierError as away:
        pause = PAUSE if call.attempts < 12 else LONG_PAUSE
        again_at = away.again_at if isinstance(away, NotSent) else None
        durable.release(
            SupplierCall.objects.filter(state=CallState.ASKING),
            call.pk,
            token,
            next_try_at=max(again_at or clock.wall(), clock.wall() + pause),
        )
        return
    settle(actor, call, found, token=token, exchanges=adapter.http.exchanges)  # type: ignore[attr-defined]


@verb
def settle(
    actor: Actor, call: SupplierCall, found: Sequence[Found], *, token: UUID, exchanges: Sequence[Exchange]
) -> None:
    """What asking led to: the outcome of the open call, or another question.

    "Not found" counts only after the supplier's quiet time and two asks: it may commit late.
    """
    about: list[Any] = [call.reservation, call.reservation.trip]
    data = {"verb": call.verb, "found": len(found), "asks": call.asks + 1}
    record(actor, "booking.call.asked", objects=about, data=data)
    best = next((one for one in found if one.state != "cancelled"), found[0] if found else None)
    if best and _lead(actor, call, best, token, exchanges):
        return
    if _is_quiet(call) and call.asks + 1 >= ASKS:
        why = "手配先に確かめたところ、予約は成立していませんでした。もう一度お試しください。"
        if call.verb != CallVerb.BOOK:
            why = "手配先に確かめたところ、手続きは行われていませんでした。もう一度お試しください。"
        arranging.record_refused(actor, call, why=why, token=token, exchanges=exchanges)
        return
    calls.settle_call(
        call,
        token=token,
        outcome="unknown",
        exchanges=exchanges,
        state=CallState.ASKING,
        next_try_at=clock.wall() + PAUSE,
        asks=call.asks + 1,
    )


def _lead(actor: Actor, call: SupplierCall, found: Found, token: UUID, exchanges: Sequence[Exchange]) -> bool:
    if call.verb == CallVerb.BOOK and found.state != "cancelled":
        arranging.record_booked(actor, call, found.booked, token=token, exchanges=exchanges)
    elif call.verb == CallVerb.TICKET and found.ticketed:
        arranging.record_ticketed(actor, call, found.ticketed, token=token, exchanges=exchanges)
    elif call.verb == CallVerb.CHANGE and found.state != "cancelled" and calls.is_changed(call, found):
        changing.record_changed(actor, call, found.standing, token=token, exchanges=exchanges)  # type: ignore[arg-type]
    elif call.verb == CallVerb.CANCEL and found.cancelled:
        cancelling.record_cancelled(actor, call, found.cancelled, token=token, exchanges=exchanges)
    else:
        return False
    return True


def _is_quiet(call: SupplierCall) -> bool:
    quiet = dt.timedelta(seconds=call.reservation.connection.quiet_seconds)
    return call.sent_at is not None and clock.wall() >= call.sent_at + quiet
