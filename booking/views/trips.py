"""The list of trips, a trip's page, and the steps that need one button."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import page_for
from audit.queries import history_of
from booking import access
from booking.permissions import ARRANGE_TRIP, READ_TRIP
from booking.queries import trip_list, trip_page
from booking.queries.trips import trip_rows
from booking.services.arranging import accept_price, ticket_reservation
from booking.services.trips import withdraw_trip
from lib.errors import PortalError, Stale
from lib.htmx import redirect_see_other, render_page_or_part
from lib.requests import actor_of
from lib.tables import page_of
from lib.text import whole_number


@require_safe
def trips(request: HttpRequest) -> HttpResponse:
    """Trips that the actor may read: coming ones, or past ones."""
    actor = actor_of(request)
    page_for(actor, READ_TRIP)
    text, past = request.GET.get("q", "")[:60], request.GET.get("past") == "1"
    page = page_of(trip_list(actor, text=text, past=past), request.GET)
    context = {
        "page": page,
        "rows": trip_rows(list(page.rows)),
        "text": text,
        "past": past,
        "crumbs": [("ホーム", "/"), ("出張一覧", "")],
    }
    return render(request, "booking/trips.html", context)


@require_safe
def trip(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One trip: itinerary, money, history. While something is in flight the part asks again every two seconds."""
    actor = actor_of(request)
    found = access.trip_for(actor, pk)
    context = {
        "trip": found,
        "page": trip_page(actor, found),
        "history": history_of(found.public_id),
        "crumbs": [("ホーム", "/"), ("出張一覧", reverse("booking:trips")), (found.number, "")],
    }
    return render_page_or_part(request, "booking/trip.html", "booking/_trip.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give a trip up: asked first, then done."""
    actor = actor_of(request)
    found = access.trip_for(actor, pk, to=ARRANGE_TRIP)
    if request.method == "POST":
        try:
            withdraw_trip(actor, found)
        except PortalError as error:
            messages.error(request, error.message)
            return redirect_see_other(request, reverse("booking:trip", args=[pk]))
        messages.success(request, f"出張 {found.number} を取り下げました。")
        return redirect_see_other(request, reverse("booking:trips"))
    crumbs = [("ホーム", "/"), (found.number, reverse("booking:trip", args=[pk])), ("取り下げ", "")]
    return render(request, "booking/withdraw.html", {"trip": found, "crumbs": crumbs})


@require_POST
def ticket(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ticket what is held; with `price` the person takes a price that has risen."""
    actor = actor_of(request)
    reservation = access.reservation_for(actor, pk, to=ARRANGE_TRIP)
    posted = request.POST.get("price", "")
    price = whole_number(posted)
    try:
        if price is not None:
            accept_price(actor, reservation, price=price)
        elif posted:
            raise Stale
        else:
            ticket_reservation(actor, reservation)
    except PortalError as error:
        messages.error(request, error.message)
    return redirect_see_other(request, reverse("booking:trip", args=[reservation.trip.public_id]))
