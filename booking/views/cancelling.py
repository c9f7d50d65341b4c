"""Cancelling: what it costs stands on the page before the button; the desk also says whether the money has come back."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from booking import access
from booking.forms.confirming import CancelForm
from booking.forms.handoff import OwnCancelForm
from booking.forms.refunds import DeskCancelForm
from booking.models import ChargeSource, Reservation
from booking.permissions import ARRANGE_TRIP, RECORD
from booking.queries.cancelling import CANCELLABLE, CancelPage, cancel_line, cancel_page, goes_on_beside, to_be_quoted
from booking.queries.disruptions import disruption_of
from booking.services.cancelling import cancel_items, claim_cancellation, record_own_cancellation
from booking.services.disruptions import state_fee
from booking.services.quoting import quote_cancels
from lib import kept
from lib.errors import PortalError
from lib.htmx import redirect_see_other
from lib.requests import actor_of
from lib.text import whole_number


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Quote, ask, cancel with that fee as the highest."""
    actor = actor_of(request)
    reservation = access.reservation_for(actor, pk, to=ARRANGE_TRIP)
    trip_page = reverse("booking:trip", args=[reservation.trip.public_id])
    if reservation.state not in CANCELLABLE:
        messages.info(request, "この予約は、いまの状態では取り消せません。")
        return redirect_see_other(request, trip_page)
    crumbs = [("ホーム", "/"), (reservation.trip.number, trip_page), ("取り消す", "")]
    beside = goes_on_beside(reservation)
    context: dict[str, object] = {"reservation": reservation, "crumbs": crumbs, "beside": beside}
    if reservation.way == "api":
        return _by_api(request, reservation, context, trip_page)
    if actor.may(RECORD):
        return _at_the_desk(request, reservation, context, trip_page)
    trouble = disruption_of(reservation)
    free = trouble is not None and trouble.is_refund_free()
    form = OwnCancelForm(
        request.POST or None, initial=({"fee": 0} if free else {}) | kept.typed(request, OwnCancelForm)
    )
    context |= {"trouble": trouble if free else None}
    if request.method == "POST" and form.is_valid():
        try:
            fee = form.cleaned_data["fee"]
            record_own_cancellation(actor, reservation, fee=fee, source=ChargeSource.ENTERED)
        except PortalError as error:
            form.take_error(error)
        else:
            messages.success(request, f"{reservation.title} の払戻を登録しました。")
            return redirect_see_other(request, trip_page)
    return _form_page(request, "booking/cancel_own.html", {**context, "form": form})


def _at_the_desk(
    request: HttpRequest, reservation: Reservation, context: dict[str, object], trip_page: str
) -> HttpResponse:
    form = DeskCancelForm(request.POST or None, initial=kept.typed(request, DeskCancelForm))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        done = data["refunded"] == "yes"
        facts = {"fee": data["fee"], "refunded": done, "refunded_on": data["refunded_on"]}
        try:
            record_own_cancellation(actor_of(request), reservation, source=ChargeSource.OPERATOR, **facts)
        except PortalError as error:
            form.take_error(error)
        else:
            what = "取消と払戻" if done else "取消"
            messages.success(request, f"{reservation.title} の{what}を記録しました。")
            return redirect_see_other(request, trip_page)
    return _form_page(request, "booking/cancel_desk.html", {**context, "form": form})


def _form_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    form = context["form"]
    return render(request, template, context, status=422 if form.is_bound and form.errors else 200)


def _by_api(request: HttpRequest, reservation: Reservation, context: dict[str, object], trip_page: str) -> HttpResponse:
    form = CancelForm(request.POST or None)
    seen = form.cleaned_data["max_fee"] if request.method == "POST" and form.is_valid() else None
    quote = quote_cancels([reservation])[reservation.pk]
    line = cancel_line(reservation, quote, seen, disruption_of(reservation))
    # A supplier that does not answer now is asked by the worker, and never above what was seen.
    if seen is not None and not line.is_dearer:
        return _carry_out(request, reservation, seen, trip_page)
    if line.quote is None:
        messages.error(request, line.why_not)
        return redirect_see_other(request, trip_page)
    form = CancelForm(initial={"max_fee": line.quote.fee})
    context |= {"line": line, "quote": line.quote, "form": form}
    return render(request, "booking/cancel.html", context, status=422 if line.is_dearer else 200)


def _carry_out(request: HttpRequest, reservation: Reservation, seen: int, trip_page: str) -> HttpResponse:
    actor = actor_of(request)
    try:
        if "ask" in request.POST:
            state_fee(actor, reservation, fee=seen)
            messages.success(request, "オペレータに確認を頼みました。取り消さずに、連絡をお待ちください。")
        else:
            claim_cancellation(actor, reservation, max_fee=seen)
            messages.success(request, "取消を受け付けました。結果はこの画面に表示します。")
    except PortalError as error:
        messages.error(request, error.message)
    return redirect_see_other(request, trip_page)


@require_http_methods(["GET", "HEAD", "POST"])
def cancel_trip(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Everything of a trip at once, each with its fee; what has become dearer meanwhile is asked for again."""
    actor = actor_of(request)
    trip = access.trip_for(actor, pk, to=ARRANGE_TRIP)
    trip_page = reverse("booking:trip", args=[pk])
    seen = _fees(request.POST)
    asked = to_be_quoted(trip)
    page = cancel_page(trip, quote_cancels(asked) if asked else {}, seen)
    if request.method == "POST" and not page.is_dearer and _is_as_seen(page, asked, seen, request.POST):
        try:
            count = cancel_items(actor, trip, highest=seen, wishes=request.POST.getlist("wish"))
        except PortalError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, f"{count}件の取消を受け付けました。結果はこの画面に表示します。")
        return redirect_see_other(request, trip_page)
    if request.method == "POST" and not page.is_dearer:
        messages.warning(
            request, "取り消せる予約が変わりました。何も取り消していません。いまの内容を確かめてください。"
        )
    crumbs = [("ホーム", "/"), (trip.number, trip_page), ("まとめて取り消す", "")]
    context = {"trip": trip, "page": page, "crumbs": crumbs}
    return render(request, "booking/cancel_trip.html", context, status=422 if request.method == "POST" else 200)


def _is_as_seen(page: CancelPage, asked: Sequence[Reservation], seen: Mapping[str, int], posted: QueryDict) -> bool:
    """Whether the page names nothing that the person has not seen, and all that they have seen can still be ended.

    A supplier that does not answer now is asked by the worker, and never above what was seen.
    """
    shown = {str(line.reservation.public_id) for line in page.lines}
    wishes = {str(row.public_id) for row in page.wishes}
    can_be = {str(row.public_id) for row in asked}
    return bool(seen or wishes) and shown <= set(seen) <= can_be and wishes == set(posted.getlist("wish"))


def _fees(posted: QueryDict) -> dict[str, int]:
    """The fees that the person saw, by the reservation's public id; what is no fee is left out."""
    pairs = [
        (name.removeprefix("fee_"), whole_number(str(value)))
        for name, value in posted.items()
        if name.startswith("fee_")
    ]
    return {name: fee for name, fee in pairs if fee is not None}
