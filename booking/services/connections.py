"""Setting up connections to suppliers."""

import json
from collections.abc import Mapping

from audit.services import record
from booking.models import Connection
from booking.models.connections import PLACE
from booking.services.breaker import Watched
from booking.suppliers.types import Link
from lib import clock
from lib.actor import Actor
from lib.encrypted import seal
from lib.verbs import inside, verb


@verb
def set_connection(
    actor: Actor,
    *,
    code: str,
    supplier: str,
    name: str,
    way: str,
    base_url: str = "",
    site_url: str = "",
    credentials: Mapping[str, str] | None = None,
    contact: str = "",
) -> Connection:
    """Make or change the connection `code`; credentials are sealed."""
    connection = Connection.objects.filter(code=code).first() or Connection(code=code)
    connection.supplier, connection.name, connection.way = supplier, name, way
    connection.base_url, connection.site_url, connection.contact = base_url, site_url, contact
    connection.active, connection.paused_because, connection.paused_at = True, "", None
    # Other settings are another connection: what went wrong before says nothing about it.
    connection.failures, connection.rests_since, connection.rests_because = 0, None, ""
    connection.next_try_at, connection.claim_token = None, None
    if credentials is not None:
        connection.credentials = seal(json.dumps(dict(credentials)), place=PLACE, row=connection.public_id)
    connection.save()
    record(actor, "booking.connection.set", objects=[connection], data={"code": code, "way": way})
    return connection


@inside
def pause_connection(actor: Actor, connection: Connection, *, why: str) -> None:
    """Stop using a connection whose settings are wrong, until a person has mended them."""
    stopped = Connection.objects.filter(pk=connection.pk, active=True).update(
        active=False, paused_because=why[:200], paused_at=clock.now()
    )
    if stopped:
        record(
            actor, "booking.connection.paused", objects=[connection], data={"code": connection.code, "why": why[:200]}
        )


def link_of(connection: Connection) -> Link:
    """The connection as an adapter sees it."""
    return Link(connection.base_url, connection.site_url, connection.open_credentials(), line=Watched(connection))
