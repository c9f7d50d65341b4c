"""The three ways to an Actor: the middleware (web), `actor_for` (commands), `service_actor` (tasks)."""

import datetime as dt
from uuid import UUID

from accounts.errors import NoProxy
from accounts.models import Membership, Proxy, RoleGrant, User
from accounts.permissions import scopes_of
from lib import clock
from lib.actor import Actor, ActorKind, Channel


def person_actor(person: User, *, channel: Channel, request_id: str = "", address: str = "") -> Actor:
    """The person with the scopes of their roles today and the office of their membership today (two queries)."""
    today = clock.today()
    roles = RoleGrant.objects.on(today).filter(user=person).values_list("role", flat=True)
    offices = Membership.objects.on(today).filter(user=person).values_list("department__office__public_id", flat=True)
    return Actor(
        ActorKind.PERSON,
        id=person.public_id,
        channel=channel,
        scopes=scopes_of(roles),
        offices=frozenset(offices),
        request_id=request_id,
        address=address,
    )


def actor_for(person: User, channel: Channel = Channel.COMMAND) -> Actor:
    """The person at a command line; acts for nobody."""
    return person_actor(person, channel=channel)


def service_actor(name: str, *, because: UUID | None = None) -> Actor:
    """A named service, such as the sweeper; `because` is the event that it goes back to."""
    return Actor(ActorKind.SERVICE, service=name, channel=Channel.TASK, because=because)


def holds_proxy(deputy: UUID, principal: UUID, day: dt.date) -> bool:
    """Whether `deputy` may act for `principal` on the day."""
    return Proxy.objects.on(day).filter(deputy__public_id=deputy, principal__public_id=principal).exists()


def acting_on(actor: Actor, traveller: UUID) -> Actor:
    """The actor as they act on a trip of `traveller`: first line of every verb on a trip.

    Unchanged for the traveller, for services and for those whose scope reaches further than their own trips (the desk);
    with `acting_for` for a valid proxy. Raises NoProxy for everybody else.
    """
    if actor.kind is ActorKind.SERVICE or actor.id == traveller:
        return actor
    if actor.id and holds_proxy(actor.id, traveller, clock.today()):
        return actor.for_person(traveller)
    if "booking.reservation.record" in actor.scopes:
        return actor.for_person(traveller)
    raise NoProxy
