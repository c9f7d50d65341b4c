"""What the views of this room share."""

from django.http import HttpRequest

from lib.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    """Who asks, as the middleware has read it."""
    return request.actor  # type: ignore[attr-defined,no-any-return]
