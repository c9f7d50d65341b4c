"""Answers that several pages of this room give."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from billing.errors import NothingPrinted
from billing.models import DocumentKind, InvoiceDocument
from billing.services import take_document
from lib.htmx import redirect_see_other
from lib.requests import actor_of

# What a file is called beside the original: seikyusho-2026-0001-utsushi.pdf
SUFFIXES = {DocumentKind.ORIGINAL: "", DocumentKind.COPY: "-utsushi", DocumentKind.CORRECTION: "-shusei"}


def answer_pdf(request: HttpRequest, document: InvoiceDocument) -> HttpResponse:
    """The PDF as a download; while it is not made, the invoice's page with a word about it."""
    invoice = document.invoice
    try:
        pdf = take_document(actor_of(request), document)
    except NothingPrinted as error:
        messages.warning(request, error.message)
        return redirect_see_other(request, reverse("billing:invoice", args=[invoice.public_id]))
    name = f"seikyusho-{invoice.number}{SUFFIXES[DocumentKind(document.kind)]}.pdf"
    return HttpResponse(
        pdf, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
