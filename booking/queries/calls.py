"""Calls whose outcome is not known yet, for the desk: what was asked, what the supplier said, when it is asked next."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.queries import EventLine, history_of
from booking.models import CallState, CallVerb, ReservationState, SupplierCall
from booking.permissions import READ_CALL, SETTLE_CALL
from booking.queries.changing import Line, wanted_line
from lib import clock
from lib.actor import Actor

SHOWN = 100
# What one exchange holds beside these is for machines.
WORDS = ("method", "path", "status", "request", "answer", "milliseconds")


def open_calls(actor: Actor) -> Sequence[SupplierCall]:
    """Calls of reservations that are unknown, oldest first."""
    calls = SupplierCall.objects.visible_to(actor, READ_CALL).filter(reservation__state=ReservationState.UNKNOWN)
    return list(_with_facts(calls.exclude(state=CallState.DONE)).order_by("pk")[:SHOWN])


def settled_calls(actor: Actor) -> Sequence[SupplierCall]:
    """The last calls that had to be asked about and have an outcome, latest first."""
    calls = SupplierCall.objects.visible_to(actor, READ_CALL).filter(state=CallState.DONE, asks__gt=0)
    return list(_with_facts(calls).order_by("-done_at")[:20])


def _with_facts(calls: Any) -> Any:
    return calls.select_related("reservation__trip__traveller", "reservation__connection").defer("exchanges")


@dataclass(frozen=True, slots=True)
class Said:
    """One request and its answer, without names and secrets; `at` is wall time."""

    at: dt.datetime
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallPage:
    """Everything on a call's page; `may_commit_until` (wall time) is None once the supplier's quiet time is over.

    `wanted` is what a change shall lead to.
    """

    call: SupplierCall
    said: Sequence[Said]
    history: Sequence[EventLine]
    is_open: bool
    may_settle: bool
    may_commit_until: dt.datetime | None
    wanted: Line | None


def call_page(actor: Actor, call: SupplierCall) -> CallPage:
    """The page of a call whose access was checked before."""
    reservation = call.reservation
    is_open = call.state == CallState.ASKING and reservation.state == ReservationState.UNKNOWN
    quiet = dt.timedelta(seconds=reservation.connection.quiet_seconds)
    until = call.sent_at + quiet if call.sent_at else None
    said = [
        Said(dt.datetime.fromisoformat(each["at"]), {name: each.get(name, "") for name in WORDS})
        for each in call.exchanges
    ]
    return CallPage(
        call=call,
        said=said,
        history=history_of(reservation.public_id),
        is_open=is_open,
        may_settle=is_open and actor.may(SETTLE_CALL),
        may_commit_until=until if until and until > clock.wall() else None,
        wanted=_wanted(call) if call.verb == CallVerb.CHANGE else None,
    )


def _wanted(call: SupplierCall) -> Line | None:
    """Of the booking's changes the one that this call carried out: the last that was confirmed before it."""
    changes = call.reservation.changes.filter(confirmed_at__lte=call.created_at).order_by("-confirmed_at")
    change = changes.select_related("answer__connection").first()
    return wanted_line(change) if change else None
