"""One-off invoices: the form, its preview as paper, and the second person's page."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.access import needs_step_up, page_for
from accounts.models import ConfirmationState
from accounts.queries import may_decide, offices
from billing import access, queries
from billing.forms import OneOffForm, OneOffLineForm, OneOffLines, typed_lines
from billing.permissions import ISSUE_INVOICES
from billing.queries import OneOffPreview
from billing.services import ask_one_off, issue_one_off
from lib import clock, kept
from lib.errors import PortalError
from lib.htmx import redirect_see_other
from lib.requests import actor_of, typed_fields

# Lines that stand open in the form; the others are folded away until they are used.
SHOWN_LINES = 3
STEPS = ["入力", "下見", "別の人の確認"]


@require_http_methods(["GET", "HEAD", "POST"])
@needs_step_up
def one_off(request: HttpRequest) -> HttpResponse:
    """A one-off invoice: typed, shown as paper, then asked for."""
    page_for(actor_of(request), ISSUE_INVOICES)
    held = kept.take(request)
    data = request.POST if request.method == "POST" else held
    form = OneOffForm(data, offices=offices(), initial={"day": clock.today()})
    lines = OneOffLines(data, prefix="lines")
    step, seen = request.POST.get("step", ""), None
    if step in {"show", "ask"} and all([form.is_valid(), lines.is_valid()]):
        try:
            seen = queries.one_off_preview(lines=typed_lines(lines), **form.facts())
            if step == "ask":
                return _ask(request, form, lines)
        except PortalError as error:
            seen = None
            form.take_error(error)
    context = {
        "form": form,
        "lines": lines,
        "forms": [form, *lines],
        "has_more": lines.is_bound and any(line.has_changed() for line in list(lines)[SHOWN_LINES:]),
        "kept": held,
        "steps": STEPS,
        "typed": typed_fields(request),
        "crumbs": _crumbs("一時費用の請求"),
        **(_paper(seen) if seen else {}),
    }
    failed = request.method == "POST" and not (form.is_valid() and lines.is_valid())
    return render(request, "billing/one_off.html", context, status=422 if failed else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs_step_up
def decide_one_off(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The second person sees the paper, and agrees; afterwards the way to the invoice."""
    actor = actor_of(request)
    wish = access.one_off_for(actor, pk)
    problem, seen = "", None
    if request.method == "POST":
        try:
            invoice = issue_one_off(actor, wish)
        except PortalError as error:
            problem = error.message
        else:
            messages.success(request, f"請求書 {invoice.number} を発行しました。")
            return redirect_see_other(request, reverse("billing:invoice", args=[invoice.public_id]))
    kept.take(request)
    asked = queries.one_off_confirmation(wish)
    if asked is not None and asked.state == ConfirmationState.ASKED:
        seen = queries.preview_request(wish)
    context = {
        "wish": wish,
        "asked": asked,
        "problem": problem,
        "may_decide": asked is not None and may_decide(actor, asked),
        "is_outrun": seen is not None and asked is not None and asked.digest != seen.digest,
        "crumbs": _crumbs("一時費用の請求", "確認"),
        **(_paper(seen) if seen else {}),
    }
    return render(request, "billing/one_off_decide.html", context, status=422 if problem else 200)


def _ask(request: HttpRequest, form: OneOffForm, lines: Iterable[OneOffLineForm]) -> HttpResponse:
    reason = form.cleaned_data["reason"]
    wish = ask_one_off(actor_of(request), lines=typed_lines(lines), reason=reason, **form.facts())
    messages.success(request, "依頼しました。別の担当者が確かめると、請求書を発行します。")
    return redirect_see_other(request, reverse("billing:decide_one_off", args=[wish.public_id]))


def _paper(seen: OneOffPreview) -> dict[str, Any]:
    """The preview as the paper's template reads it."""
    return {"draft": seen.draft, "day": seen.day, "shown": [queries.shown_line(line) for line in seen.lines]}


def _crumbs(*words: str) -> list[tuple[str, str]]:
    lists = [("ホーム", reverse("config:home")), ("請求書", reverse("billing:invoices"))]
    return [*lists, *((word, "") for word in words)]
