"""The only way a view gets an object of this room. A stranger gets 404, and the attempt is an event."""

from uuid import UUID

from django.http import Http404

from accounts.models import PublicText, User
from audit.access import page_for
from audit.services import record_refusal
from lib import clock, registry
from lib.actor import NOBODY, Actor
from lib.dated import DatedRow
from lib.registry import DatedTable

__all__ = ["dated_row_for", "dated_table_for", "page_for", "person_for", "text_for"]


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


def dated_table_for(actor: Actor, slug: str, *, edit: bool = False) -> DatedTable:
    """A table of dated rows that the actor may read, or change. Raises Http404 and PermissionDenied."""
    table = registry.dated_tables.get(slug)
    if table is None:
        raise Http404
    page_for(actor, table.edit if edit else table.read)
    return table


def dated_row_for(actor: Actor, table: DatedTable, pk: int, *, edit: bool = False) -> DatedRow:
    """A row of a table. Its key tells nothing: whoever may ask sees all rows. Raises Http404 and PermissionDenied."""
    page_for(actor, table.edit if edit else table.read)
    found: DatedRow | None = table.model._default_manager.filter(pk=pk).first()  # noqa: SLF001
    if found is None:
        raise Http404
    return found
