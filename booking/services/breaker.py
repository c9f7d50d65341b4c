"""A connection that fails rests: nothing is sent to it for a while, then one call probes.

All threads and processes go by the row of the connection, and by real time. Where all is well, what the caller has loaded
with its own work is enough: neither a query nor a write is added to a call.
"""

import datetime as dt
import time
from uuid import UUID

from django.db.models import F

from accounts.services import service_actor
from audit.services import record
from booking.models import Connection, Rest
from booking.permissions import RESUME_CONNECTION
from booking.suppliers.errors import Misconfigured, Resting
from lib import clock, durable, jst
from lib.actor import Actor, Scope
from lib.errors import NotPermitted, Stale
from lib.verbs import verb

BREAKER = service_actor("breaker")
FAILURES = 5
FIRST_REST = dt.timedelta(seconds=10)
LONGEST_REST = dt.timedelta(minutes=5)
# While somebody probes, the others look again after this.
PROBE_PAUSE = dt.timedelta(seconds=2)
# What was loaded longer ago is read again before the next request of the same work.
FRESH_SECONDS = 1.0
STOPPED = "いまは接続を止めています。オペレータへ連絡してください。"


class Watched:
    """One connection during one piece of work, as `suppliers.line.Line` wants it. Not to be shared between threads."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.key = str(connection.public_id)
        self.token: UUID | None = None
        self._read_at = time.monotonic()

    def check(self) -> None:
        """Whether there is any use in trying now. Raises Resting, and Misconfigured for a connection that was stopped."""
        self._refresh()
        if not self.connection.active:
            raise Misconfigured(STOPPED, detail="stopped")
        if self._rests_until() > clock.wall():
            raise self._resting()

    def enter(self) -> None:
        """As `check`; after a rest, take the one probe, or raise Resting when somebody else has it."""
        self.check()
        if self.connection.rests_since is None or self.token is not None:
            return
        token = durable.claim(Connection.objects.all(), self.connection.pk)
        self._refresh(at_once=True)
        if token is None and self.connection.rests_since is not None:
            raise self._resting()
        self.token = token

    def answered(self) -> None:
        """The supplier answered: a probe ends the rest, and failures before this one are forgotten."""
        if self.token is not None:
            end_rest(BREAKER, self.connection, token=self.token)
            self.token = None
            self._refresh(at_once=True)
        elif self.connection.failures:
            Connection.objects.filter(pk=self.connection.pk, rests_since=None).update(failures=0)
            self.connection.failures = 0

    def failed(self, why: str, *, away: bool, until: dt.datetime | None = None) -> dt.datetime | None:
        """It did not answer (`away`), or turned us away until `until`. Returns until when it rests now, if it does."""
        rows = Connection.objects.filter(pk=self.connection.pk)
        wall = clock.wall()
        rows.update(last_failure=why[:200], last_failure_at=wall)
        if self.token is not None:
            # The probe failed: the rest goes on, and longer.
            durable.release(rows, self.connection.pk, self.token, next_try_at=_later(until, wall + self._next_rest()))
            self.token = None
        elif until is not None and until > wall:
            begin_rest(BREAKER, self.connection, because=Rest.AWAY if away else Rest.BUSY, until=until)
            rows.filter(claim_token=None, next_try_at__lt=until).update(next_try_at=until)
        elif away:
            rows.filter(rests_since=None).update(failures=F("failures") + 1)
            if rows.filter(rests_since=None, failures__gte=FAILURES).exists():
                begin_rest(BREAKER, self.connection, because=Rest.AWAY, until=wall + FIRST_REST)
        self._refresh(at_once=True)
        return self._rests_until() if self.connection.rests_since else None

    def _refresh(self, *, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._read_at > FRESH_SECONDS:
            self.connection.refresh_from_db()
            self._read_at = time.monotonic()

    def _next_rest(self) -> dt.timedelta:
        # The claim of the probe has been counted: after the first one as long again as the first rest.
        doubled: int = 2 ** min(self.connection.attempts - 1, 10)
        return min(FIRST_REST * doubled, LONGEST_REST)

    def _rests_until(self) -> dt.datetime:
        """When the next request may leave: after the rest, or once the probe that is under way may be over."""
        row, wall = self.connection, clock.wall()
        if row.rests_since is None or row.next_try_at is None:
            return wall
        probing = row.claimed_until is not None and row.claimed_until > wall and row.claim_token != self.token
        return max(row.next_try_at, wall + PROBE_PAUSE) if probing else row.next_try_at

    def _resting(self) -> Resting:
        return Resting(
            rest_words(self.connection), detail="resting", again_at=_later(self._rests_until(), clock.wall())
        )


def _later(one: dt.datetime | None, other: dt.datetime) -> dt.datetime:
    return other if one is None else max(one, other)


def rest_words(connection: Connection) -> str:
    """That a connection rests, why and since when, for people."""
    # Kept in real time; people read the portal's.
    ahead = dt.timedelta(seconds=clock.shift_seconds())
    since = f"（{jst.clock_time(connection.rests_since + ahead)}から）" if connection.rests_since else ""
    what = "混み合っています" if connection.rests_because == Rest.BUSY else "応答していません"
    return f"いま{connection.name}は{what}{since}。"


@verb
def begin_rest(actor: Actor, connection: Connection, *, because: Rest, until: dt.datetime) -> None:
    """Send nothing more until `until` (wall time); nothing happens to a connection that rests already."""
    begun = Connection.objects.filter(pk=connection.pk, rests_since=None).update(
        rests_since=clock.wall(), rests_because=because, next_try_at=until, attempts=0, failures=0
    )
    if begun:
        data = {"code": connection.code, "because": str(because), "until": until}
        record(actor, "booking.connection.rested", objects=[connection], data=data)


@verb
def end_rest(actor: Actor, connection: Connection, *, token: UUID) -> None:
    """The probe got through; nothing happens when its claim was lost meanwhile."""
    ended = durable.release(
        Connection.objects.all(), connection.pk, token, next_try_at=None, attempts=0, failures=0, rests_since=None,
        rests_because="",
    )  # fmt: skip
    if ended:
        record(actor, "booking.connection.answered", objects=[connection], data={"code": connection.code})


@verb
def resume_connection(actor: Actor, connection: Connection) -> None:
    """Use a connection again that was stopped because of its settings. Raises NotPermitted, and Stale if it runs already."""
    if actor.scope(RESUME_CONNECTION) is not Scope.ALL:
        raise NotPermitted
    resumed = Connection.objects.filter(pk=connection.pk, active=False).update(
        active=True, paused_because="", paused_at=None
    )
    if not resumed:
        raise Stale
    record(actor, "booking.connection.resumed", objects=[connection], data={"code": connection.code})
