"""An operator records what was booked on a supplier's terminal."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.access import page_for
from booking import access
from booking.forms.recording import RecordForm
from booking.permissions import RECORD
from booking.queries.connections import connections
from booking.services.recording import record_reservation
from lib import kept
from lib.errors import PortalError
from lib.forms import typed_values
from lib.htmx import redirect_see_other
from lib.requests import actor_of


@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest) -> HttpResponse:
    """The form, and its saving."""
    actor = actor_of(request)
    page_for(actor, RECORD)
    choices = connections()
    held = kept.take(request)
    initial = typed_values(RecordForm, held) if held else {"trip": request.GET.get("trip", "")[:12]}
    form = RecordForm(initial=initial, connections=choices)
    if request.method == "POST":
        form = RecordForm(request.POST, connections=choices)
        if form.is_valid():
            trip = access.trip_by_number(actor, form.cleaned_data["trip"], to=RECORD)
            if trip is None:
                form.add_error("trip", "この番号の出張がありません。出張番号を確かめて入力してください。")
            elif not form.needs_look:
                try:
                    made = record_reservation(actor, trip, form.purchase())
                except PortalError as error:
                    form.take_error(error)
                else:
                    messages.success(request, f"{made.title} を出張 {trip.number} に記録しました。")
                    return redirect_see_other(request, reverse("booking:trip", args=[trip.public_id]))
    context = {"form": form, "kept": bool(held), "crumbs": [("ホーム", "/"), ("手配の記録", "")]}
    return render(request, "booking/record.html", context, status=422 if form.errors else 200)
