"""State moves in one function: a table of allowed moves, compare-and-set, the event, one transaction."""

from collections.abc import Mapping, Set
from typing import Any, Protocol, TypeVar

from django.db.models import Model

from audit.services.recording import Objects, record
from lib.actor import Actor
from lib.errors import MoveNotAllowed, Stale
from lib.verbs import inside


class Stateful(Protocol):
    """A row with a state."""

    state: str


Row = TypeVar("Row", bound=Model)
Moves = Mapping[Any, Set[Any]]


@inside
def advance(
    obj: Row,
    to: str,
    *,
    code: str,
    allowed: Moves,
    actor: Actor,
    why: str = "",
    about: Objects = (),
    data: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
    **fields: Any,
) -> None:
    """Move `obj` to state `to`, with `fields` in the same UPDATE and the event `code` in the same transaction.

    Raises MoveNotAllowed when the table has no such move from the state that the caller saw, and Stale when the row is
    no longer in that state: somebody else was first, and nothing was changed.
    """
    before = str(obj.state)  # type: ignore[attr-defined]
    if to not in allowed.get(before, frozenset()):
        raise MoveNotAllowed(f"{type(obj).__name__}: {before} → {to}")
    model = type(obj)
    hit = model._default_manager.filter(pk=obj.pk, state=before).update(state=to, **fields)  # noqa: SLF001
    if hit != 1:
        raise Stale
    facts = {"from": before, "to": str(to), **({"why": why} if why else {}), **(data or {})}
    record(actor, code, objects=[obj, *about], data=facts, personal=personal)  # type: ignore[list-item]
    for name, value in {"state": to, **fields}.items():
        setattr(obj, name, value)
