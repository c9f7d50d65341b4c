"""The page before the money: price, terms, cancellation steps, consent."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.queries import public_texts
from booking import access
from booking.errors import AlreadySubmitted, ChosenElsewhere
from booking.forms.confirming import ConfirmForm
from booking.permissions import ARRANGE_TRIP
from booking.queries.confirming import confirm_page
from booking.services.trips import submit_trip
from lib.errors import PortalError
from lib.htmx import redirect_see_other
from lib.requests import actor_of

STEPS = ["条件", "候補", "確認", "予約"]


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is chosen and what it costs; sending it books, once."""
    actor = actor_of(request)
    trip = access.trip_for(actor, pk, to=ARRANGE_TRIP)
    trip_page = reverse("booking:trip", args=[pk])
    if trip.state != "draft":
        return redirect_see_other(request, trip_page)
    page = confirm_page(trip)
    form = ConfirmForm(initial={"version": trip.version, "total": page.total})
    if request.method == "POST":
        form = ConfirmForm(request.POST)
        if form.is_valid():
            try:
                data = form.cleaned_data
                submit_trip(actor, trip, version=data["version"], total=data["total"])
            except AlreadySubmitted as error:
                messages.info(request, error.message)
                return redirect_see_other(request, trip_page)
            except ChosenElsewhere as error:
                messages.warning(request, error.message)
                return redirect_see_other(request, reverse("booking:confirm", args=[pk]))
            except PortalError as error:
                form.take_error(error)
            else:
                messages.success(request, "予約を受け付けました。結果はこの画面に表示します。")
                return redirect_see_other(request, trip_page)
    context = {
        "trip": trip,
        "page": page,
        "form": form,
        "texts": public_texts(),
        "steps": STEPS,
        "crumbs": [("ホーム", "/"), ("予約する", reverse("booking:search")), ("内容の確認", "")],
    }
    return render(request, "booking/confirm.html", context, status=422 if form.errors else 200)
