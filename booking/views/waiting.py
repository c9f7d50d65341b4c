"""A wish that waits: given up, or taken at its new price. Neither costs anything by itself."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from booking import access
from booking.errors import CannotWithdraw
from booking.permissions import ARRANGE_TRIP
from booking.services.scheduling import accept_wish, withdraw_wish
from lib.errors import PortalError, Stale
from lib.htmx import redirect_see_other
from lib.requests import actor_of
from lib.text import whole_number


@require_POST
def stop_waiting(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give up a wish that waits."""
    reservation = access.reservation_for(actor_of(request), pk, to=ARRANGE_TRIP)
    try:
        withdraw_wish(actor_of(request), reservation)
    except CannotWithdraw as error:
        messages.info(request, error.message)
    except PortalError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{reservation.title} の予約待ちを取りやめました。お金はかかっていません。")
    return redirect_see_other(request, reverse("booking:trip", args=[reservation.trip.public_id]))


@require_POST
def go_on(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a stopped wish at the price that stands on the button."""
    reservation = access.reservation_for(actor_of(request), pk, to=ARRANGE_TRIP)
    price = whole_number(request.POST.get("price", ""))
    try:
        if price is None:
            raise Stale
        accept_wish(actor_of(request), reservation, price=price)
    except PortalError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "予約を受け付けました。結果はこの画面に表示します。")
    return redirect_see_other(request, reverse("booking:trip", args=[reservation.trip.public_id]))
