"""One view answers a page, or the part of it that htmx asked for."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from lib.errors import PortalError


class SeeOther(HttpResponseRedirect):
    """303: whatever was sent, the browser fetches the address with GET."""

    status_code = 303


def is_part(request: HttpRequest) -> bool:
    """Whether htmx wants a part: not for a page that it restores from history, nor for a boosted link."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def redirect_see_other(request: HttpRequest, url: str) -> HttpResponse:
    """After a POST: go to the page at `url`, with or without htmx.

    Raises ValueError for an address outside of the portal: those are links, never redirects.
    """
    if not url_has_allowed_host_and_scheme(url, allowed_hosts=None):
        raise ValueError("redirects stay inside the portal")
    if is_part(request):
        return HttpResponse(headers={"HX-Redirect": url})
    return SeeOther(url)


def pressed(
    request: HttpRequest, act: Callable[[], object], *, to: str, said: str = ""
) -> tuple[HttpResponse | None, str]:
    """The one button of a page: when it was pressed, do `act`, tell what was `said`, and go `to` an address.

    Otherwise no response, and the reason why the portal refused, for the page to show ("" before the press).
    """
    if request.method != "POST":
        return None, ""
    try:
        act()
    except PortalError as error:
        return None, error.message
    if said:
        messages.success(request, said)
    return redirect_see_other(request, to), ""


def render_page_or_part(
    request: HttpRequest, page: str, part: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """Render the template `part` for htmx, else `page`; status 422 for a form with errors."""
    response = render(request, part if is_part(request) else page, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
