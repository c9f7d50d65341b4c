"""The papers of an invoice: its original, copies and corrections, the face in force, and to whom it was sent."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from accounts import queries as accounts
from accounts.models import Confirmation, User
from accounts.queries import open_confirmation
from billing.documents import MOST_LINES, Paper
from billing.models import DocumentKind, Invoice, InvoiceCorrection, InvoiceDocument, InvoiceLine, InvoiceMailing
from billing.rules.papers import Change

CORRECTION = "billing.invoice_correction"


def corrections_of(invoice: Invoice) -> Sequence[InvoiceCorrection]:
    """All corrections of an invoice, the first one first, with their people."""
    return list(invoice.corrections.select_related("asked_by", "decided_by").order_by("position"))


def face_in_force(invoice: Invoice) -> Mapping[str, Any]:
    """The face of the latest correction, or the one that the invoice was issued with."""
    last: Mapping[str, Any] | None = invoice.corrections.order_by("-position").values_list("face", flat=True).first()
    return last or invoice.face


def documents_of(invoice: Invoice) -> Sequence[InvoiceDocument]:
    """Every paper of an invoice in the order of making, without the bytes, with the people behind it."""
    people = ("asked_by", "correction__asked_by", "correction__decided_by")
    return list(invoice.documents.defer("pdf").select_related(*people).order_by("pk"))


def document_in_force(invoice: Invoice) -> InvoiceDocument:
    """The paper that counts: the latest correction, else the original; without the bytes."""
    papers = InvoiceDocument.objects.defer("pdf").filter(invoice=invoice).exclude(kind=DocumentKind.COPY)
    return papers.select_related("invoice").latest("pk")


def document_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """2026-0001 写し, by public id of the document."""
    rows = InvoiceDocument.objects.filter(public_id__in=list(ids)).values_list("public_id", "invoice__number", "kind")
    return {identifier: f"{number} {DocumentKind(kind).label}" for identifier, number, kind in rows}


def paper_of(document: InvoiceDocument) -> Paper:
    """What the document shows: corrections made before it, and the lines unless there are too many."""
    invoice = document.invoice
    upto = list(invoice.corrections.filter(document__lte=document.pk).order_by("position"))
    fits = invoice.face["count"] <= MOST_LINES
    lines = list(InvoiceLine.objects.filter(invoice=invoice).order_by("position")) if fits else []
    return Paper(invoice, lines, document.kind, document.issued_on, upto)


@dataclass(frozen=True, slots=True)
class Sending:
    """One sending of an invoice: when, by whom (None for a service), to whom."""

    at: dt.datetime
    by: User | None
    people: Sequence[User]
    is_again: bool


def sendings_of(invoice: Invoice) -> Sequence[Sending]:
    """Every sending of an invoice, the first one first (one query)."""
    rows = InvoiceMailing.objects.filter(invoice=invoice).select_related("person", "sent_by").order_by("at", "pk")
    found: list[Sending] = []
    for at, group in groupby(rows, lambda row: row.at):
        mailings = list(group)
        found.append(Sending(at, mailings[0].sent_by, [row.person for row in mailings], is_again=bool(found)))
    return found


def contacts_of(invoice: Invoice) -> Sequence[User]:
    """Today's billing contacts (請求担当者) of the invoice's office."""
    return accounts.billing_contacts(invoice.office)


def asked_correction(invoice: Invoice) -> Confirmation | None:
    """The correction that waits for a second person; its payload holds the changes."""
    return open_confirmation(CORRECTION, invoice.public_id)


def correction_digest(invoice: Invoice, changes: Sequence[Change]) -> str:
    """A fingerprint of a correction and of the face that it would change."""
    facts = json.dumps([face_in_force(invoice), [dict(change) for change in changes]], sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()
