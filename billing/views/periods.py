"""Closing: the offices of a month, one period with its preview, the act itself and its progress."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import needs_step_up, page_for
from accounts.queries import may_decide
from billing import access, queries
from billing.forms import read_month
from billing.models import Period, PeriodState
from billing.permissions import CLOSE_PERIODS, READ_PERIODS
from billing.rules.days import DAY, month_end, period_name
from billing.services import prepare_closing, request_closing
from lib import clock, kept
from lib.actor import Actor
from lib.htmx import pressed
from lib.requests import actor_of


@require_safe
def periods(request: HttpRequest) -> HttpResponse:
    """All offices of a month: where each stands, what stops it, what is in it."""
    actor = actor_of(request)
    page_for(actor, READ_PERIODS)
    month = read_month(request.GET.get("month", "")) or queries.default_month()
    rows = queries.period_rows(actor, month)
    context = {
        "month": month,
        "before": (month - DAY).replace(day=1),
        "after": month_end(month) + DAY,
        "title": period_name(month_end(month)),
        "rows": rows,
        "obstacles": queries.shown_obstacles(rows),
        "count": sum(row.count for row in rows),
        "total": sum(row.amount for row in rows),
        "closed": sum(row.period.state == PeriodState.CLOSED for row in rows),
        "closable": sum(row.is_closable for row in rows),
        "may_close": actor.may(CLOSE_PERIODS),
        "now": clock.now(),
        "crumbs": [("ホーム", reverse("config:home")), ("締め", "")],
    }
    return render(request, "billing/periods.html", context)


@require_safe
def period(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One office's period: the invoice that closing would make, progress while it closes, the result afterwards."""
    found = access.period_for(actor_of(request), pk)
    row = queries.period_row(found)
    draft = None if found.state == PeriodState.CLOSED else queries.preview(found)
    context = {
        "row": row,
        "draft": draft,
        "lines": queries.preview_lines(found) if draft else [],
        "may_close": actor_of(request).may(CLOSE_PERIODS),
        "may_decide": row.prepared is not None and may_decide(actor_of(request), row.prepared),
        "crumbs": _crumbs(found, row.name, (row.office_name, "")),
    }
    return render(request, "billing/period.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs_step_up
def prepare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The first of two people says that the preview is right."""
    return _act(request, pk, prepare_closing, "prepare", "この下見で準備しますか")


@require_http_methods(["GET", "HEAD", "POST"])
@needs_step_up
def close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The second person agrees to what was prepared; a worker carries it out."""
    return _act(request, pk, request_closing, "close", "締めますか")


def _act(
    request: HttpRequest, pk: UUID, act: Callable[[Actor, Period], object], step: str, question: str
) -> HttpResponse:
    """The question before an act of closing, and the act."""
    actor = actor_of(request)
    found = access.period_for(actor, pk, to=CLOSE_PERIODS)
    done, problem = pressed(request, partial(act, actor, found), to=reverse("billing:period", args=[pk]))
    if done:
        return done
    kept.take(request)
    row = queries.period_row(found)
    here = (row.office_name, reverse("billing:period", args=[pk]))
    context = {
        "row": row,
        "problem": problem,
        "step": step,
        "question": question,
        "may_decide": row.prepared is not None and may_decide(actor, row.prepared),
        "crumbs": _crumbs(found, row.name, here, ("締めの準備" if step == "prepare" else "締めの確認", "")),
    }
    return render(request, "billing/close.html", context, status=422 if problem else 200)


@require_safe
def close_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part that tells how far the closing is; asks again every two seconds until it is done."""
    found = access.period_for(actor_of(request), pk)
    answer = render(request, "billing/_progress.html", {"row": queries.period_row(found), "is_answer": True})
    if found.state != "closing":
        # The rest of the page still shows the preview: fetch it anew.
        answer.headers["HX-Refresh"] = "true"
    return answer


def _crumbs(found: Period, name: str, *rest: tuple[str, str]) -> list[tuple[str, str]]:
    month = f"{reverse('billing:periods')}?month={found.last_day:%Y-%m}"
    return [("ホーム", reverse("config:home")), (f"{name}の締め", month), *rest]
