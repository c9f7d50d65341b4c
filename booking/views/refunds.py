"""The desk records what came back of a cancelled ticket, or of one that was not used."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from booking import access
from booking.forms.refunds import ClaimRefundForm, RefundForm
from booking.models import ChargeSource, Reservation
from booking.permissions import RECORD
from booking.queries.refunds import is_refund_pending, net_total
from booking.services.refunds import is_unused_possible, record_no_show, record_refund
from lib import kept
from lib.errors import PortalError
from lib.htmx import redirect_see_other
from lib.requests import actor_of

ASKED = "予定と違う額のため、別の担当者に確認を依頼しました。確認されるまで、何も記録していません。"


@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The refund of what was cancelled before has been booked."""
    reservation = access.reservation_for(actor_of(request), pk, to=RECORD)
    if not is_refund_pending(reservation):
        return _away(request, reservation, "この予約は、払戻を待っていません。")
    return _page(request, reservation, "refund", record_refund, ClaimRefundForm, "払戻")


@require_http_methods(["GET", "HEAD", "POST"])
def no_show(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A ticket was not used: what was kept of it takes the place of the fare."""
    reservation = access.reservation_for(actor_of(request), pk, to=RECORD)
    if not is_unused_possible(reservation):
        return _away(request, reservation, "不使用にできるのは、発券済みで、出発の時刻を過ぎたものです。")
    return _page(request, reservation, "no_show", record_no_show, RefundForm, "不使用")


def _trip_page(reservation: Reservation) -> str:
    return reverse("booking:trip", args=[reservation.trip.public_id])


def _away(request: HttpRequest, reservation: Reservation, words: str) -> HttpResponse:
    messages.info(request, words)
    return redirect_see_other(request, _trip_page(reservation))


def _page(
    request: HttpRequest,
    reservation: Reservation,
    name: str,
    step: Callable[..., object],
    form_class: type[RefundForm],
    word: str,
) -> HttpResponse:
    form = form_class(request.POST or None, initial={"kept": reservation.cancel_fee} | kept.typed(request, form_class))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            asked = step(actor_of(request), reservation, source=ChargeSource.OPERATOR, **data)
        except PortalError as error:
            form.take_error(error)
        else:
            done = f"{reservation.title} の{word}を記録しました。"
            messages.success(request, ASKED if asked else done)
            return redirect_see_other(request, _trip_page(reservation))
    trip = reservation.trip
    context = {
        "reservation": reservation,
        "form": form,
        "paid": net_total(reservation),
        "claim": reservation.refund_claims.waiting().first(),
        "crumbs": [("ホーム", "/"), (trip.number, _trip_page(reservation)), (f"{word}の記録", "")],
    }
    return render(request, f"booking/{name}.html", context, status=422 if form.is_bound and form.errors else 200)
