"""Sessions with idle and absolute limits, `request.actor`, and the gate that wants the second factor."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.models import User
from accounts.services.sessions import actor_of, client_address, is_signed_in, request_id
from accounts.services.signin import record_sign_out
from lib import clock
from lib.actor import anonymous

View = Callable[[HttpRequest], HttpResponse]
# What a half-signed-in person may reach.
OPEN_HALFWAY = frozenset({"accounts:second_factor", "accounts:recovery", "account_logout"})


def session_limits(get_response: View) -> View:
    """End a session that was idle or lived too long, before anything reads it; wall time."""

    def middleware(request: HttpRequest) -> HttpResponse:
        session = request.session
        if SESSION_KEY in session:
            now = clock.wall_seconds()
            seen, began = session.get("seen", now), session.get("began", now)
            if now - began > session.get("absolute", 60) * 60:
                _end(request, why="long")
            elif now - seen > session.get("idle", 60) * 60:
                _end(request, why="idle")
            elif now - seen > 20 or "seen" not in session:
                session["seen"] = now
                session.setdefault("began", now)
        return get_response(request)

    return middleware


def _end(request: HttpRequest, *, why: str) -> None:
    user = User.objects.filter(pk=request.session[SESSION_KEY]).first()
    request.session.flush()
    request.session["ended"] = why
    if user:
        who = anonymous(request_id=request_id(request), address=client_address(request))
        record_sign_out(who, user, reason="limit")


def actor(get_response: View) -> View:
    """Set `request.actor`: the person when both factors were given, else nobody. The only reader of `request.user`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.actor = actor_of(request)  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


class SecondFactorMiddleware:
    """Default deny: after the password, only the second factor's own pages are open."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:  # noqa: ARG002
        if not request.user.is_authenticated or is_signed_in(request):
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in OPEN_HALFWAY or not getattr(view, "login_required", True):
            return None
        return redirect_to_login(request.get_full_path(), reverse("accounts:second_factor"))
