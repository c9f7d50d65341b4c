"""Searching: places, the form, the results as they arrive, the choice."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import page_for
from accounts.queries import travellers_for
from booking import access
from booking.errors import AlreadySubmitted
from booking.forms.searching import SearchForm
from booking.models import Part
from booking.permissions import SEARCH
from booking.queries import results as found
from booking.queries.places import find_places
from booking.services.changing import propose_change
from booking.services.searching import open_search
from booking.services.trips import draft_trip, read_picks
from lib import clock, kept, wake
from lib.actor import Actor
from lib.errors import PortalError
from lib.forms import typed_values
from lib.htmx import is_part, redirect_see_other, render_page_or_part
from lib.requests import actor_of
from lib.text import whole_number

WAIT_SECONDS = 5.0


@require_safe
def places(request: HttpRequest) -> HttpResponse:
    """Suggestions for a place, as a part."""
    page_for(actor_of(request), SEARCH)
    options = [
        {"value": place.name, "label": place.name, "note": f"{place.get_kind_display()} {place.prefecture}"}
        for place in find_places(request.GET.get("q", "")[:60])
    ]
    return render(request, "components/suggestions.html", {"options": options})


@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """The form; sending it makes a search with an address of its own."""
    actor = actor_of(request)
    page_for(actor, SEARCH)
    travellers = travellers_for(actor)
    if request.method == "POST":
        form = SearchForm(request.POST, travellers=travellers)
        if form.is_valid():
            try:
                opened = open_search(actor, form.wish())
            except PortalError as error:
                form.take_error(error)
            else:
                return redirect_see_other(request, reverse("booking:results", args=[opened.public_id]))
        return render(
            request, "booking/search.html", {"form": form, "crumbs": [("ホーム", "/"), ("予約する", "")]}, status=422
        )
    held = kept.take(request)
    typed = typed_values(SearchForm, held) if held else _first_values(request, actor)
    form = SearchForm(initial=typed, travellers=travellers)
    context = {"form": form, "kept": bool(held), "crumbs": [("ホーム", "/"), ("予約する", "")]}
    return render(request, "booking/search.html", context)


def _first_values(request: HttpRequest, actor: Actor) -> Mapping[str, Any]:
    again = request.GET.get("again", "")
    if again:
        earlier = access.search_for(actor, UUID(again)) if _is_uuid(again) else None
        if earlier:
            return found.form_values(earlier)
    return found.default_values(actor, clock.today())


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@require_safe
def results(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the suppliers answered so far. As a part it waits on the server for the next answer, five seconds at most."""
    actor = actor_of(request)
    asked = access.search_for(actor, pk)
    if is_part(request) and "seen" in request.GET:
        count = whole_number(request.GET["seen"]) or 0
        wake.wait_until(
            lambda: found.answered_count(asked) > count, channel=f"search:{asked.public_id}", seconds=WAIT_SECONDS
        )
    params = request.GET.dict()
    chosen = {part: params[part] for part in Part.values if part in params}
    page = found.results_page(asked, params=params, chosen=chosen)
    context = {
        "search": asked,
        "page": page,
        "crumbs": [("ホーム", "/"), ("予約する", reverse("booking:search")), ("候補を選ぶ", "")],
    }
    return render_page_or_part(request, "booking/results.html", "booking/_results.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The chosen offers become the search's trip."""
    actor = actor_of(request)
    asked = access.search_for(actor, pk)
    if request.method != "POST":
        # The address of a refused choice, opened again.
        return redirect_see_other(request, reverse("booking:results", args=[pk]))
    try:
        if asked.replaces is not None:
            picks = read_picks(asked, request.POST.dict())
            change = propose_change(actor, asked, pick=picks[0])
            return redirect_see_other(request, reverse("booking:change_page", args=[change.public_id]))
        trip = draft_trip(actor, asked, picks=read_picks(asked, request.POST.dict()))
    except AlreadySubmitted as error:
        messages.warning(request, error.message)
        return redirect_see_other(request, reverse("booking:trip", args=[asked.trip.public_id]))
    except PortalError as error:
        page = found.results_page(asked, chosen=request.POST.dict())
        crumbs = [("ホーム", "/"), ("予約する", reverse("booking:search")), ("候補を選ぶ", "")]
        context = {"search": asked, "page": page, "problem": error.message, "crumbs": crumbs}
        return render(request, "booking/results.html", context, status=422)
    return redirect_see_other(request, reverse("booking:confirm", args=[trip.public_id]))
