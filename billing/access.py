"""The only way a view gets an object of this room. A stranger gets 404, and the attempt is an event."""

from uuid import UUID

from django.http import Http404

from accounts.models import Office
from audit.services import record_refusal
from billing.models import Invoice, InvoiceDocument, OneOffRequest, Period
from billing.permissions import ISSUE_INVOICES, READ_CHARGES, READ_INVOICES, READ_PERIODS
from booking.models import Charge
from lib.actor import Actor, Scope


def period_for(actor: Actor, public_id: UUID, *, to: str = READ_PERIODS) -> Period:
    """A period that the actor may read, or close with `to=CLOSE_PERIODS`. Raises Http404."""
    found = Period.objects.visible_to(actor).select_related("office").filter(public_id=public_id).first()
    if found is None or not actor.may(to):
        if Period.objects.filter(public_id=public_id).exists():
            record_refusal(actor, "billing.period", public_id, action=to)
        raise Http404
    return found


def invoice_for(actor: Actor, public_id: UUID, *, to: str = READ_INVOICES) -> Invoice:
    """An invoice that the actor may read, or do more to with another `to`. Raises Http404."""
    readable = Invoice.objects.visible_to(actor).select_related("period", "office")
    found = readable.filter(public_id=public_id).first()
    if found is None or not actor.may(to):
        if Invoice.objects.filter(public_id=public_id).exists():
            record_refusal(actor, "billing.invoice", public_id, action=to)
        raise Http404
    return found


def document_for(actor: Actor, public_id: UUID) -> InvoiceDocument:
    """A paper of an invoice that the actor may read, without its bytes. Raises Http404."""
    papers = InvoiceDocument.objects.defer("pdf").select_related("invoice")
    found = papers.filter(public_id=public_id, invoice__in=Invoice.objects.visible_to(actor)).first()
    if found is None:
        if papers.filter(public_id=public_id).exists():
            record_refusal(actor, "billing.invoicedocument", public_id, action=READ_INVOICES)
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


def charge_for(actor: Actor, public_id: UUID, *, to: str = READ_CHARGES) -> Charge:
    """A charge that the actor may read, or correct with `to=CORRECT_CHARGES`. Raises Http404."""
    found = (
        Charge.objects.filter(public_id=public_id)
        .select_related("person", "office", "reservation__trip", "reservation__connection", "feed_row__feed", "origin")
        .first()
    )
    if found is None:
        raise Http404
    if actor.scope(to) is not Scope.ALL:
        record_refusal(actor, "booking.charge", public_id, action=to)
        raise Http404
    return found


def one_off_for(actor: Actor, public_id: UUID) -> OneOffRequest:
    """A request for a one-off invoice, for those who issue invoices. Raises Http404."""
    found = OneOffRequest.objects.filter(public_id=public_id).select_related("office", "invoice").first()
    if found is None:
        raise Http404
    if actor.scope(ISSUE_INVOICES) is not Scope.ALL:
        record_refusal(actor, "billing.oneoffrequest", public_id, action=ISSUE_INVOICES)
        raise Http404
    return found
