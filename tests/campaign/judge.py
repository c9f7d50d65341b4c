"""The judge: pure functions from facts to violations, each a sentence that names what is wrong and where.

Everything is at rest when the judge looks: no fault waits, nothing is under way, the last usage file has been read.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from booking.states import (
    CHANGE_MOVES,
    CLAIM_MOVES,
    IN_FLIGHT,
    RESERVATION_MOVES,
    TRIP_MOVES,
    ChangeState,
    ReservationState,
)
from tests.campaign.facts import Booking, ChangeFact, Facts, MailFact, Supplied

R = ReservationState
# States in which the portal believes that the supplier holds a booking.
HOLDS = frozenset({R.BOOKED, R.TICKETED, R.USED, R.NO_SHOW})
NAMES = {state.label: state.value for state in ReservationState}
ENTRY = re.compile(
    r"^・(?P<title>.+)\n +(?P<state>\S+)(?: 予約番号 (?P<number>\S+))?(?: (?:目安 )?(?P<price>[0-9,]+)円)?", re.M
)
CHANGED = re.compile(
    r"^・.+\n(?: +予約番号 (?P<number>\S+)\n)? +状態 (?P<state>\S+)\n(?: +金額 (?P<price>[0-9,]+)円)?", re.M
)
# What a mail about one booking or change says of it.
TOLD_OF = {
    "number_on_sale": R.HANDED_OFF,
    "number_morning": R.HANDED_OFF,
    "number_day_before": R.HANDED_OFF,
    "number_after": R.HANDED_OFF,
    "change_morning": ChangeState.CONFIRMED,
    "change_day_before": ChangeState.CONFIRMED,
    "hold_24h": R.BOOKED,
    "hold_3h": R.BOOKED,
    "expired": R.EXPIRED,
    "wish_stopped": R.SCHEDULED,
}
CANCELLED = re.compile(
    r"^・.+\n +予約番号 (?P<number>\S+)\n +(?:取消にかかった額|引かれる予定の額) (?P<fee>[0-9,]+)円", re.M
)


def no_double_booking(facts: Facts) -> Iterable[str]:
    """A supplier never made two bookings for one reservation, unless the first had lapsed when the second was made."""
    for key, rows in _by_reference(facts).items():
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
    found = _by_reference(facts)
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


def charged_what_it_costs(facts: Facts) -> Iterable[str]:
    """The charges of a booking are what the supplier says that it costs, to the yen."""
    found = _by_reference(facts)
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


def every_change_ends(facts: Facts) -> Iterable[str]:
    """What was confirmed is done or refused.

    A person may be waited for: at a supplier's site, or where giving the old booking back was refused and both stand.
    """
    known = {booking.id: booking for booking in facts.bookings}
    for change in facts.changes:
        if change.state != "confirmed" or change.kind == "own":
            continue
        old, new = known[change.old], known[change.new]
        both = old.state in HOLDS and _is_sure(new, new.state)
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
            if to == R.CANCELLING and change and not _is_sure(known[change.new], then.get(change.new)):
                yield f"change {change.id}: the old one is given back at event {event.seq}, the new one is {then.get(change.new)}"


def _is_sure(booking: Booking, state: str | None) -> bool:
    return state in {R.TICKETED, R.USED} or (state == R.BOOKED and not booking.ticketable)


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


def one_live_part(facts: Facts) -> Iterable[str]:
    """No wish has two live rides or nights."""
    for name, count in facts.live_parts:
        if count > 1:
            yield f"{name}: {count} live"


def mails_are_true(facts: Facts) -> Iterable[str]:
    """Nobody was told anything by mail that was not so when it was written: by the log, and by the suppliers."""
    supplied = {(row.number, row.reference): row for row in facts.supplied}
    then: dict[str, str] = {}
    changes = {change.id: change for change in facts.changes}
    ended: dict[str, tuple[ChangeFact, str]] = {}
    first_prices = _first_prices(facts)
    written = sorted(facts.mails, key=lambda mail: mail.queued)
    events = iter(facts.events)
    event = next(events, None)
    by_trip: dict[str, list[Booking]] = defaultdict(list)
    trip_of = {booking.id: booking.trip for booking in facts.bookings}
    for booking in facts.bookings:
        by_trip[booking.trip].append(booking)
    for mail in written:
        while event is not None and event.seq <= mail.queued:
            if event.objects and event.data.get("to"):
                then[event.objects[0]] = str(event.data["to"])
                if change := changes.get(event.objects[0]):
                    ended[change.trip] = change, str(event.data["to"])
            event = next(events, None)
        rows = by_trip[trip_of.get(mail.about, mail.about)]
        if mail.kind in TOLD_OF:
            if then.get(mail.about) != TOLD_OF[mail.kind]:
                yield f"mail {mail.id}: {mail.kind} of what was {then.get(mail.about)}"
        elif mail.kind == "cancelled":
            yield from _cancellation_told(mail, rows, then, supplied)
        elif mail.kind == "change":
            yield from _change_told(mail, rows, then, ended.get(mail.about))
        else:
            yield from _result_told(mail, rows, then, supplied, first_prices)


def everybody_was_told(facts: Facts) -> Iterable[str]:
    """Each confirmed trip with something booked has one mail of its result, each cancellation one; each arrived."""
    kinds = Counter((mail.about, mail.kind) for mail in facts.mails)
    by_trip: dict[str, list[Booking]] = defaultdict(list)
    for booking in facts.bookings:
        by_trip[booking.trip].append(booking)
    for trip in facts.confirmed:
        rows = by_trip[trip]
        wanted = 1 if any(booking.way == "api" and booking.state != R.WITHDRAWN for booking in rows) else 0
        if kinds[trip, "trip_result"] != wanted:
            yield f"trip {trip}: {kinds[trip, 'trip_result']} mails of the result, {wanted} wanted"
        cancelled = sum(booking.state == R.CANCELLED for booking in rows)
        if kinds[trip, "cancelled"] != cancelled:
            yield f"trip {trip}: {kinds[trip, 'cancelled']} mails of cancellations, {cancelled} wanted"
    ended = Counter(change.trip for change in facts.changes if change.state in {"done", "refused"})
    for about in ended.keys() | {mail.about for mail in facts.mails if mail.kind == "change"}:
        if kinds[about, "change"] != ended[about]:
            yield f"trip {about}: {kinds[about, 'change']} mails of changes, {ended[about]} wanted"
    for mail in facts.mails:
        if mail.state != "sent" or not mail.delivered:
            yield f"mail {mail.id} ({mail.kind}): {mail.state}, arrived {mail.delivered} times"
    for stranger in facts.strangers:
        yield f"mail {stranger}: arrived, and nobody wrote it"


JUDGES: Sequence[Callable[[Facts], Iterable[str]]] = (
    no_double_booking,
    no_orphan,
    no_phantom,
    every_purchase_is_found,
    no_lost_wish,
    nothing_in_flight,
    charged_what_it_costs,
    money_owed_is_watched,
    every_yen_once,
    every_change_has_its_event,
    within_what_was_confirmed,
    every_change_ends,
    the_old_lives_until_the_new_is_sure,
    changed_at_what_was_confirmed,
    one_live_part,
    mails_are_true,
    everybody_was_told,
)


def judge(facts: Facts) -> list[str]:
    """Every violation, with the name of the promise that it breaks."""
    return [f"{check.__name__}: {said}" for check in JUDGES for said in check(facts)]


def _by_reference(facts: Facts) -> Mapping[tuple[str, str], list[Supplied]]:
    found: dict[tuple[str, str], list[Supplied]] = defaultdict(list)
    for row in facts.supplied:
        found[row.supplier, row.reference].append(row)
    # One trip number may stand on several purchases of one person: EX knows trips, not bookings.
    return found


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


def _first_prices(facts: Facts) -> Mapping[str, int]:
    """What a booking cost before it was changed: no supplier says that any more."""
    found: dict[str, int] = {}
    for event in facts.events:
        if event.code == "booking.reservation.changed":
            found.setdefault(event.objects[0], event.data["price"] - event.data["difference"])
    return found


def _change_told(
    mail: MailFact, rows: Sequence[Booking], then: Mapping[str, str], ended: tuple[ChangeFact, str] | None
) -> Iterable[str]:
    change, outcome = ended or (None, "nothing")
    if (
        change is None
        or outcome not in {"done", "refused"}
        or ("変更できませんでした" in mail.body) != (outcome == "refused")
    ):
        yield f"mail {mail.id}: tells how a change ended; it was {outcome}"
        return
    entry = CHANGED.search(mail.body)
    about = next(row for row in rows if row.id == (change.new if outcome == "done" else change.old))
    stood = then.get(about.id, "draft")
    if entry is None or NAMES.get(entry["state"]) != stood:
        yield f"mail {mail.id}: says {entry and entry['state']}, it was {stood}"
    elif stood in HOLDS and entry["number"] != about.number:
        yield f"mail {mail.id}: says {entry['number']}, it is {about.number}"
    elif "元の予約はそのまま" in mail.body and stood not in HOLDS:
        yield f"mail {mail.id}: says that the old booking stands, it was {stood}"


def _result_told(
    mail: MailFact,
    rows: Sequence[Booking],
    then: Mapping[str, str],
    supplied: Mapping[tuple[str, str], Supplied],
    first_prices: Mapping[str, int],
) -> Iterable[str]:
    stood = Counter(then.get(booking.id, "draft") for booking in rows)
    said = Counter(NAMES.get(entry["state"], entry["state"]) for entry in ENTRY.finditer(mail.body))
    if not said <= stood:
        yield f"mail {mail.id}: says {dict(said)}, it was {dict(stood)}"
    by_number = {booking.number: booking for booking in rows if booking.number}
    for entry in ENTRY.finditer(mail.body):
        state, number = NAMES.get(entry["state"], ""), entry["number"]
        if state in HOLDS and number and (booking := by_number.get(number)) and booking.way == "api":
            row = supplied.get((number, booking.reference))
            price = int((entry["price"] or "0").replace(",", ""))
            if row is None:
                yield f"mail {mail.id}: says {number} is {state}; the supplier never made it"
            elif price not in {row.price, first_prices.get(booking.id, row.price)}:
                yield f"mail {mail.id}: says that {number} costs {price}; the supplier says {row.price}"
        elif state in HOLDS and not number:
            yield f"mail {mail.id}: says {state} without a number"
    for booking in rows:
        live = any(key[1] == booking.reference and row.live for key, row in supplied.items())
        if live and then.get(booking.id) == R.FAILED:
            yield f"mail {mail.id}: says that {booking.reference} failed; the supplier holds it"


def _cancellation_told(
    mail: MailFact, rows: Sequence[Booking], then: Mapping[str, str], supplied: Mapping[tuple[str, str], Supplied]
) -> Iterable[str]:
    entry = CANCELLED.search(mail.body)
    if entry is None:
        yield f"mail {mail.id}: tells of no cancellation"
        return
    booking = next((one for one in rows if one.number == entry["number"]), None)
    if booking is None or then.get(booking.id) != R.CANCELLED:
        yield f"mail {mail.id}: says that {entry['number']} is cancelled; it is not"
        return
    row = supplied.get((booking.number, booking.reference))
    if booking.way == "api" and (row is None or row.live):
        yield f"mail {mail.id}: says that {entry['number']} is cancelled; the supplier does not"
    elif booking.way == "api" and row and row.cost != int(entry["fee"].replace(",", "")):
        yield f"mail {mail.id}: says that cancelling cost {entry['fee']}; the supplier says {row.cost}"
