"""Rules about what is booked: at the suppliers and here, each wish once and none lost."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from booking.states import IN_FLIGHT, ReservationState
from tests.campaign.facts import Booking, Facts, Supplied
from tests.campaign.judges.common import HOLDS, by_reference

R = ReservationState


def no_double_booking(facts: Facts) -> Iterable[str]:
    """A supplier never made two bookings for one reservation, unless the first had lapsed when the second was made."""
    for key, rows in by_reference(facts).items():
        if not all(_lapsed_before(*two) for two in pairwise(sorted(rows, key=lambda row: row.made))):
            yield f"{key}: the supplier made {len(rows)} bookings: {[(row.number, row.state) for row in rows]}"


def _lapsed_before(row: Supplied, later: Supplied) -> bool:
    return row.state == "expired" and row.until is not None and row.until <= later.made


def no_orphan(facts: Facts) -> Iterable[str]:
    """Every live booking of a supplier is known to the portal as held, under the same number."""
    known = {booking.reference: booking for booking in facts.bookings}
    for row in facts.supplied:
        booking = known.get(row.reference)
        if row.supplier == "ex" or not row.live:
            continue
        if booking is None or booking.state not in HOLDS:
            yield f"{row.reference}: {row.number} is {row.state} at the supplier, {booking and booking.state} here"
        elif booking.number != row.number:
            yield f"{row.reference}: {row.number} at the supplier, {booking.number} here"


def no_phantom(facts: Facts) -> Iterable[str]:
    """What the portal believes to be held is held, ticketed only if it is ticketed there."""
    found = by_reference(facts)
    for booking in facts.bookings:
        if booking.way != "api" or booking.state not in HOLDS:
            continue
        states = {row.state for row in found.get((booking.supplier, booking.reference), ())}
        wanted = {"ticketed"} if booking.ticketable and booking.state != R.BOOKED else {"held", "confirmed"}
        if not states & wanted:
            yield f"{booking.reference}: {booking.state} here, {sorted(states) or 'nothing'} at the supplier"


def every_purchase_is_found(facts: Facts) -> Iterable[str]:
    """What somebody bought on the supplier's own site is known once the usage file was read, if only to the desk."""
    numbers = {trip.id: trip.number for trip in facts.trips}
    known = Counter(
        (numbers[booking.trip], booking.number)
        for booking in facts.bookings
        if booking.way == "handoff" and booking.number
    )
    for row in facts.supplied:
        asked = f"{row.reference}, {row.number}" in facts.at_the_desk
        if row.supplier == "ex" and known[row.reference, row.number] not in ({0, 1} if asked else {1}):
            yield f"{row.reference}: purchase {row.number} stands {known[row.reference, row.number]} times here"


def no_lost_wish(facts: Facts) -> Iterable[str]:
    """Each confirmed wish has an outcome that its person can see: nothing waits for what will never come."""
    by_trip: dict[str, list[Booking]] = defaultdict(list)
    for booking in facts.bookings:
        by_trip[booking.trip].append(booking)
    states = {trip.id: trip.state for trip in facts.trips}
    replaced = {change.old for change in facts.changes if change.state in {"confirmed", "done"}}
    for trip in facts.confirmed:
        if states.get(trip) not in {"released", "closed"}:
            yield f"trip {trip}: confirmed, and {states.get(trip)} now"
        rows = [booking for booking in by_trip[trip] if booking.state != R.WITHDRAWN or booking.problem]
        if not rows:
            yield f"trip {trip}: confirmed, and nothing is left of it"
        broken = any(booking.state in {R.FAILED, R.EXPIRED} and booking.id not in replaced for booking in rows)
        waits = any(booking.state == R.SCHEDULED or (booking.problem and booking.state == R.BOOKED) for booking in rows)
        for booking in rows:
            asks = booking.state == R.SCHEDULED and (booking.early or booking.problem)
            if booking.state in {R.DRAFT, R.SCHEDULED} and not asks:
                yield f"{booking.reference}: confirmed, and never sent"
            elif booking.state == R.BOOKED and booking.ticketable and not (broken or waits):
                yield f"{booking.reference}: held, and nobody tickets it or says why"
            elif booking.state in {R.FAILED, R.EXPIRED} and not booking.problem:
                yield f"{booking.reference}: {booking.state} without a word why"


def nothing_in_flight(facts: Facts) -> Iterable[str]:
    """Nothing is under way any longer than its lease."""
    for booking in facts.bookings:
        if booking.state in IN_FLIGHT or booking.state == R.UNKNOWN:
            yield f"{booking.reference}: still {booking.state}"
        if booking.open_calls:
            yield f"{booking.reference}: {booking.open_calls} calls still open"


def one_live_part(facts: Facts) -> Iterable[str]:
    """No wish has two live rides or nights."""
    for name, count in facts.live_parts:
        if count > 1:
            yield f"{name}: {count} live"
