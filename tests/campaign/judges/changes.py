"""Rules about changes of bookings."""

from collections.abc import Iterable

from booking.states import ReservationState
from tests.campaign.facts import ChangeFact, Facts
from tests.campaign.judges.common import HOLDS, is_sure

R = ReservationState


def every_change_ends(facts: Facts) -> Iterable[str]:
    """What was confirmed is done or refused.

    A person may be waited for: at a supplier's site, or where giving the old booking back was refused and both stand.
    """
    known = {booking.id: booking for booking in facts.bookings}
    for change in facts.changes:
        if change.state != "confirmed" or change.kind == "own":
            continue
        old, new = known[change.old], known[change.new]
        both = old.state in HOLDS and is_sure(new, new.state)
        if not (both or new.state in {R.HANDED_OFF, R.SCHEDULED} or (old.way != "api" and old.problem)):
            yield f"change {change.id} ({change.kind}) of {old.reference}: {old.state}, {new.state}, and not at its end"


def the_old_lives_until_the_new_is_sure(facts: Facts) -> Iterable[str]:
    """Nothing is given back for a change whose new booking does not stand, and a refused change has cost nothing."""
    known = {booking.id: booking for booking in facts.bookings}
    changes = {change.id: change for change in facts.changes}
    open_for: dict[str, ChangeFact] = {}
    then: dict[str, str] = {}
    for event in facts.events:
        first = event.objects[0] if event.objects else ""
        to = str(event.data.get("to") or "")
        if change := changes.get(first):
            if to == "confirmed" and change.kind == "rebook":
                open_for[change.old] = change
            else:
                open_for.pop(change.old, None)
            if to == "done" and then.get(change.new) not in HOLDS:
                yield f"change {change.id}: done at event {event.seq}, and the new one is {then.get(change.new)}"
            # Its own deadline may have ended it meanwhile.
            if to == "refused" and change.kind != "replace" and then.get(change.old) not in HOLDS | {R.EXPIRED}:
                yield f"change {change.id}: refused at event {event.seq}, and the old one is {then.get(change.old)}"
        elif first in known and to:
            then[first] = to
            change = open_for.get(first)
            if to == R.CANCELLING and change and not is_sure(known[change.new], then.get(change.new)):
                yield f"change {change.id}: the old one is given back at event {event.seq}, the new one is {then.get(change.new)}"


def changed_at_what_was_confirmed(facts: Facts) -> Iterable[str]:
    """An exchange costs no more than was confirmed, giving the old booking back no more than the fee that was shown."""
    known = {booking.id: booking for booking in facts.bookings}
    exchanges: dict[str, ChangeFact] = {}
    changes = {change.id: change for change in facts.changes}
    for event in facts.events:
        first = event.objects[0] if event.objects else ""
        if first in changes and event.code == "booking.change.confirmed" and changes[first].kind == "exchange":
            exchanges[changes[first].old] = changes[first]
        elif event.code == "booking.reservation.changed" and first in exchanges:
            cost, highest = event.data["difference"] + event.data["fee"], exchanges[first].max_cost or 0
            if cost > highest:
                yield f"{known[first].reference}: changed for {cost} at event {event.seq}, {highest} confirmed"
    for change in facts.changes:
        old = known[change.old]
        given_back = (change.kind, change.state, old.state) == ("rebook", "done", R.CANCELLED)
        if given_back and old.charged > (change.max_fee or 0):
            yield f"{old.reference}: given back for {old.charged}, {change.max_fee} confirmed"
