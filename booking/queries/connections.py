"""Connections for the choices of forms."""

from collections.abc import Sequence

from booking.models import Connection
from booking.suppliers.base import ReadsFeed
from booking.suppliers.registry import KINDS, can


def connections() -> Sequence[Connection]:
    """All connections in their order."""
    return list(Connection.objects.all())


def feed_connections() -> Sequence[Connection]:
    """Connections whose supplier gives a usage file that can be read."""
    return [connection for connection in connections() if can(connection.supplier, ReadsFeed)]


def ride_suppliers() -> Sequence[tuple[str, str]]:
    """Suppliers of trains and flights as choices of a form: (code, name)."""
    return list({each.supplier: each.name for each in connections() if KINDS[each.supplier] != "stay"}.items())
