"""Usage data: choose days, look at the first rows, take the file."""

import datetime as dt

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_safe

from accounts import queries as accounts
from accounts.access import page_for
from billing import access, queries
from billing.forms import UsageForm, read_encoding, usage_query
from billing.permissions import READ_USAGE
from billing.queries import Basis, UsageFilter
from billing.rules.days import DAY
from billing.services import download_usage
from lib import clock
from lib.actor import Actor
from lib.requests import actor_of

SHOWN = 50


@require_safe
def usage(request: HttpRequest) -> HttpResponse:
    """The form and, for days that can be, the first rows of the file with count and sum."""
    actor = actor_of(request)
    page_for(actor, READ_USAGE, wide=True)
    form, wanted = _read(request, actor)
    found = queries.usage_preview(actor, wanted, SHOWN) if wanted else None
    context = {
        "form": form,
        "found": found,
        "shown": SHOWN,
        "columns": queries.COLUMNS,
        "wanted": wanted,
        "query": usage_query(wanted) if wanted else "",
        "crumbs": [("ホーム", reverse("config:home")), ("利用状況", "")],
    }
    return render(request, "billing/usage.html", context, status=200 if wanted else 422)


# Not HEAD: that would record a download that nobody made.
@require_GET
def usage_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The file, streamed; with days that cannot be, the page with what to mend."""
    actor = actor_of(request)
    page_for(actor, READ_USAGE, wide=True)
    _, wanted = _read(request, actor)
    if wanted is None:
        return usage(request)
    file = download_usage(actor, wanted, encoding=read_encoding(request.GET.get("encoding", "")))
    return StreamingHttpResponse(
        file.chunks,
        content_type=f"text/csv; charset={'shift_jis' if file.encoding == 'cp932' else 'utf-8'}",
        headers={
            "Content-Disposition": f'attachment; filename="{file.name}"',
            "X-Rows": str(file.rows),
            "X-Replaced-Characters": str(file.replaced),
        },
    )


def _read(request: HttpRequest, actor: Actor) -> tuple[UsageForm, UsageFilter | None]:
    """The form, and what it asks for: the past month when the address says nothing, None when it has errors."""
    office = access.office_for(actor, request.GET.get("office", ""), to=READ_USAGE)
    offices = queries.usage_offices(actor)
    names = accounts.office_names(offices.values_list("public_id", flat=True))
    choices = [(str(row.public_id), names.get(row.public_id, row.code)) for row in offices]
    if "first_y" not in request.GET:
        wanted = UsageFilter(*_past_month(), office=office)
        initial = {
            "first": wanted.first,
            "last": wanted.last,
            "basis": Basis.USED,
            "office": str(office.public_id) if office else "",
        }
        return UsageForm(offices=choices, initial=initial), wanted
    form = UsageForm(request.GET, offices=choices)
    if not form.is_valid():
        return form, None
    data = form.cleaned_data
    return form, UsageFilter(data["first"], data["last"], data["basis"], office)


def _past_month() -> tuple[dt.date, dt.date]:
    last = clock.today().replace(day=1) - DAY
    return last.replace(day=1), last
