"""What a view reads off its request."""

from django.http import HttpRequest

from lib.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    """Who is behind the request, as the middleware of accounts has set it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def typed_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """What was typed into a form, as (name, value), for the hidden fields of the page that asks once more.

    The token and `step`, which says which button was pressed, are left out.
    """
    names = [name for name in request.POST if name not in {"csrfmiddlewaretoken", "step"}]
    return [(name, str(value)) for name in names for value in request.POST.getlist(name)]
