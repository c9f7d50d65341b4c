"""Rules about money: charged what it costs, owed until it came, on one line, within what was confirmed."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from booking.states import ReservationState
from tests.campaign.facts import Facts
from tests.campaign.judges.common import by_reference

R = ReservationState


def charged_what_it_costs(facts: Facts) -> Iterable[str]:
    """The charges of a booking are what the supplier says that it costs, to the yen."""
    found = by_reference(facts)
    numbers = {trip.id: trip.number for trip in facts.trips}
    for booking in facts.bookings:
        key = numbers[booking.trip] if booking.way == "handoff" else booking.reference
        rows = found.get((booking.supplier, key), [])
        if booking.way == "handoff":
            rows = [row for row in rows if row.number == booking.number]
        cost = sum(row.cost or 0 for row in rows)
        if booking.charged != cost:
            yield f"{booking.reference} ({booking.state}): charged {booking.charged}, it costs {cost}"


def money_owed_is_watched(facts: Facts) -> Iterable[str]:
    """Whatever was given back has its refund in the ledger, or an open claim over exactly what is missing.

    What was changed has its old price taken back. No claim is open whose money the supplier says that it gave back.
    """
    numbers = {trip.id: trip.number for trip in facts.trips}
    owed: dict[str, list[int]] = defaultdict(list)
    for claim in facts.claims:
        if claim.state == "open":
            owed[claim.booking].append(claim.expected)
    given_up = {claim.booking for claim in facts.claims if claim.state == "closed"}
    going = {change.old for change in facts.changes if (change.kind, change.state) == ("rebook", "confirmed")}
    back = {(row.supplier, row.reference, row.number) for row in facts.supplied if not row.live}
    for booking in facts.bookings:
        has, paid = owed[booking.id], booking.charged - booking.beside
        missing = max(paid - booking.kept, 0) if booking.state in {R.CANCELLED, R.NO_SHOW} else 0
        wanted = [missing] if missing and booking.id not in given_up else []
        if has != wanted and booking.id not in going:
            yield f"{booking.reference} ({booking.state}): {missing} is missing, claims are open over {has}"
        key = numbers[booking.trip] if booking.way == "handoff" else booking.reference
        if has and (booking.supplier, key, booking.number) in back:
            yield f"{booking.reference}: the supplier gave it back, and claims are open over {has}"
    changed = {change.new for change in facts.changes if change.state == "done" and change.kind in {"exchange", "own"}}
    for booking in facts.bookings:
        paid = booking.charged - booking.beside
        if booking.id in changed and booking.state in {R.TICKETED, R.USED} and paid > (booking.price or 0):
            yield f"{booking.reference}: changed to {booking.price}, and {paid} is charged"


def every_yen_once(facts: Facts) -> Iterable[str]:
    """The sum of all charges is that of all lines and of what is open; no charge stands on two lines."""
    amounts = {charge.id: charge.amount for charge in facts.charges}
    twice = [charge for charge, count in Counter(charge for charge, _ in facts.lines).items() if count > 1]
    if twice:
        yield f"charges on two lines: {twice}"
    for charge, amount in facts.lines:
        if amounts.get(charge) != amount:
            yield f"charge {charge}: {amounts.get(charge)} charged, {amount} on the line"
    billed = {charge for charge, _ in facts.lines}
    unbilled = {charge.id for charge in facts.charges if charge.id not in billed and not charge.own}
    if set(facts.unbilled) != unbilled:
        yield f"charges that are neither on a line nor open, or both: {sorted(set(facts.unbilled) ^ unbilled)}"


def within_what_was_confirmed(facts: Facts) -> Iterable[str]:
    """At no moment did what the portal bought for a trip pass what its person had confirmed by then."""
    ways = {booking.id: booking for booking in facts.bookings}
    rebooked = {change.id: change for change in facts.changes if change.kind == "rebook"}
    bound: dict[str, int] = {}
    # What is being replaced counts with the fee of giving it back; its supplier may refuse that, and it is used after all.
    going: dict[str, int] = {}
    then: dict[str, str] = {}
    spent: dict[str, dict[str, int]] = defaultdict(dict)
    for event in facts.events:
        first = event.objects[0] if event.objects else ""
        if event.code in {"booking.trip.released", "booking.trip.raised"}:
            bound[first] = event.data["total"]
        if first in rebooked and event.code == "booking.change.confirmed":
            going[rebooked[first].old] = rebooked[first].max_fee or 0
        elif first in rebooked and then.get(rebooked[first].old) != R.USED:
            going.pop(rebooked[first].old, None)
        if first in ways and event.data.get("to"):
            then[first] = str(event.data["to"])
        booking = ways.get(first)
        if booking is None or event.data.get("to") is None:
            continue
        stay = booking.way == "api" and not booking.ticketable
        bought = event.data["to"] == R.TICKETED and event.data.get("source", "supplier") != "feed"
        if (bought and event.code.endswith((".ticketed", ".changed"))) or (stay and event.data["to"] == R.BOOKED):
            spent[booking.trip][booking.id] = event.data.get("price") or 0
        elif event.data["to"] in {R.CANCELLED, R.FAILED, R.WITHDRAWN}:
            spent[booking.trip].pop(booking.id, None)
        total = sum(going.get(each, price) for each, price in spent[booking.trip].items())
        if total > bound.get(booking.trip, 0):
            yield f"{booking.reference}: {total} bought at event {event.seq}, {bound.get(booking.trip)} confirmed"
