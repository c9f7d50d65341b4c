"""The only way a view gets an object of the log. A stranger gets 404, and the attempt is an event."""

from uuid import UUID

from django.http import Http404

from audit.models import Event, OutgoingMail
from audit.permissions import READ_EVENTS, READ_MAIL
from audit.services import record_refusal
from lib.actor import Actor


def event_for(actor: Actor, public_id: UUID) -> Event:
    """An event that the actor may read. Raises Http404."""
    found = Event.objects.visible_to(actor).filter(public_id=public_id).first()
    if found is None:
        if Event.objects.filter(public_id=public_id).exists():
            record_refusal(actor, "audit.event", public_id, action=READ_EVENTS)
        raise Http404
    return found


def mail_for(actor: Actor, public_id: UUID) -> OutgoingMail:
    """A mail that the actor may read. Raises Http404."""
    found = OutgoingMail.objects.visible_to(actor).filter(public_id=public_id).first()
    if found is None:
        if OutgoingMail.objects.filter(public_id=public_id).exists():
            record_refusal(actor, "audit.outgoingmail", public_id, action=READ_MAIL)
        raise Http404
    return found
