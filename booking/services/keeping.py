"""A wish that waits: for the supplier's hours or the opening of sale, or for a person when something has changed."""

import datetime as dt
from typing import Any

from audit.changes import advance
from booking.mails import tell_stopped
from booking.models import Reservation, ReservationState
from booking.states import RESERVATION_MOVES
from lib import clock
from lib.actor import Actor
from lib.verbs import inside

R = ReservationState
# One that waits may come to wait for something else: for hours once another part is decided, or for its person.
MOVES = {**RESERVATION_MOVES, R.SCHEDULED: RESERVATION_MOVES[R.SCHEDULED] | {R.SCHEDULED}}


@inside
def keep_wish(actor: Actor, reservation: Reservation, *, not_before: dt.datetime, why: str = "") -> None:
    """Keep a confirmed wish until a moment; the sweeper carries it out then."""
    advance(
        reservation,
        R.SCHEDULED,
        code="booking.reservation.kept",
        allowed=MOVES,
        actor=actor,
        why=why,
        about=[reservation.trip],
        data={"not_before": not_before},
        not_before=not_before,
        waiting_since=reservation.waiting_since or clock.now(),
        problem="",
    )


@inside
def stop_wish(actor: Actor, reservation: Reservation, *, why: str, **fields: Any) -> None:
    """The wish cannot be carried out as it was confirmed: it waits for the person, who is told by mail what changed."""
    advance(
        reservation,
        R.SCHEDULED,
        code="booking.reservation.stopped",
        allowed=MOVES,
        actor=actor,
        why=why.rstrip("。"),
        about=[reservation.trip],
        not_before=None,
        waiting_since=reservation.waiting_since or clock.now(),
        problem=why[:300],
        **fields,
    )
    tell_stopped(actor, reservation)
