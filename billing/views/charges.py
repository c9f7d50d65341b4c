"""Charges: the list, one with why it is what it is, and its correction by two people."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import needs_step_up, page_for
from accounts.queries import may_decide, offices
from audit.queries import history_of
from billing import access, queries
from billing.forms import ChargesForm, CorrectionForm
from billing.permissions import CORRECT_CHARGES, READ_CHARGES
from billing.queries import ChargeFilter
from billing.services import ask_charge_correction, ask_charge_reversal, decide_charge_correction
from booking.models import Charge
from lib import kept
from lib.errors import PortalError
from lib.htmx import pressed, redirect_see_other
from lib.requests import actor_of, typed_fields
from lib.tables import page_of

STEPS = ["入力", "確認", "別の人の確認"]


@require_safe
def charges(request: HttpRequest) -> HttpResponse:
    """Charges by the filters in the address, with their number and sum."""
    actor = actor_of(request)
    page_for(actor, READ_CHARGES)
    named = offices()
    form = ChargesForm(request.GET if request.GET else None, offices=named)
    is_wrong = form.is_bound and not form.is_valid()
    found = queries.charges(actor, form.wanted if form.is_bound and not is_wrong else ChargeFilter())
    page, names = page_of(found, request.GET), {office.pk: office.name for office in named}
    count, total = queries.charges_count_and_sum(found)
    context = {
        "form": form,
        "page": page,
        "rows": [(row, names.get(row.bearer, "")) for row in page],
        "count": count,
        "total": total,
        "is_wrong": is_wrong,
        "crumbs": [("ホーム", reverse("config:home")), ("費用", "")],
    }
    return render(request, "billing/charges.html", context, status=422 if is_wrong else 200)


@require_safe
def charge(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One charge: what it is, why it is billed where it is, what goes back to it."""
    actor = actor_of(request)
    found = access.charge_for(actor, pk)
    page = queries.charge_page(actor, found)
    context = {
        "charge": found,
        "page": page,
        "history": history_of(found.public_id),
        "may_correct": actor.may(CORRECT_CHARGES) and not page.standing.refusal,
        "may_decide": page.asked is not None and may_decide(actor, page.asked),
        "crumbs": _crumbs(found),
    }
    return render(request, "billing/charge.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs_step_up
def correct(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The right amount of a charge: typed, shown with what it does, then asked for."""
    found = access.charge_for(actor_of(request), pk, to=CORRECT_CHARGES)
    standing = queries.standing_of(found)
    held = kept.take(request)
    form = CorrectionForm(request.POST if request.method == "POST" else held, standing=standing.amount)
    step = request.POST.get("step", "")
    if step == "ask" and form.is_valid():
        try:
            _ask(request, found, form)
        except PortalError as error:
            form.take_error(error)
        else:
            messages.success(request, "依頼しました。別の担当者が確かめると、費用に反映されます。")
            return redirect_see_other(request, reverse("billing:charge", args=[pk]))
    is_shown = step in {"show", "ask"} and form.is_valid()
    context = {
        "charge": found,
        "standing": standing,
        "form": form,
        "kept": held,
        "steps": STEPS,
        "typed": typed_fields(request),
        "effect": _effect(found, standing.amount, form) if is_shown else None,
        "crumbs": _crumbs(found, "訂正"),
    }
    failed = request.method == "POST" and bool(form.errors)
    return render(request, "billing/charge_correct.html", context, status=422 if failed else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs_step_up
def decide_correction(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The second person sees what was asked about a charge, and agrees."""
    actor = actor_of(request)
    found = access.charge_for(actor, pk, to=CORRECT_CHARGES)
    act, to = partial(decide_charge_correction, actor, found), reverse("billing:charge", args=[pk])
    done, problem = pressed(request, act, to=to, said="確認しました。費用に反映しました。")
    if done:
        return done
    kept.take(request)
    page = queries.charge_page(actor, found)
    context = {
        "charge": found,
        "page": page,
        "problem": problem,
        "placement": _placement(found, page.asked.payload) if page.asked else None,
        "is_outrun": page.asked is not None and page.asked.digest != page.standing.digest,
        "may_decide": page.asked is not None and may_decide(actor, page.asked),
        "crumbs": _crumbs(found, "訂正の確認"),
    }
    return render(request, "billing/charge_decide.html", context, status=422 if problem else 200)


def _ask(request: HttpRequest, found: Charge, form: CorrectionForm) -> None:
    actor, reason = actor_of(request), form.cleaned_data["reason"]
    if form.is_reversal:
        ask_charge_reversal(actor, found, reason=reason)
    else:
        ask_charge_correction(actor, found, difference=form.difference, reason=reason)


def _effect(found: Charge, standing: int, form: CorrectionForm) -> Mapping[str, Any]:
    return {
        "is_reversal": form.is_reversal,
        "before": standing,
        "after": standing + form.difference,
        "difference": form.difference,
        "reason": form.cleaned_data["reason"],
        "placement": _placement(found, {"act": "reverse" if form.is_reversal else "correct"}),
    }


def _placement(found: Charge, payload: Mapping[str, Any]) -> object:
    is_reversal = payload["act"] == "reverse"
    return queries.reversal_placement(found) if is_reversal else queries.correction_placement(found)


def _crumbs(found: Charge, *further: str) -> list[tuple[str, str]]:
    here = (found.description, reverse("billing:charge", args=[found.public_id]))
    lists = [("ホーム", reverse("config:home")), ("費用", reverse("billing:charges")), here]
    return [*lists, *((word, "") for word in further)]
