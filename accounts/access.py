"""The only way a view gets an object of this room. A stranger gets 404, and the attempt is an event."""

from uuid import UUID

from django.http import Http404

from accounts.models import PublicText, User
from audit.access import page_for
from audit.services import record_refusal
from lib import clock
from lib.actor import NOBODY, Actor

__all__ = ["page_for", "person_for", "text_for"]


def person_for(actor: Actor, public_id: UUID | None) -> User:
    """A person that the actor may look up. Raises Http404."""
    found = User.objects.visible_to(actor).filter(public_id=public_id or NOBODY).first()
    if found is None:
        if public_id and User.objects.filter(public_id=public_id).exists():
            record_refusal(actor, "accounts.user", public_id, action="accounts.person.read")
        raise Http404
    return found


def text_for(actor: Actor, slug: str) -> PublicText:  # noqa: ARG001  public: everybody may read it
    """A public text as it reads today. Raises Http404."""
    found = PublicText.objects.on(clock.today()).filter(slug=slug).first()
    if not isinstance(found, PublicText):
        raise Http404
    return found
