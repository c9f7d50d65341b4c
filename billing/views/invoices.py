"""Invoices: the list, one with its face, its lines and its papers, the PDF in force."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_safe

from accounts.access import page_for
from accounts.queries import may_decide
from billing import access, queries
from billing.models import Invoice, InvoiceKind
from billing.permissions import ISSUE_INVOICES, READ_CHARGES, READ_INVOICES, SEND_INVOICES
from billing.rules.days import period_name
from billing.views.answers import answer_pdf
from lib.actor import Actor
from lib.requests import actor_of
from lib.tables import page_of

LINES = 200


@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """The invoices that the actor may read, newest first."""
    actor = actor_of(request)
    page_for(actor, READ_INVOICES)
    context = {
        "page": page_of(queries.invoices(actor), request.GET),
        "may_issue": actor.may(ISSUE_INVOICES),
        "crumbs": [("ホーム", reverse("config:home")), ("請求書", "")],
    }
    return render(request, "billing/invoices.html", context)


@require_safe
def invoice(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One invoice: the face in force, its lines, its papers, to whom it was sent."""
    actor = actor_of(request)
    found = access.invoice_for(actor, pk)
    page = page_of(queries.invoice_lines(found), request.GET, size=LINES)
    face = queries.face_in_force(found)
    context = {
        "invoice": found,
        "face": face,
        "first": dt.date.fromisoformat(face["period"]["first"]),
        "last": dt.date.fromisoformat(face["period"]["last"]),
        "is_one_off": found.kind == InvoiceKind.ONE_OFF,
        "name": period_name(found.period.last_day) if found.period else found.get_kind_display(),
        "page": page,
        "lines": [queries.shown_line(line) for line in page],
        "links": actor.may(READ_CHARGES),
        **_papers(actor, found),
        "crumbs": [
            ("ホーム", reverse("config:home")),
            ("請求書", reverse("billing:invoices")),
            (found.number, ""),
        ],
    }
    return render(request, "billing/invoice.html", context)


def _papers(actor: Actor, found: Invoice) -> dict[str, Any]:
    documents = queries.documents_of(found)
    asked = queries.asked_correction(found) if actor.may(ISSUE_INVOICES) else None
    return {
        "documents": documents,
        "document": [row for row in documents if row.kind != "copy"][-1],
        "corrections": queries.corrections_of(found),
        "sendings": queries.sendings_of(found),
        "asked": asked,
        "may_decide": asked is not None and may_decide(actor, asked),
        "may_issue": actor.may(ISSUE_INVOICES),
        "may_send": actor.may(SEND_INVOICES),
    }


# Not HEAD: that would record a download that nobody made.
@require_GET
def invoice_pdf(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The PDF in force; until it is made, the invoice's page with a word about it."""
    found = access.invoice_for(actor_of(request), pk)
    return answer_pdf(request, queries.document_in_force(found))
