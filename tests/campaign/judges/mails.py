"""Rules about mails: true when they were written, and everybody has theirs."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from booking.states import (
    ChangeState,
    ReservationState,
)
from tests.campaign.facts import Booking, ChangeFact, Facts, MailFact, Supplied
from tests.campaign.judges.common import HOLDS

R = ReservationState
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


def _first_prices(facts: Facts) -> Mapping[str, int]:
    """What a booking cost before it was changed: no supplier says that any more."""
    found: dict[str, int] = {}
    for event in facts.events:
        if event.code == "booking.reservation.changed":
            found.setdefault(event.objects[0], event.data["price"] - event.data["difference"])
    return found


def everybody_was_told(facts: Facts) -> Iterable[str]:
    """Each confirmed trip of which something was sent has one mail of its result, each cancellation one; each arrived."""
    kinds = Counter((mail.about, mail.kind) for mail in facts.mails)
    by_trip: dict[str, list[Booking]] = defaultdict(list)
    for booking in facts.bookings:
        by_trip[booking.trip].append(booking)
    # What was sent, turned away for later and then given up was told as waiting before.
    sent = {event.objects[0] for event in facts.events if event.code == "booking.reservation.sending"}
    for trip in facts.confirmed:
        rows = by_trip[trip]
        wanted = int(any(row.way == "api" and (row.state != R.WITHDRAWN or row.id in sent) for row in rows))
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
