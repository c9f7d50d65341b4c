"""Connections for the choices of forms, and how each of them does."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from booking.models import Connection, SearchAnswer, SupplierCall, Way
from booking.suppliers.base import ReadsFeed
from booking.suppliers.registry import KINDS, can
from lib import clock


def connections() -> Sequence[Connection]:
    """All connections in their order."""
    return list(Connection.objects.all())


def feed_connections() -> Sequence[Connection]:
    """Connections whose supplier gives a usage file that can be read."""
    return [connection for connection in connections() if can(connection.supplier, ReadsFeed)]


def ride_suppliers() -> Sequence[tuple[str, str]]:
    """Suppliers of trains and flights as choices of a form: (code, name)."""
    return list({each.supplier: each.name for each in connections() if KINDS[each.supplier] != "stay"}.items())


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """A connection on its page: the badge of its state, since when (business time), and what went wrong last."""

    connection: Connection
    badge: tuple[str, str, str]
    since: dt.datetime | None
    again_at: dt.datetime | None
    in_flight: int
    failed_at: dt.datetime | None

    @property
    def why(self) -> str:
        """Why nothing is sent now."""
        row = self.connection
        return row.get_rests_because_display() if row.rests_since and row.active else row.paused_because


def connection_states() -> Sequence[ConnectionState]:
    """All connections, with the calls that are in flight now (three queries)."""
    wall = clock.wall()
    claimed = {"next_try_at__lte": wall, "claimed_until__gt": wall}
    flying = Counter(SupplierCall.objects.filter(**claimed).values_list("reservation__connection", flat=True))
    flying.update(SearchAnswer.objects.filter(**claimed).values_list("connection", flat=True))
    return [_state(connection, flying[connection.pk]) for connection in connections()]


def _state(connection: Connection, in_flight: int) -> ConnectionState:
    ahead = dt.timedelta(seconds=clock.shift_seconds())
    rests, again, failed = (
        moment and moment + ahead
        for moment in (connection.rests_since, connection.next_try_at, connection.last_failure_at)
    )
    badge, since = ("ok", "ok", "使用中"), None
    if not connection.active:
        badge, since = ("act", "stop", "停止中"), connection.paused_at
    elif rests:
        badge, since = ("odd", "clock", "休止中"), rests
    elif connection.way != Way.API:
        badge = ("mute", "out", connection.get_way_display())
    return ConnectionState(connection, badge, since, again if connection.active else None, in_flight, failed)


def troubled_connections() -> Sequence[Connection]:
    """Connections that were stopped or rest."""
    return list(Connection.objects.filter(active=False) | Connection.objects.filter(rests_since__isnull=False))
