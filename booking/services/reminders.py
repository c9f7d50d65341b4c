"""What people are told in time: numbers that are still missing, and holds that run out. Each once, and only while it is so."""

import datetime as dt
from operator import itemgetter
from typing import TypeVar

from django.db.models import Min, Q

from audit.models import OutgoingMail
from booking.mails import (
    CHANGE_DAY_BEFORE,
    CHANGE_MORNING,
    HOLD_NEAR,
    HOLD_SOON,
    NUMBER_AFTER,
    NUMBER_DAY_BEFORE,
    NUMBER_MORNING,
    NUMBER_ON_SALE,
    tell_change_missing,
    tell_hold_ends,
    tell_number_missing,
)
from booking.models import Change, ChangeKind, ChangeState, Reservation, ReservationState
from booking.queries.hours import sale_opens_at
from booking.suppliers.types import offer_from_json
from lib import clock, jst
from lib.actor import Actor
from lib.errors import Stale
from lib.verbs import verb

R = ReservationState
# When people sit down at their desks.
MORNING = 9
# A working day to decide, and the last moment at which somebody can still be reached.
HOLD_TOLD = [(HOLD_SOON, dt.timedelta(hours=24)), (HOLD_NEAR, dt.timedelta(hours=3))]
DAY = dt.timedelta(days=1)
Told = TypeVar("Told", Reservation, Change)


def numbers_to_ask_for() -> list[Reservation]:
    """Bookings on suppliers' own sites of which somebody is to be reminded now; two queries, and one for each that waits."""
    leaves = Min("segments__departs", filter=Q(segments__live=True))
    waiting = Reservation.objects.filter(state=R.HANDED_OFF).annotate(leaves=leaves).select_related("trip")
    return _untold([(row, number_occasion(row, row.leaves)) for row in waiting])  # type: ignore[attr-defined]


def number_occasion(reservation: Reservation, leaves: dt.datetime | None) -> str:
    """The last occasion that has come to ask for the number; empty when there was none. `leaves`: the first departure.

    The morning after it was chosen, or after its sale has begun; when sale begins; the day before; the morning after.
    """
    since, now = reservation.waiting_since or reservation.trip.submitted_at, clock.now()
    if since is None or leaves is None:
        return ""
    opens = sale_opens_at(reservation.supplier, offer_from_json(reservation.offer)) if reservation.offer else None
    begins = opens if opens and opens > since else since
    occasions = [
        (begins, NUMBER_ON_SALE),
        (jst.at(jst.day_of(begins) + DAY, MORNING), NUMBER_MORNING),
        (jst.at(jst.day_of(leaves) - DAY, MORNING), NUMBER_DAY_BEFORE),
        (jst.at(jst.day_of(leaves) + DAY, MORNING), NUMBER_AFTER),
    ]
    come = [occasion for occasion in occasions if since < occasion[0] <= now]
    # Of two at the same moment the later one says more.
    kind = sorted(come, key=itemgetter(0))[-1][1] if come else ""
    # Between departure and the morning after there is nothing to say.
    return kind if kind == NUMBER_AFTER or leaves > now else ""


@verb
def remind_of_number(actor: Actor, reservation: Reservation) -> None:
    """Ask once for the number of what a person buys on the supplier's own site. Raises Stale when there is no occasion now."""
    fresh = _locked(reservation)
    first = fresh.segments.order_by("departs").first()
    kind = number_occasion(fresh, first.departs if first else None)
    if fresh.state != R.HANDED_OFF or not _untold([(fresh, kind)]):
        raise Stale
    tell_number_missing(actor, fresh, kind=kind)


def changes_to_ask_for() -> list[Change]:
    """Changes that are made on suppliers' own sites of which somebody is to be reminded now. Three queries."""
    waiting = Change.objects.under_way().filter(kind=ChangeKind.OWN, reservation__state=R.TICKETED)
    rows = waiting.select_related("reservation__trip").prefetch_related("reservation__segments")
    return _untold([(row, change_occasion(row)) for row in rows])


def change_occasion(change: Change) -> str:
    """The last occasion that has come to ask for the change; empty when there was none, or one of the trains has left.

    The morning after it was confirmed, and the day before the earlier of both trains leaves.
    """
    since, now = change.confirmed_at, clock.now()
    departures = [ride.departs for ride in change.reservation.segments.all()]
    departures += [ride.departs for ride in offer_from_json(change.offer).rides]
    if since is None or not departures:
        return ""
    leaves = min(departures)
    occasions = [
        (jst.at(jst.day_of(since) + DAY, MORNING), CHANGE_MORNING),
        (jst.at(jst.day_of(leaves) - DAY, MORNING), CHANGE_DAY_BEFORE),
    ]
    come = [occasion for occasion in occasions if since < occasion[0] <= now < leaves]
    return sorted(come, key=itemgetter(0))[-1][1] if come else ""


@verb
def remind_of_change(actor: Actor, change: Change) -> None:
    """Ask once to enter a change that was made on the supplier's own site, or to drop it. Raises Stale without an occasion."""
    rows = Change.objects.select_for_update(no_key=True, of=("self",))
    fresh = rows.select_related("reservation__trip__traveller", "reservation__connection").get(pk=change.pk)
    kind = change_occasion(fresh)
    if fresh.state != ChangeState.CONFIRMED or not _untold([(fresh, kind)]):
        raise Stale
    tell_change_missing(actor, fresh, kind=kind)


def holds_to_tell() -> list[Reservation]:
    """Bookings whose last moment to ticket is near, and whose travellers have yet to hear of it. Two queries.

    What is being changed is neither ticketed nor cancelled by its person now.
    """
    now = clock.now()
    near = Reservation.objects.filter(state=R.BOOKED, hold_until__gt=now, hold_until__lte=now + HOLD_TOLD[0][1])
    near = near.exclude(pk__in=Change.objects.under_way().values("reservation"))
    return _untold([(row, hold_occasion(row)) for row in near.select_related("trip")])


def hold_occasion(reservation: Reservation) -> str:
    """The last of the times before the end of a hold that has come; one that had passed at booking is none."""
    ends, booked = reservation.hold_until, reservation.booked_at
    if ends is None or booked is None:
        return ""
    come = [kind for kind, before in HOLD_TOLD if booked < ends - before <= clock.now()]
    return come[-1] if come else ""


@verb
def remind_of_hold(actor: Actor, reservation: Reservation) -> None:
    """Tell once that a hold runs out. Raises Stale when it is ticketed, gone, or was told of already."""
    fresh = _locked(reservation)
    kind = hold_occasion(fresh)
    held = fresh.state == R.BOOKED and fresh.hold_until is not None and fresh.hold_until > clock.now()
    if not held or fresh.changes.under_way().exists() or not _untold([(fresh, kind)]):
        raise Stale
    tell_hold_ends(actor, fresh, kind=kind)


def _locked(reservation: Reservation) -> Reservation:
    rows = Reservation.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("trip__traveller", "connection").get(pk=reservation.pk)


def _untold(found: list[tuple[Told, str]]) -> list[Told]:
    """Those with an occasion of which no mail tells yet."""
    due = [(row, kind) for row, kind in found if kind]
    mails = OutgoingMail.objects.filter(about_id__in=[row.public_id for row, _ in due])
    told = set(mails.values_list("about_id", "kind"))
    return [row for row, kind in due if (row.public_id, kind) not in told]
