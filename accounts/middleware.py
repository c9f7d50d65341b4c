"""Sessions with idle and absolute limits, `request.actor`, and the gate that wants the second factor."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.models import User
from accounts.services.actors import person_actor
from accounts.services.signin import record_sign_out
from lib import clock
from lib.actor import Actor, Channel, anonymous

View = Callable[[HttpRequest], HttpResponse]
# Roles whose sessions are shorter: their rights reach beyond their own trips.
WIDE = frozenset({"accounts.public_text.edit", "audit.event.read", "billing.invoice.read"})
# What a half-signed-in person may reach.
OPEN_HALFWAY = frozenset({"accounts:second_factor", "accounts:recovery", "account_logout"})


def client_address(request: HttpRequest) -> str:
    """The client's address: the last one that our own proxy wrote, never one that the client claims."""
    if settings.TRUSTED_PROXIES:
        chain = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        return chain[-settings.TRUSTED_PROXIES].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def request_id(request: HttpRequest) -> str:
    """The id under which logs and events know this request."""
    return str(getattr(request, "request_id", ""))[:64]


def session_limits(get_response: View) -> View:
    """End a session that was idle or lived too long, before anything reads it; wall time."""

    def middleware(request: HttpRequest) -> HttpResponse:
        session = request.session
        if SESSION_KEY in session:
            now = clock.wall_seconds()
            seen, began = session.get("seen", now), session.get("began", now)
            if now - seen > session.get("idle", 60) * 60 or now - began > session.get("absolute", 60) * 60:
                _end(request)
            elif now - seen > 20 or "seen" not in session:
                session["seen"] = now
                session.setdefault("began", now)
        return get_response(request)

    return middleware


def _end(request: HttpRequest) -> None:
    user = User.objects.filter(pk=request.session[SESSION_KEY]).first()
    request.session.flush()
    request.session["ended"] = True
    if user:
        who = anonymous(request_id=request_id(request), address=client_address(request))
        record_sign_out(who, user, reason="limit")


def actor(get_response: View) -> View:
    """Set `request.actor`: the person when both factors were given, else nobody. The only reader of `request.user`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.actor = actor_of(request)  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def actor_of(request: HttpRequest) -> Actor:
    """The actor behind the request as it stands now."""
    who, where = request_id(request), client_address(request)
    if not is_signed_in(request):
        return anonymous(request_id=who, address=where)
    return person_actor(request.user, channel=Channel.WEB, request_id=who, address=where)  # type: ignore[arg-type]


def is_signed_in(request: HttpRequest) -> bool:
    """Both factors were given."""
    user: Any = request.user
    return bool(user.is_authenticated and user.is_active and request.session.get("second_factor") == str(user.public_id))


def mark_signed_in(request: HttpRequest, user: User) -> None:
    """Both factors were given: a new session id, and the limits that fit the person's rights."""
    request.session.cycle_key()
    request.session["second_factor"] = str(user.public_id)
    scopes = person_actor(user, channel=Channel.WEB).scopes
    wide = any(action in scopes for action in WIDE)
    now = clock.wall_seconds()
    request.session.update(
        {
            "began": now,
            "seen": now,
            "idle": settings.SESSION_IDLE_MINUTES_WIDE if wide else settings.SESSION_IDLE_MINUTES,
            "absolute": settings.SESSION_ABSOLUTE_MINUTES_WIDE if wide else settings.SESSION_ABSOLUTE_MINUTES,
        }
    )


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


def person_id(request: HttpRequest) -> UUID | None:
    """The signed-in person's public id."""
    who: Actor = request.actor  # type: ignore[attr-defined]
    return who.id
