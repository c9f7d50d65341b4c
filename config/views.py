"""Home, help, health, error pages, reports of the browser."""

import datetime as dt
import json
import logging

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

import booking.queries
from config.models import Tick
from config.work import queues, work_for
from lib import clock
from lib.actor import Actor
from lib.errorpages import error_page
from lib.gallery import parts_context

logger = logging.getLogger(__name__)
BEAT_SECONDS = 60
SHOWN = 50


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What waits for me, my coming trips, one clear next step."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    work, coming = work_for(actor), booking.queries.coming_trips(actor)
    asked = request.GET.get("kind", "")
    kind = asked if any(piece.item.kind == asked for piece in work) else ""
    before = request.session.get("previous_sign_in", "")
    context = {
        "work": work,
        "shown": [piece for piece in work if not kind or piece.item.kind == kind][:SHOWN],
        "queues": queues(work, kind),
        "coming": coming,
        "disruptions": booking.queries.own_disruptions(actor),
        "days_left": (coming[0].trip.first_day - clock.today()).days if coming else None,
        "may_book": actor.may("booking.search"),
        "now": clock.now(),
        "previous_sign_in": dt.datetime.fromisoformat(before) if before else None,
    }
    return render(request, "config/home.html", context)


@login_not_required
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """How the portal is used, in short; also for those who cannot sign in."""
    return render(request, "config/help.html")


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The process is up."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Database, Redis, age of beat's last tick, backlog of the sweepers; 503 when something is not ready."""
    state: dict[str, object] = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        last = Tick.objects.filter(name="beat").values_list("at", flat=True).first()
        age = (clock.wall() - last).total_seconds() if last else None
        state["database"] = "ok"
        state["beat_seconds"] = age
        state["beat"] = "ok" if age is not None and age < BEAT_SECONDS else "late"
        backlog = booking.queries.backlog()
        state["backlog"] = backlog
        state["sweepers"] = "ok" if backlog < 500 else "late"
    except DatabaseError:
        logger.exception("not ready: database")
        state["database"] = "down"
    try:
        redis.Redis.from_url(settings.WAKE_URL, socket_timeout=2, socket_connect_timeout=2).ping()
        state["redis"] = "ok"
    except redis.RedisError:
        state["redis"] = "down"
    ready = all(state.get(name) == "ok" for name in ("database", "redis", "beat", "sweepers"))
    return JsonResponse({"ready": ready, **state}, status=200 if ready else 503)


@csrf_exempt
@login_not_required
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """What the browser refused, as a log line: 8 KB at most, as text."""
    try:
        report = json.loads(request.body[:8192])
    except ValueError:
        report = None
    if isinstance(report, dict):
        logger.warning("content security policy", extra={"report": json.dumps(report)[:2000]})
    return HttpResponse(status=204)


@login_not_required
@require_safe
def parts(request: HttpRequest) -> HttpResponse:
    """All parts in all states; development and tests only."""
    if settings.PRODUCTION:
        raise Http404
    return render(request, "components/gallery.html", parts_context(request))


def _page(status: int, request: HttpRequest) -> HttpResponse:
    return error_page(status, request_id=str(getattr(request, "request_id", "")))


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page(400, request)


@login_not_required
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page(403, request)


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page(404, request)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    return _page(500, request)
