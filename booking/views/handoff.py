"""Hand-off: what to copy, the way to the supplier's site, and back with the number, later or never."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from booking import access
from booking.forms.handoff import GiveUpForm, NumberForm
from booking.permissions import ARRANGE_TRIP
from booking.queries.handoff import handoff_page
from booking.services.handoff import enter_number
from booking.services.handoff import give_up as stop_handoff
from lib import kept
from lib.errors import PortalError
from lib.forms import typed_values
from lib.htmx import redirect_see_other
from lib.requests import actor_of


@require_http_methods(["GET", "HEAD", "POST"])
def handoff(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Everything to copy, the link, and the fields for the number."""
    actor = actor_of(request)
    reservation = access.reservation_for(actor, pk, to=ARRANGE_TRIP)
    trip_page = reverse("booking:trip", args=[reservation.trip.public_id])
    if reservation.state != "handed_off":
        messages.info(request, _too_late(request.POST.get("number", "")[:20]))
        return redirect_see_other(request, trip_page)
    page = handoff_page(reservation)
    words = {"label": page.number_label, "hint": page.number_hint}
    held = kept.take(request)
    form = NumberForm(initial=typed_values(NumberForm, held) if held else {}, **words)
    if request.method == "POST":
        form = NumberForm(request.POST, **words)
        if form.is_valid():
            try:
                data = form.cleaned_data
                enter_number(actor, reservation, number=data["number"], price=data["price"])
            except PortalError as error:
                form.take_error(error)
            else:
                messages.success(request, f"{reservation.title} の番号を登録しました。")
                return redirect_see_other(request, trip_page)
    context = {
        "reservation": reservation,
        "page": page,
        "form": form,
        "give_up": GiveUpForm(),
        "kept": bool(held),
        "crumbs": [("ホーム", "/"), (reservation.trip.number, trip_page), ("手配先で買う", "")],
    }
    return render(request, "booking/handoff.html", context, status=422 if form.errors else 200)


def _too_late(typed: str) -> str:
    words = "この予約の番号は、すでに登録されているか、取りやめになっています。"
    if not typed:
        return words
    return f"{words}入力した「{typed}」は登録していません。買ったものがあるときは、この番号を添えて窓口へ連絡してください。"


@require_POST
def give_up(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Back without having bought."""
    actor = actor_of(request)
    reservation = access.reservation_for(actor, pk, to=ARRANGE_TRIP)
    form = GiveUpForm(request.POST)
    if not form.is_valid():
        messages.error(request, "買わなかった理由を選んでください。")
        return redirect_see_other(request, reverse("booking:handoff", args=[pk]))
    try:
        stop_handoff(actor, reservation, why=form.cleaned_data["why"])
    except PortalError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{reservation.title} を取りやめました。お金はかかっていません。")
    return redirect_see_other(request, reverse("booking:trip", args=[reservation.trip.public_id]))
