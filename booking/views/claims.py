"""Money owed by suppliers: the list with ages, and what two people say about one that does not come as expected."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.access import needs_step_up, page_for
from accounts.queries import may_decide, offices, open_confirmation
from booking import access
from booking.forms.refunds import ClaimCloseForm, ClaimExplainForm, ClaimsForm
from booking.permissions import READ_REFUNDS, RECORD
from booking.queries.claims import CLAIM_END, ClaimFilter, ClaimList, claim_row, claim_rows, claims_count_and_sum
from booking.queries.claims import claims as claims_of
from booking.queries.connections import connections
from booking.services.claims import digest_of, download_claims
from booking.services.ending_claims import ask_claim_close, decide_claim_end, explain_claim
from lib import clock, kept
from lib.errors import PortalError
from lib.htmx import pressed, redirect_see_other
from lib.requests import actor_of
from lib.tables import page_of


@require_safe
def claims(request: HttpRequest) -> HttpResponse:
    """Claims by the filters in the address, with their number and sum."""
    actor = actor_of(request)
    page_for(actor, READ_REFUNDS)
    form = _form(request)
    wanted = form.wanted if form.is_bound and form.is_valid() else ClaimFilter()
    found = claims_of(actor, wanted)
    page = page_of(found, request.GET)
    count, total = claims_count_and_sum(found)
    context = {
        "form": form,
        "page": page,
        "rows": claim_rows(page.rows),
        "count": count,
        "total": total,
        "is_open": wanted.which == ClaimList.OPEN,
        "may_record": actor.may(RECORD),
        "query": request.GET.urlencode(),
        "crumbs": [("ホーム", "/"), ("返金待ち", "")],
    }
    return render(request, "booking/claims.html", context, status=422 if form.errors else 200)


# Not HEAD: that would record a download that nobody made.
@require_GET
def claims_csv(request: HttpRequest) -> HttpResponse:
    """The same claims as a file."""
    actor = actor_of(request)
    page_for(actor, READ_REFUNDS)
    form = _form(request)
    wanted = form.wanted if form.is_bound and form.is_valid() else ClaimFilter()
    name = f"henkin-machi_{clock.today():%Y%m%d}.csv"
    return HttpResponse(
        download_claims(actor, wanted),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs_step_up
def close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Why the money does not come: asked of a second person."""
    actor = actor_of(request)
    claim = access.claim_for(actor, pk, to=RECORD)
    held = kept.take(request)
    form = ClaimCloseForm(request.POST if request.method == "POST" else held)
    if request.method == "POST" and form.is_valid():
        try:
            ask_claim_close(actor, claim, **form.cleaned_data)
        except PortalError as error:
            form.take_error(error)
        else:
            messages.success(request, "依頼しました。別の担当者が確かめると、返金待ちを終えます。")
            return redirect_see_other(request, reverse("booking:claims"))
    context = {"claim": claim, "form": form, "kept": held, "crumbs": _crumbs("返金なしで終える")}
    failed = request.method == "POST" and bool(form.errors)
    return render(request, "booking/claim_close.html", context, status=422 if failed else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs_step_up
def decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The second person sees what was asked about money owed, and agrees."""
    actor = actor_of(request)
    claim = access.claim_for(actor, pk, to=RECORD)
    said = "確認しました。返金待ちを終えました。"
    done, problem = pressed(request, partial(decide_claim_end, actor, claim), to=reverse("booking:claims"), said=said)
    if done:
        return done
    kept.take(request)
    asked = open_confirmation(CLAIM_END, claim.public_id)
    context = {
        "claim": claim,
        "asked": asked,
        "problem": problem,
        "is_outrun": asked is not None and asked.digest != digest_of(claim),
        "may_decide": asked is not None and may_decide(actor, asked),
        "crumbs": _crumbs("確認"),
    }
    return render(request, "booking/claim_decide.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def explain(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Why another sum came than was expected."""
    actor = actor_of(request)
    claim = access.claim_for(actor, pk, to=RECORD)
    form = ClaimExplainForm(request.POST or None, initial=kept.typed(request, ClaimExplainForm))
    if request.method == "POST" and form.is_valid():
        try:
            explain_claim(actor, claim, **form.cleaned_data)
        except PortalError as error:
            form.take_error(error)
        else:
            messages.success(request, f"{claim.reservation.title} の、予定と違う額が戻った理由を記録しました。")
            return redirect_see_other(request, f"{reverse('booking:claims')}?which={ClaimList.DIFFERS}")
    context = {"row": claim_row(claim), "form": form, "crumbs": _crumbs("違う理由を記録する")}
    return render(request, "booking/claim_explain.html", context, status=422 if form.is_bound and form.errors else 200)


def _form(request: HttpRequest) -> ClaimsForm:
    return ClaimsForm(request.GET or None, connections=connections(), offices=offices())


def _crumbs(word: str) -> list[tuple[str, str]]:
    return [("ホーム", "/"), ("返金待ち", reverse("booking:claims")), (word, "")]
