"""Papers of invoices: made after commit by a worker, kept with their hash, copied on request, downloads recorded."""

import datetime as dt
import hashlib
from uuid import UUID

from accounts.models import User
from audit.services import record
from billing.documents import invoice_pdf
from billing.errors import NothingPrinted
from billing.models import DocumentKind, Invoice, InvoiceCorrection, InvoiceDocument
from billing.permissions import ISSUE_INVOICES, READ_INVOICES
from billing.queries import paper_of
from lib import clock, durable, jobs
from lib.actor import Actor, ActorKind
from lib.errors import NotPermitted
from lib.verbs import driver, inside, verb

LEASE = dt.timedelta(minutes=3)
PAUSES = [dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)]


@driver
def make_document(actor: Actor, document_pk: int) -> None:
    """Make the PDF of an invoice, if it is due and nobody else does; what went wrong stays on the row, and it is tried again."""
    token = durable.claim(InvoiceDocument.objects.filter(made_at=None), document_pk, lease=LEASE)
    if token is None:
        return
    document = InvoiceDocument.objects.select_related("invoice").get(pk=document_pk)
    try:
        pdf = invoice_pdf(paper_of(document))
    except Exception as error:  # noqa: BLE001  whatever the printer did, the document is tried again
        _hold_back(document, token, error)
    else:
        record_document(actor, document, token=token, pdf=pdf)


@verb
def record_document(actor: Actor, document: InvoiceDocument, *, token: UUID, pdf: bytes) -> None:
    """Keep a PDF with its SHA-256; nothing when the claim was lost meanwhile."""
    digest = hashlib.sha256(pdf).hexdigest()
    kept = durable.release(
        InvoiceDocument.objects.filter(made_at=None),
        document.pk,
        token,
        next_try_at=None,
        pdf=pdf,
        sha256=digest,
        made_at=clock.now(),
        error="",
    )
    if kept:
        record(actor, "billing.invoice.printed", objects=[document.invoice], data={"sha256": digest})


@verb
def take_document(actor: Actor, document: InvoiceDocument) -> bytes:
    """The PDF of a document for download; who took it is recorded. Raises NotPermitted, NothingPrinted."""
    if not actor.may(READ_INVOICES):
        raise NotPermitted
    pdf = InvoiceDocument.objects.values_list("pdf", flat=True).get(pk=document.pk)
    if pdf is None:
        raise NothingPrinted
    invoice = document.invoice
    record(actor, "billing.invoice.downloaded", objects=[invoice, document], data={"number": invoice.number})
    return bytes(pdf)


@verb
def reissue_invoice(actor: Actor, invoice: Invoice, *, reason: str) -> InvoiceDocument:
    """Order a copy (写し) of the invoice as it stands, dated today; nothing else changes.

    Raises NotPermitted (also for whoever is no person), ValueError without a reason.
    """
    if not actor.may(ISSUE_INVOICES) or actor.kind is not ActorKind.PERSON:
        raise NotPermitted
    if not reason.strip():
        raise ValueError("a copy says why")
    person = User.objects.get(public_id=actor.subject)
    copy = order_document(invoice, kind=DocumentKind.COPY, asked_by=person, reason=reason)
    record(
        actor,
        "billing.invoice.reissued",
        objects=[invoice, copy],
        data={"number": invoice.number},
        personal={"reason": reason},
    )
    return copy


@inside
def order_document(
    invoice: Invoice,
    *,
    kind: DocumentKind,
    correction: InvoiceCorrection | None = None,
    asked_by: User | None = None,
    reason: str = "",
) -> InvoiceDocument:
    """Wish for a further paper of an invoice, dated today; a worker makes it after commit."""
    document = InvoiceDocument.objects.create(
        invoice=invoice,
        kind=kind,
        correction=correction,
        issued_on=clock.today(),
        asked_by=asked_by,
        asked_at=clock.now(),
        reason=reason,
        next_try_at=clock.wall(),
    )
    jobs.enqueue("billing.tasks.make_document", document.pk)
    return document


def _hold_back(document: InvoiceDocument, token: UUID, error: Exception) -> None:
    pause = PAUSES[min(document.attempts, len(PAUSES)) - 1]
    durable.release(
        InvoiceDocument.objects.all(),
        document.pk,
        token,
        next_try_at=clock.wall() + pause,
        error=f"{type(error).__name__}: {error}"[:300],
    )
