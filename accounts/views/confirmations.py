"""Acts that wait for a second person: the list, one request, refusing and withdrawing it.

Saying yes stands on the page of the room whose act it is.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access, queries
from accounts.forms import RefusalForm
from accounts.models import Confirmation, ConfirmationState
from accounts.services import refuse_confirmation, withdraw_confirmation
from lib import kept, registry
from lib.actor import Actor
from lib.errors import PortalError
from lib.htmx import redirect_see_other
from lib.requests import actor_of

# state -> (tone of the badge, icon)
BADGES = {
    ConfirmationState.ASKED: ("wait", "two"),
    ConfirmationState.GIVEN: ("ok", "ok"),
    ConfirmationState.REFUSED: ("act", "back"),
    ConfirmationState.WITHDRAWN: ("mute", "cross"),
    ConfirmationState.LAPSED: ("mute", "cross"),
}
ENDED_SHOWN = 50


@require_safe
def confirmations(request: HttpRequest) -> HttpResponse:
    """What waits for a second person, and what ended last."""
    actor = actor_of(request)
    access.page_for(actor, "accounts.confirmation.read")
    asked, ended = queries.confirmation_lists(actor, ended=ENDED_SHOWN)
    context = {
        "asked": [_row(row) for row in asked],
        "ended": [_row(row) for row in ended],
        "crumbs": [("ホーム", "/"), ("二人確認", "")],
    }
    return render(request, "accounts/confirmations.html", context)


@require_safe
def confirmation(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One request: what will happen, who asked, how it ended."""
    actor = actor_of(request)
    return _page(request, actor, access.confirmation_for(actor, pk))


@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say no, and why."""
    actor = actor_of(request)
    found = access.confirmation_for(actor, pk)
    held = kept.take(request)
    form = RefusalForm(request.POST if request.method == "POST" else held)
    if request.method == "POST" and form.is_valid():
        try:
            refuse_confirmation(actor, found, note=form.cleaned_data["note"])
        except PortalError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "依頼を差し戻しました。")
            return redirect_see_other(request, reverse("accounts:confirmation", args=[pk]))
    failed = request.method == "POST"
    context = {"form": form, "row": _row(found), "kept": held, "crumbs": _crumbs(found, "差戻し")}
    return render(request, "accounts/confirmation_refuse.html", context, status=422 if failed else 200)


@require_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take back one's own request; the question stands on the request's page."""
    actor = actor_of(request)
    found = access.confirmation_for(actor, pk)
    try:
        withdraw_confirmation(actor, found)
    except PortalError as error:
        return _page(request, actor, found, problem=error.message)
    messages.success(request, "依頼を取り下げました。")
    return redirect_see_other(request, reverse("accounts:confirmation", args=[pk]))


def _page(request: HttpRequest, actor: Actor, found: Confirmation, *, problem: str = "") -> HttpResponse:
    context = {
        "row": _row(found),
        "problem": problem,
        "may_decide": queries.may_decide(actor, found),
        "may_withdraw": found.state == ConfirmationState.ASKED and found.asked_by.public_id == actor.id,
        "crumbs": _crumbs(found),
    }
    return render(request, "accounts/confirmation.html", context, status=422 if problem else 200)


def _row(found: Confirmation) -> dict[str, Any]:
    tone, icon = BADGES[ConfirmationState(found.state)]
    return {"item": found, "kind": registry.confirmation_kinds[found.kind], "tone": tone, "icon": icon}


def _crumbs(found: Confirmation, *further: str) -> list[tuple[str, str]]:
    here = (found.title, reverse("accounts:confirmation", args=[found.public_id]))
    return [("ホーム", "/"), ("二人確認", reverse("accounts:confirmations")), here, *((word, "") for word in further)]
