"""Changing: look for another ride or stay, see what it costs, confirm; or enter what was changed at the supplier's site."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from booking import access
from booking.errors import SupplierAway
from booking.forms.confirming import ChangeForm
from booking.forms.handoff import NumberForm
from booking.forms.searching import LookInsteadForm
from booking.models import Change, ChangeKind, ChangeState, Reservation
from booking.permissions import ARRANGE_TRIP
from booking.queries.changing import ChangePage, change_page, fee_by_terms, look_values, may_change, what_became
from booking.queries.disruptions import disruption_of
from booking.queries.handoff import handoff_page
from booking.services.changing import confirm_change, drop_change, record_own_change
from booking.services.driving import quote_cancel, quote_change
from booking.services.searching import open_search, wish_instead
from booking.suppliers.registry import KINDS
from booking.suppliers.types import offer_from_json
from lib import kept
from lib.errors import PortalError
from lib.htmx import redirect_see_other
from lib.requests import actor_of

STEPS = ["条件", "候補", "確認"]


def _trip_page(reservation: Reservation) -> str:
    return reverse("booking:trip", args=[reservation.trip.public_id])


@require_http_methods(["GET", "HEAD", "POST"])
def look(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Which day, how many nights, by what: opens a search for what shall stand instead."""
    actor = actor_of(request)
    reservation = access.reservation_for(actor, pk, to=ARRANGE_TRIP)
    if not may_change(reservation, reservation.trip):
        messages.info(request, "この予約は、いまの状態では変更できません。")
        return redirect_see_other(request, _trip_page(reservation))
    stay = KINDS[reservation.supplier] == "stay"
    form = LookInsteadForm(
        request.POST or None, initial={**look_values(reservation), **kept.typed(request, LookInsteadForm)}, stay=stay
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        kinds = data.get("kinds", [])
        try:
            wish = wish_instead(
                reservation, day=data["day"], nights=data.get("nights", 0), air="air" in kinds, rail="rail" in kinds
            )
            opened = open_search(actor, wish)
        except PortalError as error:
            error.field = {"out_on": "day"}.get(error.field, error.field)
            form.take_error(error)
        else:
            return redirect_see_other(request, reverse("booking:results", args=[opened.public_id]))
    context = {
        "reservation": reservation,
        "form": form,
        "steps": STEPS,
        "replaces": reservation.state not in {"booked", "ticketed"},
        "crumbs": [("ホーム", "/"), (reservation.trip.number, _trip_page(reservation)), ("変更する", "")],
    }
    return render(request, "booking/change_look.html", context, status=422 if form.is_bound and form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the change costs, before the button; sending it carries it out, once."""
    actor = actor_of(request)
    found = access.change_for(actor, pk)
    trip_page = _trip_page(found.reservation)
    if found.state == ChangeState.CONFIRMED and found.kind == ChangeKind.OWN:
        return _number_page(request, found, None)
    if found.state != ChangeState.DRAFT:
        if request.method == "POST":
            messages.info(request, what_became(found))
        return redirect_see_other(request, trip_page)
    form = ChangeForm(request.POST or None)
    if request.method == "POST":
        try:
            if form.is_valid():
                confirm_change(actor, found, **form.cleaned_data)
        except PortalError as error:
            messages.error(request, error.message)
            return redirect_see_other(request, reverse("booking:change_page", args=[pk]))
        if not form.errors:
            if found.kind == ChangeKind.OWN:
                return redirect_see_other(request, reverse("booking:change_page", args=[pk]))
            messages.success(request, "変更を受け付けました。結果はこの画面に表示します。")
            return redirect_see_other(request, trip_page)
    try:
        page = _quoted(found)
    except SupplierAway as away:
        messages.error(request, f"変更にかかる額を確かめられませんでした。{away.message}")
        return redirect_see_other(request, trip_page)
    form = ChangeForm(initial={"max_cost": page.cost or 0, "max_fee": page.fee or 0})
    return render(request, "booking/change.html", {**_context(found), "page": page, "form": form, "steps": STEPS})


def _context(found: Change) -> dict[str, object]:
    trip = found.reservation.trip
    crumbs = [("ホーム", "/"), (trip.number, _trip_page(found.reservation)), ("変更の確認", "")]
    trouble = disruption_of(found.reservation)
    anew = found.kind == ChangeKind.REBOOK
    is_free = trouble is not None and (trouble.is_refund_free() if anew else trouble.is_change_free())
    shown = trouble if is_free else None
    return {"change": found, "reservation": found.reservation, "trip": trip, "trouble": shown, "crumbs": crumbs}


def _quoted(found: Change) -> ChangePage:
    """The page with what the supplier says now; where it cannot be asked, with the terms of the purchase."""
    old, offer = found.reservation, offer_from_json(found.offer)
    difference = None if offer.price is None else offer.price - (old.price or 0)
    if found.kind == ChangeKind.REPLACE:
        return change_page(found, difference=offer.price, fee=0, valid_until=offer.valid_until)
    if found.kind == ChangeKind.OWN:
        return change_page(found, difference=difference, fee=0, valid_until=None)
    if found.kind == ChangeKind.EXCHANGE:
        quote = quote_change(old, offer)
        return change_page(found, difference=quote.difference, fee=quote.fee, valid_until=quote.valid_until)
    if old.way == "api":
        cancelling = quote_cancel(old)
        return change_page(found, difference=difference, fee=cancelling.fee, valid_until=cancelling.valid_until)
    return change_page(found, difference=difference, fee=fee_by_terms(old), valid_until=None)


@require_POST
def number(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Back from the supplier's site: the number and the whole new price."""
    actor = actor_of(request)
    found = access.change_for(actor, pk)
    if found.kind != ChangeKind.OWN:
        raise Http404
    page = handoff_page(found.reservation)
    form = NumberForm(request.POST, label=page.number_label, hint=page.number_hint)
    form.fields["price"].required = True
    if form.is_valid():
        try:
            record_own_change(actor, found, number=form.cleaned_data["number"], price=form.cleaned_data["price"])
        except PortalError as error:
            form.take_error(error)
        else:
            messages.success(request, "変更を登録しました。")
            return redirect_see_other(request, _trip_page(found.reservation))
    return _number_page(request, found, form)


def _number_page(request: HttpRequest, found: Change, form: NumberForm | None) -> HttpResponse:
    offer = offer_from_json(found.offer)
    page = handoff_page(found.reservation, offer=offer)
    if form is None:
        words = {"label": page.number_label, "hint": page.number_hint}
        form = NumberForm(initial={"number": found.reservation.number} | kept.typed(request, NumberForm), **words)
        form.fields["price"].required = True
    form.fields["price"].label, form.fields["price"].help_text = "変更後の金額", "差額ではなく全体の金額。税込。"
    context = {**_context(found), "page": page, "form": form}
    return render(request, "booking/change_own.html", context, status=422 if form.errors else 200)


@require_POST
def drop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give the change up: the booking stays as it is."""
    actor = actor_of(request)
    found = access.change_for(actor, pk)
    try:
        drop_change(actor, found)
    except PortalError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "変更を取りやめました。元の予約はそのままです。")
    return redirect_see_other(request, _trip_page(found.reservation))
