"""Usage feeds: uploaded by an operator, read row by row, matched to bookings; only the difference becomes a charge.

A row is matched by supplier, member, number and trip number. What was bought and never reported is found here; what is known
is confirmed; another sum adds the difference; what fits nothing goes to the work list. Equal rows, in one file or in two, are one.
"""

import datetime as dt
import hashlib
import re
from collections import Counter, deque
from uuid import UUID

from django.db import DataError, IntegrityError, transaction

from accounts.models import User
from accounts.models.members import member_index
from accounts.queries import person_of_member_number
from audit.services import record
from booking.errors import BadFeed
from booking.models import (
    ChargeKind,
    ChargeSource,
    Connection,
    Feed,
    FeedRow,
    FeedRowState,
    FeedState,
    Reservation,
    ReservationState,
    Trip,
)
from booking.services.cancelling import enter_cancellation
from booking.services.connections import link_of
from booking.services.handoff import enter_purchase
from booking.services.ledger import charge_cancellation, charge_fare, known_total
from booking.suppliers.base import ReadsFeed
from booking.suppliers.errors import Refused
from booking.suppliers.registry import adapter_for
from booking.suppliers.types import BadLine, FeedLine
from lib import clock, durable, jobs, jst
from lib.actor import Actor
from lib.errors import NotPermitted, PortalError, Stale
from lib.verbs import inside, verb

R = ReservationState
MAX_ROWS = 20000
# As long as a task may run at most: a large file must not be taken for abandoned.
LEASE = dt.timedelta(minutes=10)


@verb
def upload_feed(actor: Actor, connection: Connection, *, file_name: str, content: bytes) -> Feed:
    """Take a file in; a `cpu` worker reads it. Raises NotPermitted, BadFeed for no feed at all or one taken before."""
    if not actor.may("booking.feed.import"):
        raise NotPermitted
    reader = adapter_for(connection.supplier, link_of(connection), ReadsFeed)
    try:
        deque(reader.read_feed(content), maxlen=0)
    except Refused as refusal:
        raise BadFeed(refusal.message, field="file") from refusal
    _one_at_a_time(connection)
    digest = hashlib.sha256(content).hexdigest()
    earlier = Feed.objects.filter(connection=connection, sha256=digest).first()
    if earlier is not None:
        raise BadFeed(earlier.problem or "同じ内容のファイルを、すでに取り込んでいます。", field="file")
    feed = Feed.objects.create(
        connection=connection,
        file_name=file_name[:120],
        sha256=digest,
        content=content,
        uploaded_by=User.objects.get(public_id=actor.subject),
        uploaded_at=clock.now(),
        next_try_at=clock.wall(),
    )
    data = {"connection": connection.code, "sha256": digest}
    record(actor, "booking.feed.uploaded", objects=[feed, connection], data=data)
    jobs.enqueue("booking.tasks.import_feed", feed.pk)
    return feed


def import_feed(actor: Actor, feed_pk: int) -> None:
    """Read a waiting file, if nobody else does. Rows of one file are taken in together, or none of them."""
    token = durable.claim(Feed.objects.filter(state=FeedState.WAITING), feed_pk, lease=LEASE)
    if token is None:
        return
    feed = Feed.objects.select_related("connection").get(pk=feed_pk)
    try:
        take_in(actor, feed, token=token)
    except Stale:
        # The lease ran out meanwhile: whoever holds the file now takes it in.
        return


@verb
def take_in(actor: Actor, feed: Feed, *, token: UUID) -> None:
    """Every row of the file, each with what became of it. Raises Stale when the claim was lost; then nothing is written."""
    reader = adapter_for(feed.connection.supplier, link_of(feed.connection), ReadsFeed)
    _one_at_a_time(feed.connection)
    try:
        lines = sorted(reader.read_feed(bytes(feed.content)), key=_order)
    except Refused as refusal:
        _refuse(actor, feed, token, why="unreadable", problem=refusal.message)
        return
    if len(lines) > MAX_ROWS:
        problem = f"{MAX_ROWS:,}行を超えています。期間を分けてダウンロードしてください。"
        _refuse(actor, feed, token, why="rows", problem=problem)
        return
    counts: Counter[str] = Counter()
    for line in lines:
        counts[_take_line(actor, feed, line)] += 1
    _settle(feed, token, state=FeedState.DONE, imported_at=clock.now())
    names = ("matched", "added", "unmatched", "bad", "repeated")
    data = {"rows": len(lines), **{name: counts[name] for name in names}}
    record(actor, "booking.feed.imported", objects=[feed], data=data)


def _one_at_a_time(connection: Connection) -> None:
    """Files of a connection wait for each other: what one has taken in, the next one sees as repeated."""
    Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)


def _refuse(actor: Actor, feed: Feed, token: UUID, *, why: str, problem: str) -> None:
    _settle(feed, token, state=FeedState.REFUSED, problem=problem[:300])
    record(actor, "booking.feed.refused", objects=[feed], data={"why": why})


def _settle(feed: Feed, token: UUID, **fields: object) -> None:
    if not durable.release(Feed.objects.all(), feed.pk, token, next_try_at=None, **fields):
        raise Stale


def _order(line: FeedLine | BadLine) -> tuple[object, ...]:
    """By time of operation, so that a purchase stands before its refund; unreadable lines last."""
    if isinstance(line, BadLine):
        return (1, 0, line.line)
    return (0, line.operated_at.timestamp(), line.line)


@inside
def _take_line(actor: Actor, feed: Feed, line: FeedLine | BadLine) -> str:
    if isinstance(line, BadLine):
        FeedRow.objects.create(
            feed=feed, line=line.line, digest="", fields=dict(line.raw), state=FeedRowState.BAD, reason=line.reason
        )
        return FeedRowState.BAD
    digest = _digest(feed.connection.supplier, line)
    facts = {
        "feed": feed,
        "line": line.line,
        "digest": digest,
        "fields": dict(line.raw),
        "operation": line.operation,
        "number": line.number,
        "used_on": line.used_on,
        "amount": line.amount,
    }
    counting = [FeedRowState.MATCHED, FeedRowState.ADDED, FeedRowState.UNMATCHED]
    if FeedRow.objects.filter(digest=digest, state__in=counting).exists():
        FeedRow.objects.create(**facts, state=FeedRowState.REPEATED, reason="同じ行を、すでに取り込んでいます。")
        return FeedRowState.REPEATED
    row = FeedRow.objects.create(**facts, state=FeedRowState.UNMATCHED)
    try:
        with transaction.atomic():
            state, reservation, reason = _settle_line(actor, feed, row, line)
    except (PortalError, IntegrityError, DataError) as error:
        state, reservation = FeedRowState.UNMATCHED, None
        reason = error.message if isinstance(error, PortalError) else "ほかの予約と重なるため、結びつけられません。"
        if isinstance(error, DataError):
            reason = "長すぎる項目があるため、結びつけられません。"
    FeedRow.objects.filter(pk=row.pk).update(state=state, reservation=reservation, reason=reason[:300])
    return state


def _digest(supplier: str, line: FeedLine) -> str:
    facts = (
        supplier,
        line.member,
        line.number,
        line.operation,
        line.operated_at.isoformat(),
        line.used_on,
        line.amount,
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _settle_line(
    actor: Actor, feed: Feed, row: FeedRow, line: FeedLine
) -> tuple[FeedRowState, Reservation | None, str]:
    supplier = feed.connection.supplier
    person = person_of_member_number(member_index(f"{supplier}_card", line.member), f"{supplier}_card", line.used_on)
    reservation = _reservation_of(supplier, person, line)
    if reservation is None:
        who = "会員番号に当たる利用者がいません。" if person is None else "当てはまる予約がありません。"
        return FeedRowState.UNMATCHED, None, who
    if line.operation == "purchase":
        return _purchased(actor, reservation, row, line)
    if line.operation == "refund":
        return _refunded(actor, reservation, row, line)
    return _kept(actor, reservation, row, line)


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


def _purchased(
    actor: Actor, reservation: Reservation, row: FeedRow, line: FeedLine
) -> tuple[FeedRowState, Reservation, str]:
    if reservation.state == R.HANDED_OFF:
        enter_purchase(actor, reservation, number=line.number, price=None, source=ChargeSource.FEED)
        _follow_ride(reservation, line)
    difference = _news(reservation, line, ChargeKind.FARE, ChargeKind.DIFFERENCE)
    Reservation.objects.filter(pk=reservation.pk).update(price=line.amount, is_estimate=False)
    if not difference:
        return FeedRowState.MATCHED, reservation, ""
    first = not reservation.charges.exists()
    charge_fare(
        actor,
        reservation,
        total=difference,
        source=ChargeSource.FEED,
        issued_on=jst.day_of(line.operated_at),
        kind=ChargeKind.FARE if first else ChargeKind.DIFFERENCE,
        feed_row=row,
    )
    words = "" if first else f"登録の金額と{difference:,}円違うため、差額を計上しました。"
    return FeedRowState.ADDED, reservation, words


def _news(reservation: Reservation, line: FeedLine, *kinds: str) -> int:
    """What a row says beyond what is known: all rows of its operation so far, less the charges of these kinds, in yen.

    Purchases, refunds and fees are each held against their own kind: a person may have entered a purchase and its refund
    before the file tells of either, and a change is a refund and another purchase under the same number.
    """
    counted = FeedRow.objects.filter(
        reservation=reservation, operation=line.operation, state__in=[FeedRowState.MATCHED, FeedRowState.ADDED]
    )
    told = sum(amount or 0 for amount in counted.values_list("amount", flat=True))
    return told + line.amount - known_total(reservation, *kinds)


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


def _refunded(
    actor: Actor, reservation: Reservation, row: FeedRow, line: FeedLine
) -> tuple[FeedRowState, Reservation, str]:
    if reservation.state == R.CANCELLED:
        difference = _news(reservation, line, ChargeKind.REFUND)
        if not difference:
            return FeedRowState.MATCHED, reservation, ""
        charge_fare(
            actor,
            reservation,
            total=difference,
            source=ChargeSource.FEED,
            occurred_on=jst.day_of(line.operated_at),
            kind=ChargeKind.REFUND,
            feed_row=row,
        )
        return FeedRowState.ADDED, reservation, f"登録の払戻と{difference:,}円違うため、差額を計上しました。"
    if reservation.state not in {R.TICKETED, R.BOOKED}:
        return FeedRowState.UNMATCHED, reservation, "予約の状態と合いません。窓口で確かめてください。"
    enter_cancellation(
        actor,
        reservation,
        fee=0,
        refund=-line.amount,
        source=ChargeSource.FEED,
        refunded_on=jst.day_of(line.operated_at),
    )
    return FeedRowState.ADDED, reservation, ""


def _kept(
    actor: Actor, reservation: Reservation, row: FeedRow, line: FeedLine
) -> tuple[FeedRowState, Reservation, str]:
    """The fee of a refund; what a person entered before is known, and only the difference is charged."""
    difference = _news(reservation, line, ChargeKind.REFUND_FEE, ChargeKind.CANCEL_FEE)
    if not difference:
        return FeedRowState.MATCHED, reservation, ""
    charge_cancellation(
        actor,
        reservation,
        fee=difference,
        source=ChargeSource.FEED,
        occurred_on=jst.day_of(line.operated_at),
        feed_row=row,
    )
    Reservation.objects.filter(pk=reservation.pk).update(cancel_fee=line.amount)
    return FeedRowState.ADDED, reservation, ""
