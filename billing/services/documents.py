"""PDFs of invoices: made after commit by a worker, kept with their hash, downloads recorded."""

import datetime as dt
import hashlib
from uuid import UUID

from audit.services import record
from billing.documents import invoice_pdf
from billing.errors import NothingPrinted
from billing.models import DocumentKind, Invoice, InvoiceDocument, InvoiceLine
from billing.permissions import READ_INVOICES
from lib import clock, durable
from lib.actor import Actor
from lib.errors import NotPermitted
from lib.verbs import driver, verb

LEASE = dt.timedelta(minutes=3)
PAUSES = [dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)]


@driver
def make_document(actor: Actor, document_pk: int) -> None:
    """Make the PDF of an invoice, if it is due and nobody else does; what went wrong stays on the row, and it is tried again."""
    token = durable.claim(InvoiceDocument.objects.filter(made_at=None), document_pk, lease=LEASE)
    if token is None:
        return
    document = InvoiceDocument.objects.select_related("invoice").get(pk=document_pk)
    lines = list(InvoiceLine.objects.filter(invoice=document.invoice).order_by("position"))
    try:
        pdf = invoice_pdf(document.invoice, lines)
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
def take_document(actor: Actor, invoice: Invoice) -> bytes:
    """The PDF of an invoice for download; who took it is recorded. Raises NotPermitted, NothingPrinted."""
    if not actor.may(READ_INVOICES):
        raise NotPermitted
    document = InvoiceDocument.objects.get(invoice=invoice, kind=DocumentKind.ORIGINAL)
    if document.pdf is None:
        raise NothingPrinted
    record(actor, "billing.invoice.downloaded", objects=[invoice], data={"number": invoice.number})
    return bytes(document.pdf)


def _hold_back(document: InvoiceDocument, token: UUID, error: Exception) -> None:
    pause = PAUSES[min(document.attempts, len(PAUSES)) - 1]
    durable.release(
        InvoiceDocument.objects.all(),
        document.pk,
        token,
        next_try_at=clock.wall() + pause,
        error=f"{type(error).__name__}: {error}"[:300],
    )
