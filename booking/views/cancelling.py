"""Cancelling: what it costs stands on the page before the button."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from booking import access
from booking.errors import SupplierAway
from booking.forms import CancelForm, OwnCancelForm
from booking.models import ChargeSource, Reservation
from booking.permissions import ARRANGE_TRIP
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
    failed = bool(form.is_bound and form.errors)
    return render(request, "booking/cancel_own.html", {**context, "form": form}, status=422 if failed else 200)


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
