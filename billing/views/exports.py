"""Files that leave the house: an invoice as CSV, XLSX or twin; the ledger, with its first rows on a page."""

import datetime as dt
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_safe

from accounts import queries as accounts
from accounts.access import page_for
from billing import access, queries
from billing.errors import TooManyRows
from billing.forms import LedgerForm, ledger_query
from billing.permissions import READ_LEDGER
from billing.queries import LedgerFilter
from billing.rules.days import DAY
from billing.services import ExportFile, InvoiceFormat, download_invoice, download_ledger
from lib import clock, jst
from lib.actor import Actor
from lib.htmx import redirect_see_other
from lib.requests import actor_of

SHOWN = 20


# Not HEAD: that would record a download that nobody made.
@require_GET
def invoice_file(request: HttpRequest, pk: UUID, form: InvoiceFormat) -> HttpResponse | StreamingHttpResponse:
    """An invoice as a file, for whoever may take its PDF."""
    actor = actor_of(request)
    found = access.invoice_for(actor, pk)
    try:
        file = download_invoice(actor, found, form=form)
    except TooManyRows as error:
        messages.warning(request, error.message)
        return redirect_see_other(request, reverse("billing:invoice", args=[pk]))
    return _sent(file)


@require_safe
def ledger(request: HttpRequest) -> HttpResponse:
    """The form and, for days that can be, the first rows of the file with count and sum."""
    actor = actor_of(request)
    page_for(actor, READ_LEDGER, wide=True)
    form, wanted = _read(request, actor)
    context = {
        "form": form,
        "found": queries.ledger_preview(actor, wanted, SHOWN) if wanted else None,
        "shown": SHOWN,
        "columns": queries.LEDGER_COLUMNS,
        "wanted": wanted,
        "query": ledger_query(wanted) if wanted else "",
        "crumbs": [("ホーム", reverse("config:home")), ("費用台帳", "")],
    }
    return render(request, "billing/ledger.html", context, status=200 if wanted else 422)


# Not HEAD: that would record a download that nobody made.
@require_GET
def ledger_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The file; with days that cannot be, the page with what to mend."""
    actor = actor_of(request)
    page_for(actor, READ_LEDGER, wide=True)
    _, wanted = _read(request, actor)
    return _sent(download_ledger(actor, wanted)) if wanted else ledger(request)


def _sent(file: ExportFile) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "X-Rows": str(file.rows)}
    if file.sha256:
        headers["X-SHA256"] = file.sha256
    return StreamingHttpResponse(file.chunks, content_type=file.content_type, headers=headers)


def _read(request: HttpRequest, actor: Actor) -> tuple[LedgerForm, LedgerFilter | None]:
    """The form, and what it asks for: the fiscal year up to last month when the address says nothing, None with errors."""
    office = access.office_for(actor, request.GET.get("office", ""), to=READ_LEDGER)
    offices = queries.ledger_offices(actor)
    names = accounts.office_names(offices.values_list("public_id", flat=True))
    choices = [(str(row.public_id), names.get(row.public_id, row.code)) for row in offices]
    if "first_y" not in request.GET:
        wanted = LedgerFilter(*_fiscal_year(), office=office)
        initial = {
            "first": wanted.first,
            "last": wanted.last,
            "office": str(office.public_id) if office else "",
        }
        return LedgerForm(offices=choices, initial=initial), wanted
    form = LedgerForm(request.GET, offices=choices)
    if not form.is_valid():
        return form, None
    data = form.cleaned_data
    return form, LedgerFilter(data["first"], data["last"], office)


def _fiscal_year() -> tuple[dt.date, dt.date]:
    last = clock.today().replace(day=1) - DAY
    return dt.date(jst.fiscal_year(last), 4, 1), last
