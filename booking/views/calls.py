"""The desk's unknown: calls to suppliers whose outcome is being asked for, and what an operator found out by hand."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import page_for
from booking import access
from booking.errors import AlreadyKnown
from booking.forms.settling import SettleForm
from booking.permissions import READ_CALL, SETTLE_CALL
from booking.queries.calls import call_page, open_calls, settled_calls
from booking.services.settling import ask_now, settle_by_hand
from lib import kept
from lib.errors import PortalError
from lib.htmx import redirect_see_other
from lib.requests import actor_of


@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    """What is being asked for, and what came out of it lately."""
    actor = actor_of(request)
    page_for(actor, READ_CALL)
    crumbs = [("ホーム", "/"), ("成立の確認", "")]
    context = {"open": open_calls(actor), "settled": settled_calls(actor), "crumbs": crumbs}
    return render(request, "booking/calls.html", context)


@require_safe
def call(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One call: what was asked, when, by whom, and what the supplier said."""
    actor = actor_of(request)
    found = access.call_for(actor, pk)
    crumbs = [("ホーム", "/"), ("成立の確認", reverse("booking:calls")), (found.reservation.title, "")]
    return render(request, "booking/call.html", {"page": call_page(actor, found), "crumbs": crumbs})


@require_POST
def ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the supplier now."""
    actor = actor_of(request)
    found = access.call_for(actor, pk, to=SETTLE_CALL)
    try:
        ask_now(actor, found)
    except PortalError as error:
        messages.info(request, error.message)
    else:
        messages.success(request, "手配先への照会を始めました。少し待って、画面を更新してください。")
    return redirect_see_other(request, reverse("booking:call", args=[pk]))


@require_http_methods(["GET", "HEAD", "POST"])
def settle(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record what was found out by hand."""
    actor = actor_of(request)
    found = access.call_for(actor, pk, to=SETTLE_CALL)
    here = reverse("booking:call", args=[pk])
    page = call_page(actor, found)
    if not page.is_open:
        messages.info(request, AlreadyKnown.default)
        return redirect_see_other(request, here)
    form = SettleForm(request.POST or None, call=found, initial=kept.typed(request, SettleForm))
    if request.method == "POST" and form.is_valid():
        try:
            settle_by_hand(actor, found, form.finding())
        except AlreadyKnown as error:
            messages.info(request, error.message)
            return redirect_see_other(request, here)
        except PortalError as error:
            form.take_error(error)
        else:
            messages.success(request, f"{found.reservation.title} の結果を記録しました。")
            return redirect_see_other(request, here)
    crumbs = [("ホーム", "/"), ("成立の確認", reverse("booking:calls")), (found.reservation.title, here), ("記録", "")]
    context = {"page": page, "form": form, "crumbs": crumbs}
    return render(request, "booking/call_settle.html", context, status=422 if form.errors else 200)
