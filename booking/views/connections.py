"""How the connections to the suppliers do, and using again one that was stopped."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.access import page_for
from booking import access
from booking.permissions import READ_CONNECTION, RESUME_CONNECTION
from booking.queries.connections import connection_states
from booking.services.breaker import resume_connection
from lib import clock
from lib.errors import PortalError
from lib.htmx import redirect_see_other
from lib.requests import actor_of


@require_safe
def connections(request: HttpRequest) -> HttpResponse:
    """Each connection with its state."""
    actor = actor_of(request)
    page_for(actor, READ_CONNECTION)
    context = {
        "rows": connection_states(),
        "may_resume": actor.may(RESUME_CONNECTION),
        "now": clock.now(),
        "crumbs": [("ホーム", "/"), ("手配先の接続", "")],
    }
    return render(request, "booking/connections.html", context)


@require_POST
def resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Use a stopped connection again."""
    actor = actor_of(request)
    connection = access.connection_for(actor, pk, to=RESUME_CONNECTION)
    try:
        resume_connection(actor, connection)
    except PortalError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{connection.name} の接続を再開しました。")
    return redirect_see_other(request, reverse("booking:connections"))
