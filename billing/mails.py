"""Mails of this room: plain text with a link to the portal; no sums, no travellers, no files."""

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from audit.services import queue_mail
from billing.models import DocumentKind, Invoice, InvoiceDocument
from billing.rules.days import period_name
from lib.actor import Actor
from lib.verbs import inside


@inside
def tell_contact(actor: Actor, invoice: Invoice, person: User, *, document: InvoiceDocument, is_again: bool) -> None:
    """Where the invoice of the contact's office is to be seen; `document` is the paper in force."""
    name = period_name(invoice.period.last_day) if invoice.period else invoice.get_kind_display()
    context = {
        "person": person,
        "invoice": invoice,
        "name": name,
        "is_again": is_again,
        "corrected_on": document.issued_on if document.kind == DocumentKind.CORRECTION else None,
        "address": settings.PORTAL_ORIGIN + reverse("billing:invoice", args=[invoice.public_id]),
    }
    queue_mail(
        actor,
        kind="invoice",
        to_person=person.public_id,
        to_address=person.email,
        subject=render_to_string("billing/mail/invoice.subject", context).strip(),
        body=render_to_string("billing/mail/invoice.txt", context),
        about=invoice,
    )
