"""What operators do with an issued invoice: copies, corrections by two people, sending; and each paper as a file."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import needs_step_up
from accounts.queries import may_decide
from billing import access, queries
from billing.forms import InvoiceCorrectionForm, ReissueForm
from billing.models import Invoice
from billing.permissions import ISSUE_INVOICES, SEND_INVOICES
from billing.rules.papers import face_values
from billing.services import ask_invoice_correction, correct_invoice, reissue_invoice, send_invoice
from billing.views.answers import answer_pdf
from lib import kept
from lib.errors import PortalError
from lib.htmx import pressed, redirect_see_other
from lib.requests import actor_of


# Not HEAD: that would record a download that nobody made.
@require_GET
def document_pdf(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One paper of an invoice: the original, a copy or a correction."""
    return answer_pdf(request, access.document_for(actor_of(request), pk))


@require_http_methods(["GET", "HEAD", "POST"])
def reissue(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make a copy (写し), and say why."""
    actor = actor_of(request)
    found = access.invoice_for(actor, pk, to=ISSUE_INVOICES)
    held = kept.take(request)
    form = ReissueForm(request.POST if request.method == "POST" else held)
    if request.method == "POST" and form.is_valid():
        reissue_invoice(actor, found, reason=form.cleaned_data["reason"])
        messages.success(request, "写しを発行しました。PDFは、まもなくできます。")
        return redirect_see_other(request, _page(found))
    context = {"form": form, "invoice": found, "kept": held, "crumbs": _crumbs(found, "再発行")}
    return render(request, "billing/reissue.html", context, status=_status(request))


@require_http_methods(["GET", "HEAD", "POST"])
@needs_step_up
def correct(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for a corrected face as the first of two people."""
    actor = actor_of(request)
    found = access.invoice_for(actor, pk, to=ISSUE_INVOICES)
    held, face = kept.take(request), queries.face_in_force(found)
    form = InvoiceCorrectionForm(request.POST if request.method == "POST" else held, initial=face_values(face))
    if request.method == "POST" and form.is_valid():
        try:
            ask_invoice_correction(actor, found, values=form.values(), reason=form.cleaned_data["reason"])
        except PortalError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "修正を依頼しました。ほかの担当者が確かめると、修正されます。")
            return redirect_see_other(request, _page(found))
    asked = queries.asked_correction(found)
    context = {"form": form, "invoice": found, "face": face, "asked": asked, "kept": held}
    context["crumbs"] = _crumbs(found, "修正の依頼")
    return render(request, "billing/correct.html", context, status=_status(request))


@require_http_methods(["GET", "HEAD", "POST"])
@needs_step_up
def confirm_correction(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Correct the invoice as the second person; without a waiting request the page says so."""
    actor = actor_of(request)
    found = access.invoice_for(actor, pk, to=ISSUE_INVOICES)
    said = "請求書を修正しました。PDFは、まもなくできます。"
    done, problem = pressed(request, partial(correct_invoice, actor, found), to=_page(found), said=said)
    if done:
        return done
    kept.take(request)
    asked = queries.asked_correction(found)
    context = {
        "invoice": found,
        "asked": asked,
        "changes": asked.payload["changes"] if asked else [],
        "problem": problem,
    }
    context |= {"may_decide": asked is not None and may_decide(actor, asked), "crumbs": _crumbs(found, "修正の確認")}
    return render(request, "billing/confirm_correction.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send a link to the office's billing contacts."""
    actor = actor_of(request)
    found = access.invoice_for(actor, pk, to=SEND_INVOICES)
    problem = ""
    if request.method == "POST":
        try:
            mailings = send_invoice(actor, found)
        except PortalError as error:
            problem = error.message
        else:
            messages.success(request, f"{len(mailings)}名の請求担当者に送りました。")
            return redirect_see_other(request, _page(found))
    context: dict[str, Any] = {"invoice": found, "problem": problem, "crumbs": _crumbs(found, "送付")}
    context |= {"face": queries.face_in_force(found), "contacts": queries.contacts_of(found)}
    context |= {"sendings": queries.sendings_of(found), "document": queries.document_in_force(found)}
    return render(request, "billing/send.html", context, status=422 if problem else 200)


def _page(found: Invoice) -> str:
    return reverse("billing:invoice", args=[found.public_id])


def _status(request: HttpRequest) -> int:
    """A form that comes back after sending was refused."""
    return 422 if request.method == "POST" else 200


def _crumbs(found: Invoice, here: str) -> list[tuple[str, str]]:
    return [
        ("ホーム", reverse("config:home")),
        ("請求書", reverse("billing:invoices")),
        (found.number, _page(found)),
        (here, ""),
    ]
