"""Recording events: in the transaction of the change, as canonical bytes of version 1.

Version 1 of an event's bytes: UTF-8 JSON, keys sorted, no spaces, non-ASCII as is; strings, integers, booleans, lists and
objects only (no float, no null; absent = left out). Keys: v, id, code, at and db_at (UTC, microseconds, Z), actor, objects,
data, person (SHA-256 of salt + bytes of the personal values), request.
"""

import datetime as dt
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from django.db import connection

from audit.errors import UnknownEvent
from audit.models import Event, EventObject, PersonalValues
from lib import clock, jobs, registry
from lib.actor import Actor
from lib.verbs import inside, verb

VERSION = 1


class HasPublicId(Protocol):
    """Anything with a public id may be the object of an event."""

    public_id: UUID


Objects = Sequence[HasPublicId | tuple[str, UUID]]


def canonical(value: Mapping[str, Any]) -> bytes:
    """The bytes of a value by the rules above. Raises TypeError for what has no canonical form (floats, None)."""
    _check(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _check(value: object) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"key {key!r} is not a string")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    elif not isinstance(value, str | int):
        raise TypeError(f"{value!r} has no canonical form")


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return _moment(value)
    if isinstance(value, dt.date | UUID):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    return value


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _type_of(item: HasPublicId) -> str:
    return str(item._meta.label_lower)  # type: ignore[attr-defined]  # noqa: SLF001


def _facts(values: Mapping[str, Any]) -> dict[str, object]:
    return {key: _plain(value) for key, value in values.items() if value is not None and value != ""}


def _actor(actor: Actor) -> dict[str, object]:
    return _facts(
        {
            "kind": actor.kind.value,
            "id": actor.id,
            "service": actor.service,
            "for": actor.acting_for,
            "channel": actor.channel.value,
            "because": actor.because,
        }
    )


@inside
def record(
    actor: Actor,
    code: str,
    *,
    objects: Objects = (),
    data: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
) -> Event:
    """Write one event in the caller's transaction; if it cannot be written, the change does not happen.

    `objects` are models with a public id, or pairs (type, public id). `data` holds codes, numbers, dates and ids,
    `personal` what must be erasable. Hints of other rooms for this code are sent after commit.
    Raises UnknownEvent for a code or a key that no room declares.
    """
    kind = registry.event_kinds.get(code)
    if kind is None:
        raise UnknownEvent(code)
    facts, values = _facts(data or {}), _facts(personal or {})
    stray = (facts.keys() - kind.keys) | (values.keys() - kind.personal)
    if stray:
        raise UnknownEvent(f"{code}: {', '.join(sorted(stray))}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT uuidv7(), clock_timestamp()")
        public_id, db_at = cursor.fetchone()
    about = [item if isinstance(item, tuple) else (_type_of(item), item.public_id) for item in objects]
    at, salt = clock.now(), os.urandom(16)
    body: dict[str, object] = {
        "v": VERSION,
        "id": str(public_id),
        "code": code,
        "at": _moment(at),
        "db_at": _moment(db_at),
        "actor": _actor(actor),
        "objects": [[kind_, str(identifier)] for kind_, identifier in about],
        "data": facts,
    }
    if actor.request_id:
        body["request"] = actor.request_id
    if values:
        body["person"] = hashlib.sha256(salt + canonical(values)).hexdigest()
    event = Event.objects.create(
        public_id=public_id,
        version=VERSION,
        code=code,
        at=at,
        db_at=db_at,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        service=actor.service,
        acting_for=actor.acting_for,
        channel=actor.channel.value,
        because=actor.because,
        request_id=actor.request_id,
        canonical=canonical(body),
    )
    EventObject.objects.bulk_create(
        EventObject(event=event, position=n, type=kind_, object_id=identifier)
        for n, (kind_, identifier) in enumerate(about)
    )
    if values:
        PersonalValues.objects.create(event=event, salt=salt, values=values)
    for task in registry.hints.get(code, []):
        jobs.enqueue(task, *(identifier for _, identifier in about[:1]))
    return event


@verb
def record_refusal(actor: Actor, kind: str, object_id: UUID, *, action: str) -> None:
    """A stranger asked for an object: one event per actor, object and minute, in a transaction of its own."""
    since = clock.now() - dt.timedelta(minutes=1)
    seen = Event.objects.filter(
        code="audit.access.refused", actor_id=actor.id, at__gt=since, about__object_id=object_id
    ).exists()
    if not seen:
        record(actor, "audit.access.refused", objects=[(kind, object_id)], data={"action": action})


@verb
def record_page_refusal(actor: Actor, *, action: str) -> None:
    """Somebody asked for a page that their roles do not open: one event per actor, action and minute."""
    since = clock.now() - dt.timedelta(minutes=1)
    needle = canonical({"data": {"action": action}})[1:-1]
    recent = Event.objects.filter(code="audit.page.refused", actor_id=actor.id, at__gt=since)
    if not any(needle in bytes(event.canonical) for event in recent[:50]):
        record(actor, "audit.page.refused", data={"action": action})


@verb
def record_reading(actor: Actor, *, looked_for: Mapping[str, object]) -> None:
    """Somebody reads the log, with the filter (codes, ids, days): one event per actor and minute."""
    since = clock.now() - dt.timedelta(minutes=1)
    if not Event.objects.filter(code="audit.log.read", actor_id=actor.id, at__gt=since).exists():
        words = " ".join(f"{name}={_plain(value)}" for name, value in looked_for.items() if value)
        record(actor, "audit.log.read", data={"filter": words})


@verb
def record_command(actor: Actor, *, command: str, arguments: str = "") -> None:
    """A management command was run by hand."""
    record(actor, "audit.command.run", data={"command": command, "arguments": arguments})
