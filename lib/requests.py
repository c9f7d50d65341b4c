"""What a view reads off its request."""

from django.http import HttpRequest

from lib.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    """Who is behind the request, as the middleware of accounts has set it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
