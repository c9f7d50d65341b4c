"""Cancelling: what it costs stands on the page before the button; the desk also says whether the money has come back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from booking import access
from booking.errors import SupplierAway
from booking.forms.confirming import CancelForm
from booking.forms.handoff import OwnCancelForm
from booking.forms.refunds import DeskCancelForm
from booking.models import ChargeSource, Reservation
from booking.permissions import ARRANGE_TRIP, RECORD
from booking.services.cancelling import CANCELLABLE, claim_cancellation, record_own_cancellation
from booking.services.driving import quote_cancel
from lib.errors import PortalError
from lib.htmx import redirect_see_other
from lib.requests import actor_of


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
    context = {"reservation": reservation, "crumbs": crumbs}
    if reservation.way == "api":
        return _by_api(request, reservation, context, trip_page)
    if actor.may(RECORD):
        return _at_the_desk(request, reservation, context, trip_page)
    form = OwnCancelForm(request.POST or None)
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
    form = DeskCancelForm(request.POST or None)
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
    if request.method == "POST" and form.is_valid():
        try:
            claim_cancellation(actor_of(request), reservation, max_fee=form.cleaned_data["max_fee"])
        except PortalError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, "取消を受け付けました。結果はこの画面に表示します。")
        return redirect_see_other(request, trip_page)
    try:
        quote = quote_cancel(reservation)
    except SupplierAway as away:
        messages.error(request, away.message)
        return redirect_see_other(request, trip_page)
    form = CancelForm(initial={"max_fee": quote.fee})
    return render(request, "booking/cancel.html", {**context, "quote": quote, "form": form})
