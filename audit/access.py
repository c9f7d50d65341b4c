"""The way onto pages (all rooms use `page_for`), and the only way a view gets an object of the log."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404

from audit.models import Event, OutgoingMail
from audit.permissions import READ_EVENTS, READ_MAIL
from audit.services import record_page_refusal, record_refusal
from lib.actor import Actor, Scope


def page_for(actor: Actor, action: str, *, wide: bool = False) -> None:
    """Let the actor onto a page that needs `action` (further than their own when `wide`).

    Raises PermissionDenied; the attempt is an event.
    """
    scope = actor.scope(action)
    if scope is Scope.NONE or (wide and scope is Scope.OWN):
        record_page_refusal(actor, action=action)
        raise PermissionDenied


def event_for(actor: Actor, public_id: UUID) -> Event:
    """An event that the actor may read. Raises Http404; a stranger's attempt is an event."""
    found = Event.objects.visible_to(actor).filter(public_id=public_id).first()
    if found is None:
        if Event.objects.filter(public_id=public_id).exists():
            record_refusal(actor, "audit.event", public_id, action=READ_EVENTS)
        raise Http404
    return found


def mail_for(actor: Actor, public_id: UUID) -> OutgoingMail:
    """A mail that the actor may read. Raises Http404; a stranger's attempt is an event."""
    found = OutgoingMail.objects.visible_to(actor).filter(public_id=public_id).first()
    if found is None:
        if OutgoingMail.objects.filter(public_id=public_id).exists():
            record_refusal(actor, "audit.outgoingmail", public_id, action=READ_MAIL)
        raise Http404
    return found
