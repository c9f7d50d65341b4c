"""Who does something: the first argument of every verb.

An Actor is one complete, frozen value: who (a person, a named service, or nobody known), for whom (when acting as a
proxy), through which channel, with which scopes. Ids are public UUIDs, so that no room needs another room's models to
read it. Only `accounts.services.actors` makes one of a person.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from uuid import UUID


class ActorKind(enum.StrEnum):
    PERSON = "person"
    SERVICE = "service"
    ANONYMOUS = "anonymous"


class Channel(enum.StrEnum):
    WEB = "web"
    DESK = "desk"
    TASK = "task"
    COMMAND = "command"


class Scope(enum.IntEnum):
    """How far an action reaches. OWN includes what a valid proxy grant adds."""

    NONE = 0
    OWN = 1
    OFFICE = 2
    ALL = 3


NOBODY = UUID(int=0)
NO_SCOPES: Mapping[str, Scope] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Actor:
    kind: ActorKind
    id: UUID | None = None
    service: str = ""
    acting_for: UUID | None = None
    channel: Channel = Channel.WEB
    scopes: Mapping[str, Scope] = field(default_factory=lambda: NO_SCOPES)
    offices: frozenset[UUID] = frozenset()
    request_id: str = ""
    address: str = ""
    because: UUID | None = None

    @property
    def subject(self) -> UUID:
        """The person's id for look-ups; the nil UUID, which no row has, when there is no person."""
        return self.id or NOBODY

    def scope(self, action: str) -> Scope:
        """How far `action` (such as `booking.trip.read`) reaches for this actor; a service reaches everything."""
        if self.kind is ActorKind.SERVICE:
            return Scope.ALL
        return self.scopes.get(action, Scope.NONE)

    def may(self, action: str) -> bool:
        """Whether the action is open to this actor at all, for whatever objects."""
        return self.scope(action) is not Scope.NONE

    def for_person(self, person: UUID) -> "Actor":
        """The same actor, acting for `person`; unchanged when that is the actor."""
        return self if person == self.id else replace(self, acting_for=person)


def anonymous(*, request_id: str = "", address: str = "") -> Actor:
    """Nobody known: a failed sign-in, a report of the browser."""
    return Actor(ActorKind.ANONYMOUS, request_id=request_id, address=address)
