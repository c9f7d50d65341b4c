"""The only way a view gets an object of this room. A stranger gets 404, and the attempt is an event."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from accounts.models import Confirmation, PublicText, User
from audit.access import page_for
from audit.services import record_refusal
from lib import clock, kept, registry
from lib.actor import NOBODY, Actor
from lib.dated import DatedRow
from lib.htmx import redirect_see_other
from lib.registry import DatedTable

__all__ = [
    "confirmation_for",
    "dated_row_for",
    "dated_table_for",
    "is_stepped_up",
    "needs_step_up",
    "page_for",
    "person_for",
    "text_for",
]

# Where the session keeps the wall time (seconds) of the last second factor.
SECOND_FACTOR_AT = "second_factor_at"
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


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


def confirmation_for(actor: Actor, public_id: UUID) -> Confirmation:
    """A request for a second person that the actor may see. Raises Http404."""
    found = Confirmation.objects.filter(public_id=public_id).select_related("asked_by", "decided_by").first()
    if found is None:
        raise Http404
    if not Confirmation.objects.visible_to(actor).filter(pk=found.pk).exists():
        record_refusal(actor, "accounts.confirmation", public_id, action="accounts.confirmation.read")
        raise Http404
    return found


def is_stepped_up(request: HttpRequest) -> bool:
    """Whether the second factor was given in this session within the last STEP_UP_MINUTES, by wall time."""
    given: float = request.session.get(SECOND_FACTOR_AT, 0)
    return clock.wall_seconds() - given <= settings.STEP_UP_MINUTES * 60


def needs_step_up(view: View[P]) -> View[P]:
    """For views of dangerous acts: their POST gets through only right after the second factor, else it is asked for again.

    The form waits (`lib.kept`) and opens filled in afterwards; it is never sent by itself. Put it below the decorator that
    names the methods; the view shows what `kept.take(request)` gives.
    """

    @functools.wraps(view)
    def stepped_up(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method != "POST" or is_stepped_up(request):
            return view(request, *args, **kwargs)
        kept.keep(request)
        query = QueryDict(mutable=True)
        query["next"] = kept.page_of(request)
        return redirect_see_other(request, f"{reverse('accounts:step_up')}?{query.urlencode(safe='/')}")

    return stepped_up


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
