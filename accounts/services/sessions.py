"""The session behind a request: who it is, from where, and whether both factors were given."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.access import SECOND_FACTOR_AT
from accounts.models import User
from accounts.services.actors import person_actor
from lib import clock
from lib.actor import Actor, Channel, anonymous

# Rights that reach beyond one's own trips: such sessions are shorter.
WIDE = frozenset({"accounts.public_text.edit", "audit.event.read", "billing.invoice.read"})


def client_address(request: HttpRequest) -> str:
    """The client's address: the last one that our own proxy wrote, never one that the client claims."""
    if settings.TRUSTED_PROXIES:
        chain = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        return str(chain[-settings.TRUSTED_PROXIES]).strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def request_id(request: HttpRequest) -> str:
    """The id under which logs and events know this request."""
    return str(getattr(request, "request_id", ""))[:64]


def actor_of(request: HttpRequest) -> Actor:
    """The actor behind the request as it stands now."""
    who, where = request_id(request), client_address(request)
    if not is_signed_in(request):
        return anonymous(request_id=who, address=where)
    return person_actor(request.user, channel=Channel.WEB, request_id=who, address=where)  # type: ignore[arg-type]


def is_signed_in(request: HttpRequest) -> bool:
    """Both factors were given."""
    user: Any = request.user
    return bool(
        user.is_authenticated and user.is_active and request.session.get("second_factor") == str(user.public_id)
    )


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
            SECOND_FACTOR_AT: now,
            "idle": settings.SESSION_IDLE_MINUTES_WIDE if wide else settings.SESSION_IDLE_MINUTES,
            "absolute": settings.SESSION_ABSOLUTE_MINUTES_WIDE if wide else settings.SESSION_ABSOLUTE_MINUTES,
        }
    )


def mark_stepped_up(request: HttpRequest) -> None:
    """The second factor was given again: a new session id; the session's own limits stay."""
    request.session.cycle_key()
    request.session[SECOND_FACTOR_AT] = clock.wall_seconds()
