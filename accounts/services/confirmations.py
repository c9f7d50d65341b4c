"""Acts that need two people: one asks, another decides; the room's own verb carries the act out when it is given.

Nobody decides on what they asked for themselves, nor on what somebody asked whose proxy they are or who is theirs.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.errors import AlreadyAsked, Changed, SamePerson
from accounts.models import Confirmation, ConfirmationState, User
from accounts.queries import people_tied_to
from accounts.states import CONFIRMATION_MOVES
from audit.changes import advance
from audit.services import record
from lib import clock, registry
from lib.actor import Actor, ActorKind, Scope
from lib.errors import MoveNotAllowed, NotPermitted
from lib.verbs import inside, verb


class Subject(Protocol):
    """A model with a public id."""

    _meta: ClassVar[Any]
    public_id: UUID


@inside
def ask_confirmation(
    actor: Actor,
    *,
    kind: str,
    subject: Subject,
    title: str,
    facts: Sequence[tuple[str, str]],
    payload: Mapping[str, Any],
    digest: str = "",
    reason: str = "",
) -> Confirmation:
    """Ask for a second person's decision, in the transaction of the room's verb.

    `facts` are pairs (label, value) that say what will happen, `payload` the codes, numbers and ids to carry it out,
    `digest` the fingerprint of what the asker saw. Raises NotPermitted (also for whoever is no person), AlreadyAsked.
    """
    asker = _person(actor, kind)
    wish = Confirmation(
        kind=kind,
        subject_type=subject._meta.label_lower,  # noqa: SLF001
        subject=subject.public_id,
        title=title,
        facts=[list(fact) for fact in facts],
        payload=dict(payload),
        digest=digest,
        reason=reason,
        asked_by=asker,
    )
    try:
        with transaction.atomic():
            wish.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyAsked from error
    record(
        actor,
        "accounts.confirmation.asked",
        objects=[wish, (wish.subject_type, wish.subject)],
        data={"kind": kind, "digest": digest},
        personal={"reason": reason},
    )
    return wish


@inside
def give_confirmation(actor: Actor, confirmation: Confirmation, *, digest: str | None = None) -> Confirmation:
    """Say yes as the second person, in the transaction that carries the act out.

    `digest` is the fingerprint of what would be done now. Raises NotPermitted, MoveNotAllowed (it has ended), SamePerson,
    Changed (something else was asked for), Stale (somebody else was first).
    """
    decider = _decider(actor, confirmation)
    if digest is not None and digest != confirmation.digest:
        raise Changed
    _end(
        actor,
        confirmation,
        ConfirmationState.GIVEN,
        code="accounts.confirmation.given",
        data={"digest": confirmation.digest},
        decided_by=decider,
    )
    return confirmation


@verb
def refuse_confirmation(actor: Actor, confirmation: Confirmation, *, note: str) -> None:
    """Say no as the second person, and why. Raises as `give_confirmation`; ValueError without a note."""
    if not note.strip():
        raise ValueError("a refusal says why")
    decider = _decider(actor, confirmation)
    _end(
        actor,
        confirmation,
        ConfirmationState.REFUSED,
        code="accounts.confirmation.refused",
        personal={"reason": note},
        decided_by=decider,
        note=note,
    )


@verb
def withdraw_confirmation(actor: Actor, confirmation: Confirmation) -> None:
    """Take back what one asked for oneself. Raises NotPermitted, MoveNotAllowed, Stale."""
    if _person(actor, confirmation.kind).pk != confirmation.asked_by_id:
        raise NotPermitted
    _refuse_ended(confirmation)
    _end(actor, confirmation, ConfirmationState.WITHDRAWN, code="accounts.confirmation.withdrawn")


@inside
def lapse_confirmation(actor: Actor, confirmation: Confirmation, *, why: str) -> None:
    """The room ends a request that has lost its object; `why` is a code. Raises MoveNotAllowed, Stale."""
    _end(actor, confirmation, ConfirmationState.LAPSED, code="accounts.confirmation.lapsed", why=why)


def _person(actor: Actor, kind: str) -> User:
    """The person behind the actor, who may do acts of this kind everywhere. Raises NotPermitted."""
    act = registry.confirmation_kinds[kind]
    if actor.kind is not ActorKind.PERSON or actor.scope(act.action) is not Scope.ALL:
        raise NotPermitted
    return User.objects.get(public_id=actor.subject)


def _decider(actor: Actor, confirmation: Confirmation) -> User:
    """The person behind the actor, as somebody else than the asker and without a proxy between the two, today."""
    decider = _person(actor, confirmation.kind)
    _refuse_ended(confirmation)
    asker = confirmation.asked_by
    if asker.public_id in {actor.id, actor.acting_for} or asker.pk in people_tied_to(decider.public_id):
        raise SamePerson
    return decider


def _refuse_ended(confirmation: Confirmation) -> None:
    if confirmation.state != ConfirmationState.ASKED:
        raise MoveNotAllowed("この依頼は、もう終わっています。")


def _end(actor: Actor, confirmation: Confirmation, to: ConfirmationState, **more: Any) -> None:
    data = {"kind": confirmation.kind, **more.pop("data", {})}
    advance(
        confirmation,
        to,
        allowed=CONFIRMATION_MOVES,
        actor=actor,
        about=[(confirmation.subject_type, confirmation.subject)],
        data=data,
        decided_at=clock.now(),
        **more,
    )
