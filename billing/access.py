"""The only way a view gets an object of this room. A stranger gets 404, and the attempt is an event."""

from uuid import UUID

from django.http import Http404

from accounts.models import Office
from audit.services import record_refusal
from billing.models import Invoice, Period
from billing.permissions import READ_INVOICES, READ_PERIODS
from lib.actor import Actor, Scope


def period_for(actor: Actor, public_id: UUID, *, to: str = READ_PERIODS) -> Period:
    """A period that the actor may read, or close with `to=CLOSE_PERIODS`. Raises Http404."""
    found = Period.objects.visible_to(actor).select_related("office").filter(public_id=public_id).first()
    if found is None or not actor.may(to):
        if Period.objects.filter(public_id=public_id).exists():
            record_refusal(actor, "billing.period", public_id, action=to)
        raise Http404
    return found


def invoice_for(actor: Actor, public_id: UUID) -> Invoice:
    """An invoice that the actor may read. Raises Http404."""
    readable = Invoice.objects.visible_to(actor).select_related("period", "office")
    found = readable.filter(public_id=public_id).first()
    if found is None:
        if Invoice.objects.filter(public_id=public_id).exists():
            record_refusal(actor, "billing.invoice", public_id, action=READ_INVOICES)
        raise Http404
    return found


def office_for(actor: Actor, public_id: str, *, to: str) -> Office | None:
    """The office whose usage or ledger is asked for, None for all that the actor may read. Raises Http404 for another's office."""
    if not public_id:
        return None
    try:
        found = Office.objects.filter(public_id=UUID(public_id)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    if actor.scope(to) is not Scope.ALL and found.public_id not in actor.offices:
        record_refusal(actor, "accounts.office", found.public_id, action=to)
        raise Http404
    return found
