"""What a row of a usage feed tells its booking; only the difference to what is known becomes a charge.

A row is matched by supplier, member, number and trip number. What was bought and never reported is found here; what is known
is confirmed; another sum adds the difference; what fits nothing goes to the work list.
"""

import datetime as dt
import re

from accounts.models import User
from accounts.models.members import member_index
from accounts.queries import person_of_member_number
from booking.models import (
    Change,
    ChangeKind,
    ChargeKind,
    ChargeSource,
    Feed,
    FeedRow,
    FeedRowState,
    Reservation,
    ReservationState,
    Segment,
    Settlement,
    Trip,
)
from booking.queries.refunds import is_refund_pending, net_total
from booking.services.cancelling import enter_cancellation
from booking.services.claims import standing_total, watch_refund
from booking.services.corrections import correct_charge
from booking.services.handoff import enter_purchase
from booking.services.ledger import charge_cancellation, charge_fare, charges_told, known_total, standing_charges
from booking.services.refunds import enter_no_show, enter_refund, kept_of, restate_kept
from booking.suppliers.types import FeedLine
from lib import clock, jst, yen
from lib.actor import Actor
from lib.verbs import inside

R = ReservationState
BEING_CHANGED = "手配先サイトでの変更の途中です。出張者が番号を入力してから、窓口で確かめてください。"


@inside
def settle_line(
    actor: Actor, feed: Feed, row: FeedRow, line: FeedLine, replaced: FeedRow | None
) -> tuple[FeedRowState, Reservation | None, str]:
    """Match a row to its booking and let it say there what it tells: the row's state, the booking, and the reason for people.

    `replaced` is the row of the same fact that this one corrects. Raises what the verbs of the booking raise.
    """
    supplier = feed.connection.supplier
    person = person_of_member_number(member_index(f"{supplier}_card", line.member), f"{supplier}_card", line.used_on)
    reservation = replaced.reservation if replaced else None
    reservation = reservation or _reservation_of(supplier, person, line)
    if reservation is None:
        who = "会員番号に当たる利用者がいません。" if person is None else "当てはまる予約がありません。"
        return FeedRowState.UNMATCHED, None, who
    # As whoever else decides about a booking does: the trip first, then the booking as it stands then.
    Trip.objects.locked(reservation.trip_id)
    reservation.refresh_from_db()
    told = {"purchase": _purchased, "refund": _refunded, "fee": _kept}[line.operation]
    state, reason = told(actor, reservation, row, line)
    if state == FeedRowState.ADDED and reservation.settlement == Settlement.SELF:
        return FeedRowState.MATCHED, reservation, "本人立替のため、請求しません。"
    if state == FeedRowState.ADDED and replaced and replaced.state != FeedRowState.UNMATCHED:
        reason = f"{yen.text(replaced.amount or 0)}から{yen.text(line.amount)}に変わったため、差額を計上しました。"
    return state, reservation, reason


def _reservation_of(supplier: str, person: User | None, line: FeedLine) -> Reservation | None:
    """The booking that a row is about: by number and member; else the one of its trip that waits for its number."""
    known = Reservation.objects.filter(supplier=supplier, number=line.number, segments__travel_on=line.used_on)
    if person is not None:
        found = known.filter(trip__traveller=person).order_by("-pk").first()
        if found is not None:
            return found
    trips = Trip.objects.filter(number=line.trip_number)
    if person is not None:
        trips = trips.filter(traveller=person)
    waiting = Reservation.objects.filter(
        trip__in=trips, supplier=supplier, state=R.HANDED_OFF, segments__travel_on=line.used_on
    )
    exact = waiting.filter(segments__from_name=line.from_name, segments__to_name=line.to_name)
    return exact.first() or waiting.first()


def _purchased(actor: Actor, reservation: Reservation, row: FeedRow, line: FeedLine) -> tuple[FeedRowState, str]:
    if reservation.state == R.HANDED_OFF:
        enter_purchase(actor, reservation, number=line.number, price=None, source=ChargeSource.FEED)
        _follow_ride(reservation, line)
    known, difference = _news(reservation, line)
    if difference > 0 and _is_being_changed(reservation):
        return FeedRowState.UNMATCHED, BEING_CHANGED
    if difference < 0 and _told(reservation, "purchase") < _rides_changed(reservation):
        # A purchase of the ride before a change: those after it are still to be told.
        return FeedRowState.MATCHED, ""
    if _is_of_the_ride_that_stands(reservation, line):
        Reservation.objects.filter(pk=reservation.pk).update(price=line.amount, is_estimate=False)
    if not difference:
        return FeedRowState.MATCHED, ""
    if not _correct(actor, reservation, row, line, difference):
        charge_fare(
            actor,
            reservation,
            total=difference,
            source=ChargeSource.FEED,
            issued_on=_booked_on(line),
            occurred_on=_booked_on(line),
            kind=ChargeKind.DIFFERENCE if known else ChargeKind.FARE,
            feed_row=row,
        )
    watch_refund(actor, reservation)
    words = f"登録の金額と{difference:,}円違うため、差額を計上しました。" if known else ""
    return FeedRowState.ADDED, words


def _is_being_changed(reservation: Reservation) -> bool:
    return Change.objects.under_way().filter(reservation=reservation, kind=ChangeKind.OWN).exists()


def _rides_changed(reservation: Reservation) -> int:
    """How many rides of this booking a change has replaced: each was bought, and refunded, before the one that stands."""
    return Segment.everything.filter(reservation=reservation, superseded=True).count()


def _is_of_the_ride_that_stands(reservation: Reservation, line: FeedLine) -> bool:
    """Whether a row is not of a ride that a change has replaced: files may tell of that one last."""
    if not _rides_changed(reservation):
        return True
    ride = reservation.segments.order_by("departs").first()
    stands = (ride.travel_on, jst.clock_time(ride.departs)) if ride else None
    return stands == (line.used_on, line.departs.zfill(5))


def _told(reservation: Reservation, operation: str) -> int:
    """How many rows of an operation the files have told of a booking so far."""
    rows = FeedRow.objects.filter(reservation=reservation, operation=operation)
    return rows.filter(state__in=[FeedRowState.MATCHED, FeedRowState.ADDED]).count()


def _booked_on(line: FeedLine) -> dt.date:
    """The day on which the supplier booked it."""
    return line.operated_at.astimezone(clock.JST).date()


def _news(reservation: Reservation, line: FeedLine) -> tuple[int, int]:
    """What the ledger knew, and what a row says beyond that: all rows of its operation that count, less what is known.

    Purchases, refunds and fees are each held against their own: a person may have entered a purchase and its refund
    before the file tells of either, and a change is a refund and another purchase under the same number.
    """
    counted = FeedRow.objects.filter(
        reservation=reservation, operation=line.operation, state__in=[FeedRowState.MATCHED, FeedRowState.ADDED]
    )
    told = sum(amount or 0 for amount in counted.values_list("amount", flat=True))
    known = known_total(reservation, line.operation)
    return known, told + line.amount - known


def _correct(actor: Actor, reservation: Reservation, row: FeedRow, line: FeedLine, difference: int) -> bool:
    """Let the difference go the way of what an earlier row of the same fact told; False when there was no such row."""
    if not FeedRow.objects.filter(digest=row.digest, state=FeedRowState.SUPERSEDED, reservation=reservation).exists():
        return False
    told = charges_told(reservation, line.operation, digest=row.digest)
    if not told:
        return False
    for charge, share in zip(told, yen.split(difference, len(told)), strict=True):
        if share:
            correct_charge(
                actor,
                charge,
                difference=share,
                reason="利用実績",
                kind=ChargeKind.DIFFERENCE,
                source=ChargeSource.FEED,
                occurred_on=_booked_on(line),
                feed_row=row,
            )
    return True


def _follow_ride(reservation: Reservation, line: FeedLine) -> None:
    """The person may have taken another train than the one that was handed over: what was bought counts."""
    segment = reservation.segments.order_by("departs").first()
    if segment is not None and line.service:
        segment.service = _unpadded(line.service)
        segment.from_name, segment.to_name = line.from_name, line.to_name
        segment.save(update_fields=["service", "from_name", "to_name"])


def _unpadded(service: str) -> str:
    """のぞみ021 → のぞみ21号, as people say it."""
    match = re.fullmatch(r"(\D+?)0*([0-9]+)号?", service)
    return f"{match[1]}{match[2]}号" if match else service


def _refunded(actor: Actor, reservation: Reservation, row: FeedRow, line: FeedLine) -> tuple[FeedRowState, str]:
    """The refund of a ticket, cancelled before or with it, used or not: the supplier says that it has paid."""
    if _is_being_changed(reservation):
        return FeedRowState.UNMATCHED, BEING_CHANGED
    if _told(reservation, "refund") < _rides_changed(reservation):
        return _refunded_by_change(actor, reservation, row, line)
    booked_on, refund = _booked_on(line), -line.amount
    is_purchase_known = bool(standing_charges(reservation))
    kept = kept_of(reservation, fee=0, refund=refund)
    if reservation.state in {R.TICKETED, R.BOOKED}:
        enter_cancellation(
            actor, reservation, fee=0, refund=refund, source=ChargeSource.FEED, refunded_on=booked_on, feed_row=row
        )
    elif reservation.state == R.USED:
        enter_no_show(actor, reservation, kept=kept, booked_on=booked_on, source=ChargeSource.FEED, feed_row=row)
    elif is_refund_pending(reservation) and _is_of_what_stands(reservation, refund):
        enter_refund(actor, reservation, kept=kept, booked_on=booked_on, source=ChargeSource.FEED, feed_row=row)
    elif reservation.state in {R.CANCELLED, R.NO_SHOW}:
        return _refunded_otherwise(actor, reservation, row, line)
    else:
        return FeedRowState.UNMATCHED, "予約の状態と合いません。窓口で確かめてください。"
    if not is_purchase_known:
        # Nothing stood that could be taken back: the refund counts by itself, as the purchase will once it is told.
        _refunded_otherwise(actor, reservation, row, line)
    return FeedRowState.ADDED, ""


def _is_of_what_stands(reservation: Reservation, refund: int) -> bool:
    """Whether a refund takes back what stands: else one is known, and a part of its price was told only afterwards."""
    return not known_total(reservation, "refund") or standing_total(reservation) >= refund


def _refunded_by_change(
    actor: Actor, reservation: Reservation, row: FeedRow, line: FeedLine
) -> tuple[FeedRowState, str]:
    """The refund of a ride that a change has replaced: taken back when the change was entered, if its price was known."""
    _, more = _news(reservation, line)
    return (FeedRowState.MATCHED, "") if more >= 0 else _refunded_otherwise(actor, reservation, row, line)


def _refunded_otherwise(
    actor: Actor, reservation: Reservation, row: FeedRow, line: FeedLine
) -> tuple[FeedRowState, str]:
    """A refund is known already: it is this one, or it was another sum."""
    _, difference = _news(reservation, line)
    if not difference:
        return FeedRowState.MATCHED, ""
    if not _correct(actor, reservation, row, line, difference):
        charge_fare(
            actor,
            reservation,
            total=difference,
            source=ChargeSource.FEED,
            occurred_on=_booked_on(line),
            kind=ChargeKind.REFUND,
            feed_row=row,
        )
    _follow_money(actor, reservation)
    return FeedRowState.ADDED, f"登録の払戻と{difference:,}円違うため、差額を計上しました。"


def _kept(actor: Actor, reservation: Reservation, row: FeedRow, line: FeedLine) -> tuple[FeedRowState, str]:
    """The fee of a refund; what a person entered before is known, and only the difference is charged."""
    _, difference = _news(reservation, line)
    if not difference:
        return FeedRowState.MATCHED, ""
    if not _correct(actor, reservation, row, line, difference):
        charge_cancellation(
            actor, reservation, fee=difference, source=ChargeSource.FEED, occurred_on=_booked_on(line), feed_row=row
        )
    _follow_money(actor, reservation, kept=line.amount)
    return FeedRowState.ADDED, ""


def _follow_money(actor: Actor, reservation: Reservation, *, kept: int | None = None) -> None:
    """What is kept of a booking, and what is owed for it, after its ledger has changed; `kept` is told, in yen.

    A ledger below zero waits for the row of the purchase: until then it does not say what is kept.
    """
    is_given_back = reservation.state in {R.CANCELLED, R.NO_SHOW} and not is_refund_pending(reservation)
    if is_given_back and net_total(reservation) >= 0:
        restate_kept(reservation)
    elif kept is not None:
        reservation.cancel_fee = kept
        Reservation.objects.filter(pk=reservation.pk).update(cancel_fee=kept)
    watch_refund(actor, reservation)
