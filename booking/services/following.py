"""What follows for a change when one of its two bookings has moved: the old one goes only once the new one is sure."""

import datetime as dt

from django.db.models import Q

from audit.changes import advance
from booking.mails import tell_both_stand, tell_change
from booking.models import CallVerb, Change, ChangeKind, ChangeState, Reservation, ReservationState, Trip, Way
from booking.queries.changing import is_sure
from booking.services.calls import claim_call
from booking.services.claims import void_claim, watch_refund
from booking.states import CHANGE_MOVES, ENDED, IN_FLIGHT
from lib import clock
from lib.actor import Actor
from lib.verbs import inside

R = ReservationState
LOST = frozenset({R.FAILED, R.EXPIRED, R.CANCELLED, R.WITHDRAWN})
HELD = frozenset({R.BOOKED, R.TICKETED})
BY_HAND = "新しい予約が取れました。この予約は、手配先のサイトで払い戻してください。"


@inside
def follow_change(actor: Actor, reservation: Reservation) -> None:
    """Go on with the change that the reservation belongs to, if it belongs to one that is under way."""
    mine = Q(replacement=reservation) | Q(reservation=reservation, kind__in=[ChangeKind.REBOOK, ChangeKind.OWN])
    change = _under_way(mine)
    if change is None:
        return
    if change.replacement is None:
        if reservation.state in ENDED:
            drop_change_of(actor, change)
        return
    new, old = change.replacement, change.reservation
    if new.pk == reservation.pk and new.state in LOST:
        refuse_change(actor, change, why=new.problem or "新しい予約が取れませんでした。")
    elif is_sure(new):
        if change.kind == ChangeKind.REPLACE or old.state in ENDED:
            finish_change(actor, change)
        elif new.pk == reservation.pk:
            _give_back(actor, change, old)


def _under_way(which: Q) -> Change | None:
    return Change.objects.under_way().select_for_update(no_key=True, of=("self",)).filter(which).first()


@inside
def follow_kept(actor: Actor, reservation: Reservation, *, fee: int, why: str) -> None:
    """The supplier did not give the reservation back for `fee` yen: where a new one is sure already, both stand now.

    It is tried again at the fee that the change was confirmed with, if that is more; else its traveller is told.
    """
    change = _under_way(Q(reservation=reservation, kind=ChangeKind.REBOOK))
    if change is None or change.replacement is None or not is_sure(change.replacement):
        return
    if fee < (change.max_fee or 0):
        _give_back(actor, change, reservation)
    else:
        _leave_both(actor, change, reservation, why=why)


@inside
def drop_change_of(actor: Actor, change: Change) -> None:
    """Nothing is to be changed any more: it was given up, or its booking has ended meanwhile."""
    old = change.reservation
    advance(
        change, ChangeState.DROPPED, code="booking.change.dropped", allowed=CHANGE_MOVES, actor=actor,
        about=[old, old.trip],
    )  # fmt: skip


def _give_back(actor: Actor, change: Change, old: Reservation) -> None:
    """Cancel the old booking at the fee that was confirmed; what the portal cannot cancel waits for its traveller."""
    if old.state in IN_FLIGHT | {R.UNKNOWN}:
        # It is being given back already; how that ends is followed by itself.
        return
    if old.way == Way.API and old.state in HELD:
        claim_call(actor, old, verb=CallVerb.CANCEL, max_yen=change.max_fee or 0)
    else:
        old.problem = BY_HAND
        old.save(update_fields=["problem"])
        _leave_both(actor, change, old, why=BY_HAND)


def _leave_both(actor: Actor, change: Change, old: Reservation, *, why: str) -> None:
    """The new booking is sure and the old one has to be given back by a person: its money is watched from now on."""
    watch_refund(actor, old)
    tell_both_stand(actor, change, why=why)


@inside
def finish_change(actor: Actor, change: Change) -> None:
    """The change has come to its end: the wish of the trip is what was chosen."""
    old, new = change.reservation, change.replacement or change.reservation
    _move_wish(change, new)
    advance(
        change, ChangeState.DONE, code="booking.change.done", allowed=CHANGE_MOVES, actor=actor,
        about=[old, old.trip], done_at=clock.now(),
    )  # fmt: skip
    tell_change(actor, change)


@inside
def refuse_change(actor: Actor, change: Change, *, why: str) -> None:
    """The change has failed: the old booking stands as it was."""
    old = change.reservation
    old.segments.update(outgoing=False)
    old.nights.update(outgoing=False)
    Reservation.objects.filter(pk=old.pk, problem=BY_HAND).update(problem="")
    void_claim(actor, old)
    advance(
        change, ChangeState.REFUSED, code="booking.change.refused", allowed=CHANGE_MOVES, actor=actor, why=why,
        about=[old, old.trip], done_at=clock.now(), problem=why[:300],
    )  # fmt: skip
    tell_change(actor, change)


def _move_wish(change: Change, new: Reservation) -> None:
    """Item and trip cover the days of what stands now."""
    days = [segment.travel_on for segment in new.segments.all()] + [night.date for night in new.nights.all()]
    if not days:
        return
    part = new.segments.first() or new.nights.first()
    if part is None:
        return
    item, trip = part.item, change.reservation.trip
    item.first_day, item.last_day = min(days), max(days)
    item.save(update_fields=["first_day", "last_day"])
    last = max(days) + (dt.timedelta(days=1) if new.nights.exists() else dt.timedelta())
    Trip.objects.filter(pk=trip.pk).update(
        first_day=min(trip.first_day, item.first_day), last_day=max(trip.last_day, last)
    )
