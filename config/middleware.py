"""The id of a request, headers of every answer, and bare refusals as pages."""

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from lib.errorpages import error_page

View = Callable[[HttpRequest], HttpResponse]
PERMISSIONS = (
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), "
    "publickey-credentials-get=(self), publickey-credentials-create=(self)"
)


def request_ids(get_response: View) -> View:
    """Give each request the id under which logs, events and error pages know it.

    Our own proxy's is taken over; what a client claims never is. The header is set for structlog, which reads it there.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXIES else ""
        request_id = given if re.fullmatch(r"[0-9a-f]{32}", given) else uuid.uuid4().hex
        request.META["HTTP_X_REQUEST_ID"] = request_id
        request.request_id = request_id  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def response_headers(get_response: View) -> View:
    """No cache keeps a page of a person; hashed static files are the exception (WhiteNoise answers those before)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request_id := getattr(request, "request_id", ""):
            response.headers["X-Request-ID"] = request_id
        return response

    return middleware


def refusals(get_response: View) -> View:
    """Bare refusals of Django (405 and the like) as Japanese pages."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 405 and not response.content:
            page = error_page(405, request_id=str(getattr(request, "request_id", "")))
            page.headers["Allow"] = response.headers.get("Allow", "")
            return page
        return response

    return middleware
