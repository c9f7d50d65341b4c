"""Sending invoices: the office's billing contacts get a mail with a link to the invoice's page, never the PDF."""

from collections.abc import Sequence

from accounts.models import User
from audit.services import record
from billing.errors import NoContact, NothingPrinted
from billing.mails import tell_contact
from billing.models import Invoice, InvoiceMailing
from billing.permissions import SEND_INVOICES
from billing.queries import contacts_of, document_in_force
from lib import clock
from lib.actor import Actor
from lib.errors import NotPermitted
from lib.verbs import verb


@verb
def send_invoice(actor: Actor, invoice: Invoice) -> Sequence[InvoiceMailing]:
    """Tell each billing contact of the office where the invoice is; sending again is a sending of its own (再送).

    Raises NotPermitted, NoContact, NothingPrinted.
    """
    if not actor.may(SEND_INVOICES):
        raise NotPermitted
    contacts = contacts_of(invoice)
    if not contacts:
        raise NoContact
    document = document_in_force(invoice)
    if document.made_at is None:
        raise NothingPrinted("PDFがまだできていないため、送れません。できてから、もう一度送ってください。")
    sender = User.objects.get_queryset().filter(public_id=actor.subject).first()
    is_again, now = InvoiceMailing.objects.filter(invoice=invoice).exists(), clock.now()
    mailings = []
    for person in contacts:
        mailings.append(InvoiceMailing.objects.create(invoice=invoice, person=person, sent_by=sender, at=now))
        tell_contact(actor, invoice, person, document=document, is_again=is_again)
    record(
        actor,
        "billing.invoice.sent",
        objects=[invoice, *contacts],
        data={"number": invoice.number, "recipients": len(contacts), "again": is_again},
    )
    return mailings
