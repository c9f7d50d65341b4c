"""Usage feeds: uploaded by an operator, read row by row; every row is kept with what became of it.

Equal rows, in one file or in two, are one; a newer row with another sum corrects what the older one told, and an older one
that arrives later changes nothing.
"""

import datetime as dt
import hashlib
from collections import Counter, deque
from uuid import UUID

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models import Max

from accounts.models import User
from audit.services import record
from booking.errors import BadFeed
from booking.models import Connection, Feed, FeedRow, FeedRowState, FeedState
from booking.models.feeds import COUNTING
from booking.services.connections import link_of
from booking.services.feed_rows import settle_line
from booking.suppliers.base import ReadsFeed
from booking.suppliers.errors import Refused
from booking.suppliers.registry import adapter_for
from booking.suppliers.types import BadLine, FeedLine
from lib import clock, durable, jobs, yen
from lib.actor import Actor
from lib.errors import NotPermitted, PortalError, Stale
from lib.verbs import inside, verb

MAX_ROWS = 20000


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
    token = durable.claim(
        Feed.objects.filter(state=FeedState.WAITING), feed_pk, lease=dt.timedelta(seconds=settings.FILE_LEASE_SECONDS)
    )
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
    names = ("matched", "added", "unmatched", "bad", "repeated", "outdated")
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
    """By time of operation, so that a purchase stands before its refund, then of issue; unreadable lines last."""
    if isinstance(line, BadLine):
        return (1, 0, 0, line.line)
    return (0, line.operated_at.timestamp(), line.issued_at.timestamp() if line.issued_at else 0, line.line)


@inside
def _take_line(actor: Actor, feed: Feed, line: FeedLine | BadLine) -> str:
    if isinstance(line, BadLine):
        FeedRow.objects.create(
            feed=feed, line=line.line, digest="", fields=dict(line.raw), state=FeedRowState.BAD, reason=line.reason
        )
        return FeedRowState.BAD
    issued_at = line.issued_at or feed.uploaded_at
    facts = {
        "feed": feed,
        "line": line.line,
        "digest": _digest(feed.connection.supplier, line),
        "fields": dict(line.raw),
        "operation": line.operation,
        "number": line.number,
        "used_on": line.used_on,
        "amount": line.amount,
        "issued_at": issued_at,
    }
    known = FeedRow.objects.filter(digest=facts["digest"])
    counting = known.filter(state__in=COUNTING).select_related("reservation").first()
    if counting is not None and counting.amount == line.amount:
        FeedRow.objects.create(**facts, state=FeedRowState.REPEATED, reason="同じ行を、すでに取り込んでいます。")
        return FeedRowState.REPEATED
    latest = known.aggregate(latest=Max("issued_at"))["latest"]
    if counting is not None and issued_at < latest:
        reason = f"より新しい行（{yen.text(counting.amount or 0)}）を、すでに取り込んでいます。"
        FeedRow.objects.create(**facts, state=FeedRowState.OUTDATED, reason=reason)
        return FeedRowState.OUTDATED
    if counting is not None:
        reason = f"新しい行（{yen.text(line.amount)}）に差し替えました。"
        FeedRow.objects.filter(pk=counting.pk).update(state=FeedRowState.SUPERSEDED, reason=reason)
    row = FeedRow.objects.create(**facts, state=FeedRowState.UNMATCHED)
    try:
        with transaction.atomic():
            state, reservation, reason = settle_line(actor, feed, row, line, counting)
    except (PortalError, IntegrityError, DataError) as error:
        state, reservation = FeedRowState.UNMATCHED, None
        reason = error.message if isinstance(error, PortalError) else "ほかの予約と重なるため、結びつけられません。"
        if isinstance(error, DataError):
            reason = "長すぎる項目があるため、結びつけられません。"
    FeedRow.objects.filter(pk=row.pk).update(state=state, reservation=reservation, reason=reason[:300])
    return state


def _digest(supplier: str, line: FeedLine) -> str:
    """The name of the fact: everything that stays when the supplier corrects a row.

    The ride is part of it: a train that is bought and changed within the same minute is bought twice.
    """
    ride = line.used_on, line.service, line.from_name, line.to_name, line.departs
    facts = (supplier, line.member, line.number, line.operation, line.operated_at.isoformat(), *ride)
    return hashlib.sha256(repr(facts).encode()).hexdigest()
