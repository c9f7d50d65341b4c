"""Correcting the face of an invoice (修正): names, addresses and bank account, by two people. Sums never change here."""

from collections.abc import Mapping

from accounts.models import Confirmation, User
from accounts.services import ask_confirmation, give_confirmation
from audit.services import record
from billing.errors import CorrectionNotAsked, NothingCorrected
from billing.models import DocumentKind, Invoice, InvoiceCorrection
from billing.permissions import ISSUE_INVOICES
from billing.queries import CORRECTION, asked_correction, correction_digest, corrections_of, face_in_force
from billing.rules.papers import changes_of, corrected_face
from billing.services.documents import order_document
from lib import clock
from lib.actor import Actor
from lib.errors import NotPermitted
from lib.verbs import verb


@verb
def ask_invoice_correction(actor: Actor, invoice: Invoice, *, values: Mapping[str, str], reason: str) -> Confirmation:
    """Ask, as the first of two people, for a corrected face; `values` hold every key of `rules.papers.CORRECTABLE`.

    Raises NotPermitted, NothingCorrected, AlreadyAsked, ValueError without a reason.
    """
    if not actor.may(ISSUE_INVOICES):
        raise NotPermitted
    if not reason.strip():
        raise ValueError("a correction says why")
    changes = changes_of(face_in_force(invoice), values)
    if not changes:
        raise NothingCorrected
    return ask_confirmation(
        actor,
        kind=CORRECTION,
        subject=invoice,
        title=f"請求書 {invoice.number} の修正",
        facts=[("請求書", invoice.number), *((row["label"], f"{row['before']} → {row['after']}") for row in changes)],
        payload={"changes": changes},
        digest=correction_digest(invoice, changes),
        reason=reason,
    )


@verb
def correct_invoice(actor: Actor, invoice: Invoice) -> InvoiceCorrection:
    """Correct the face as it was asked for, as the second person, and order the paper with the stamp 修正.

    Raises NotPermitted, CorrectionNotAsked, SamePerson, Changed (the face, since it was asked), Stale.
    """
    if not actor.may(ISSUE_INVOICES):
        raise NotPermitted
    asked = asked_correction(invoice)
    if asked is None:
        raise CorrectionNotAsked
    changes = asked.payload["changes"]
    give_confirmation(actor, asked, digest=correction_digest(invoice, changes))
    correction = InvoiceCorrection.objects.create(
        invoice=invoice,
        position=len(corrections_of(invoice)) + 1,
        face=corrected_face(face_in_force(invoice), changes),
        changes=changes,
        reason=asked.reason,
        asked_by=asked.asked_by,
        decided_by=User.objects.get(public_id=actor.subject),
        corrected_on=clock.today(),
        created_at=clock.now(),
    )
    order_document(invoice, kind=DocumentKind.CORRECTION, correction=correction)
    record(
        actor,
        "billing.invoice.corrected",
        objects=[invoice],
        data={
            "number": invoice.number,
            "position": correction.position,
            "fields": [change["field"] for change in changes],
        },
        personal={"reason": asked.reason},
    )
    return correction
