"""The desk's pages of 運休・欠航: enter what was announced, see who is on it, tell them, and follow what they do."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import page_for
from booking import access
from booking.forms.disruptions import DisruptionForm, FollowUpForm
from booking.models import Disruption, service_key
from booking.permissions import HANDLE_DISRUPTION
from booking.queries.connections import ride_suppliers
from booking.queries.disruptions import BADGES, affected, disruption_list
from booking.services.disruptions import (
    Look,
    correct_disruption,
    enter_disruption,
    look_at_disruption,
    record_follow_up,
    withdraw_disruption,
)
from lib import clock, kept
from lib.errors import PortalError
from lib.htmx import redirect_see_other
from lib.jst import local
from lib.requests import actor_of
from lib.text import whole_number

HOME = ("ホーム", "/")


@require_safe
def disruptions(request: HttpRequest) -> HttpResponse:
    """All of them, latest day first, with how many acted and how many did nothing yet."""
    actor = actor_of(request)
    page_for(actor, HANDLE_DISRUPTION)
    context = {"rows": disruption_list(actor), "crumbs": [HOME, ("運休・欠航", "")]}
    return render(request, "booking/disruptions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """First who is on it and what they are told; then, when that was seen, told."""
    actor = actor_of(request)
    page_for(actor, HANDLE_DISRUPTION)
    initial = {"announced_on": clock.today()} | kept.typed(request, DisruptionForm)
    form = DisruptionForm(request.POST or None, suppliers=ride_suppliers(), initial=initial)
    look = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        which = {name: data[name] for name in ("supplier", "service", "day")}
        look = look_at_disruption(_drawn(form, service_key=service_key(data["service"]), **which), news="new")
        if data["seen"] == look.seal:
            try:
                made = enter_disruption(actor, **which, facts=form.facts())
            except PortalError as error:
                form.take_error(error)
            else:
                messages.success(request, f"{made.service}の{made.get_kind_display()}を登録し、{_told(look)}。")
                return redirect_see_other(request, reverse("booking:disruption", args=[made.public_id]))
    return _form_page(request, "booking/disruption_enter.html", {"form": form, "look": look}, "登録する")


def _drawn(form: DisruptionForm, **which: Any) -> Disruption:
    """What would be stored, for the look at it."""
    facts = form.facts()
    return Disruption(**which, **{name: getattr(facts, name) for name in facts.__slots__})


def _told(look: Look) -> str:
    return f"{len(look.people)}件の予約に知らせました" if look.people else "対象の予約はいまありません"


def _form_page(request: HttpRequest, template: str, context: dict[str, Any], last: str) -> HttpResponse:
    form = context["form"]
    crumbs = [HOME, ("運休・欠航", reverse("booking:disruptions"))]
    found = context.get("disruption")
    if found is not None:
        crumbs.append((found.service, reverse("booking:disruption", args=[found.public_id])))
    context["crumbs"] = [*crumbs, (last, "")]
    return render(request, template, context, status=422 if form.is_bound and form.errors else 200)


@require_safe
def disruption(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One of them: what was announced, and everybody on it with what they did."""
    found = access.disruption_for(actor_of(request), pk)
    people = affected(found)
    context = {
        "disruption": found,
        "people": [(each, BADGES[each.outcome]) for each in people],
        "idle": sum(not each.has_acted for each in people),
        "crumbs": [HOME, ("運休・欠航", reverse("booking:disruptions")), (found.service, "")],
    }
    return render(request, "booking/disruption.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The announcement has changed: the same look first, then everybody still on it is told again."""
    actor = actor_of(request)
    found = access.disruption_for(actor, pk)
    form = DisruptionForm(
        request.POST or None, suppliers=(), fixed=True, initial=_present(found) | kept.typed(request, DisruptionForm)
    )
    look = None
    if request.method == "POST" and form.is_valid():
        which = {name: getattr(found, name) for name in ("supplier", "service", "service_key", "day", "version")}
        look = look_at_disruption(_drawn(form, **which), news="corrected")
        if form.cleaned_data["seen"] == look.seal:
            try:
                correct_disruption(actor, found, version=found.version, facts=form.facts())
            except PortalError as error:
                form.take_error(error)
            else:
                messages.success(request, f"{found.service}の内容を訂正し、{_told(look)}。")
                return redirect_see_other(request, reverse("booking:disruption", args=[pk]))
    return _form_page(
        request, "booking/disruption_correct.html", {"form": form, "look": look, "disruption": found}, "訂正する"
    )


def _present(found: Disruption) -> dict[str, Any]:
    at = local(found.announced_at)
    names = ("kind", "source", "free_refund_until", "free_change_until", "message")
    return {"announced_on": at.date(), "announced_at": at.time(), **{name: getattr(found, name) for name in names}}


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """It runs after all: who is told that stands on the page before the button."""
    actor = actor_of(request)
    found = access.disruption_for(actor, pk)
    page = reverse("booking:disruption", args=[pk])
    if found.withdrawn_at is not None:
        messages.info(request, "この登録は、すでに取り下げられています。")
        return redirect_see_other(request, page)
    if request.method == "POST":
        try:
            withdraw_disruption(actor, found, version=whole_number(request.POST.get("version", "")) or 0)
        except PortalError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, f"{found.service}の登録を取り下げ、残っている人に知らせました。")
        return redirect_see_other(request, page)
    crumbs = [HOME, ("運休・欠航", reverse("booking:disruptions")), (found.service, page), ("取り下げる", "")]
    context = {"disruption": found, "look": look_at_disruption(found, news="lifted"), "crumbs": crumbs}
    return render(request, "booking/disruption_withdraw.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def follow_up(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the desk spoke about with a person, or settled with the supplier."""
    actor = actor_of(request)
    booking = access.affected_for(actor, pk)
    form = FollowUpForm(request.POST or None, initial={"note": booking.note} | kept.typed(request, FollowUpForm))
    if request.method == "POST" and form.is_valid():
        try:
            record_follow_up(actor, booking, note=form.cleaned_data["note"], seen=request.POST.get("seen", ""))
        except PortalError as error:
            form.take_error(error)
        else:
            messages.success(request, f"{booking.reservation.trip.traveller.name}さんへの対応を記録しました。")
            return redirect_see_other(request, reverse("booking:disruption", args=[booking.disruption.public_id]))
    context = {"form": form, "booking": booking, "disruption": booking.disruption}
    return _form_page(request, "booking/disruption_follow_up.html", context, "対応の記録")
