"""The rule about the event log."""

from collections.abc import Iterable, Mapping

from booking.states import CHANGE_MOVES, CLAIM_MOVES, RESERVATION_MOVES, TRIP_MOVES, ReservationState
from tests.campaign.facts import Facts

R = ReservationState


def every_change_has_its_event(facts: Facts) -> Iterable[str]:
    """The events of each trip and reservation walk through the table of moves and end where the row stands."""
    known = {booking.id: (booking.reference, booking.state) for booking in facts.bookings}
    # A wish that waits is stopped where it stands.
    moves = {**RESERVATION_MOVES, R.SCHEDULED: RESERVATION_MOVES[R.SCHEDULED] | {R.SCHEDULED}}
    yield from _walk(facts, known, "booking.reservation.", moves)
    trips = {trip.id: (trip.number, trip.state) for trip in facts.trips}
    yield from _walk(facts, trips, "booking.trip.", TRIP_MOVES)
    changes = {change.id: (f"change {change.id}", change.state) for change in facts.changes}
    yield from _walk(facts, changes, "booking.change.", CHANGE_MOVES)
    claims = {claim.id: (f"claim {claim.id}", claim.state) for claim in facts.claims}
    yield from _walk(facts, claims, "booking.claim.", CLAIM_MOVES, begins="open")
    for charge in facts.charges:
        if not charge.told:
            yield f"charge {charge.id}: no event tells of it"


def _walk(
    facts: Facts,
    known: Mapping[str, tuple[str, str]],
    codes: str,
    moves: Mapping[str, frozenset[str]],
    begins: str = "draft",
) -> Iterable[str]:
    now = dict.fromkeys(known, begins)
    for event in facts.events:
        first = event.objects[0] if event.objects else ""
        if first not in now or not event.code.startswith(codes) or "to" not in event.data:
            continue
        name = known[first][0]
        if event.data["from"] != now[first]:
            yield f"{name}: event {event.seq} leaves {event.data['from']}, it was {now[first]}"
        if event.data["to"] not in moves.get(event.data["from"], frozenset()):
            yield f"{name}: event {event.seq} moves {event.data['from']} → {event.data['to']}"
        now[first] = event.data["to"]
    for key, (name, state) in known.items():
        if now[key] != state:
            yield f"{name}: {state}, but its events end at {now[key]}"
