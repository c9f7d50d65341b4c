"""What several rules ask of the facts."""

from collections import defaultdict
from collections.abc import Mapping

from booking.states import ReservationState
from tests.campaign.facts import Booking, Facts, Supplied

R = ReservationState
# States in which the portal believes that the supplier holds a booking.
HOLDS = frozenset({R.BOOKED, R.TICKETED, R.USED, R.NO_SHOW})


def by_reference(facts: Facts) -> Mapping[tuple[str, str], list[Supplied]]:
    """What the suppliers have, by supplier and reference."""
    found: dict[tuple[str, str], list[Supplied]] = defaultdict(list)
    for row in facts.supplied:
        found[row.supplier, row.reference].append(row)
    # One trip number may stand on several purchases of one person: EX knows trips, not bookings.
    return found


def is_sure(booking: Booking, state: str | None) -> bool:
    """Whether a booking in this state is had for good."""
    return state in {R.TICKETED, R.USED} or (state == R.BOOKED and not booking.ticketable)
