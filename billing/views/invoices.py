"""Invoices: the list, one with its face and lines, its PDF."""

import datetime as dt
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_safe

from accounts.access import page_for
from billing import access, queries
from billing.errors import NothingPrinted
from billing.permissions import ISSUE_INVOICES, READ_CHARGES, READ_INVOICES
from billing.rules.days import period_name
from billing.services import take_document
from lib.htmx import redirect_see_other
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
    """One invoice as it was issued."""
    actor = actor_of(request)
    found = access.invoice_for(actor, pk)
    page = page_of(queries.invoice_lines(found), request.GET, size=LINES)
    context = {
        "invoice": found,
        "face": found.face,
        "name": period_name(found.period.last_day) if found.period else found.get_kind_display(),
        "is_one_off": found.period is None,
        "first": dt.date.fromisoformat(found.face["period"]["first"]),
        "last": dt.date.fromisoformat(found.face["period"]["last"]),
        "may_read_charges": actor.may(READ_CHARGES),
        "page": page,
        "lines": [queries.shown_line(line) for line in page],
        "document": queries.document_of(found),
        "crumbs": [
            ("ホーム", reverse("config:home")),
            ("請求書", reverse("billing:invoices")),
            (found.number, ""),
        ],
    }
    return render(request, "billing/invoice.html", context)


# Not HEAD: that would record a download that nobody made.
@require_GET
def invoice_pdf(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The PDF; until it is made, the invoice's page with a word about it."""
    actor = actor_of(request)
    found = access.invoice_for(actor, pk)
    try:
        pdf = take_document(actor, found)
    except NothingPrinted as error:
        messages.warning(request, error.message)
        return redirect_see_other(request, reverse("billing:invoice", args=[pk]))
    name = f"seikyusho-{found.number}.pdf"
    return HttpResponse(
        pdf, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
