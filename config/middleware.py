"""Headers of every answer, and bare refusals as pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from lib.errorpages import error_page

View = Callable[[HttpRequest], HttpResponse]
PERMISSIONS = (
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), "
    "publickey-credentials-get=(self), publickey-credentials-create=(self)"
)


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
