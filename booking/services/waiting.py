"""A wish that could not be sent is kept, and tried again, until the moment that matters to the person."""

import datetime as dt
from collections.abc import Sequence

from booking.models import CallVerb, ReservationState, SupplierCall
from booking.services.calls import wanted_by
from booking.suppliers.errors import NotSent
from booking.suppliers.types import CancelStep, offer_from_json, steps_from_json
from lib import clock

BACK_OFF = [dt.timedelta(seconds=seconds) for seconds in (2, 5, 15, 30)]
LONGEST = dt.timedelta(days=1)
GAVE_UP = {
    CallVerb.BOOK: "候補の有効時間が過ぎました。予約はしていません。もう一度探してください。",
    CallVerb.CHANGE: "変更先の候補の有効時間が過ぎました。変更はしていません。もとの予約はそのままです。",
    CallVerb.TICKET: "発券の期限が来ました。発券はしていません。",
    CallVerb.CANCEL: "取消にかかる額が変わる時刻になりました。取り消していません。いまの額を確かめてください。",
}
LATE = "間に合わなくなりました。予約はしていません。"


def next_try(call: SupplierCall, away: NotSent) -> dt.datetime | None:
    """When to send the call again (wall time): later each time, and not before the supplier may be asked; None: too late."""
    pause = BACK_OFF[min(call.attempts, len(BACK_OFF)) - 1]
    # Who only waits for a connection that rests needs no pause of its own.
    soonest = max(clock.wall() + dt.timedelta(seconds=1), away.again_at or clock.wall() + pause)
    return soonest if soonest < _kept_until(call) else None


def gave_up(call: SupplierCall) -> str:
    """Why the wish ends here, for people."""
    rest = LATE if _is_renewed(call) else GAVE_UP[CallVerb(call.verb)]
    return f"手配先に接続できないまま、{rest}"


def _kept_until(call: SupplierCall) -> dt.datetime:
    """The last moment (wall time) at which carrying it out still is what the person wanted; after a day it never is."""
    reservation = call.reservation
    offers = [offer_from_json(reservation.offer)]
    if call.verb == CallVerb.CHANGE:
        offers.append(wanted_by(call))
    ends = [call.created_at + LONGEST]
    if call.verb == CallVerb.CANCEL:
        ends += _same_fee_until(steps_from_json(reservation.terms), call.max_yen)
    else:
        ends += [offer.rides[0].departs for offer in offers if offer.rides]
    if call.verb != CallVerb.BOOK and reservation.hold_until:
        ends.append(reservation.hold_until)
    real = [moment - dt.timedelta(seconds=clock.shift_seconds()) for moment in ends]
    if call.verb in {CallVerb.BOOK, CallVerb.CHANGE} and offers[-1].valid_until and not _is_renewed(call):
        # An offer lives by real time.
        real.append(offers[-1].valid_until)
    return min(real)


def _is_renewed(call: SupplierCall) -> bool:
    """A wish that waited for its supplier outlives its offer: it is searched anew before it is booked."""
    return call.verb == CallVerb.BOOK and call.state_before == ReservationState.SCHEDULED


def _same_fee_until(steps: Sequence[CancelStep], fee: int) -> list[dt.datetime]:
    """When the last step ends whose fee was accepted; none when that step has no end, or none fits."""
    accepted = [step.until for step in steps if step.fee <= fee]
    ends = [until for until in accepted if until is not None]
    return [max(ends)] if ends and len(ends) == len(accepted) else []
