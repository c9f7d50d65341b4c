"""What was typed survives an ended session: the fields of a form wait in the new session until the person is back.

They are bound to the page of the form and live for 30 minutes of wall time. Passwords and files are never kept, and what
was kept is shown again, never carried out.
"""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.http import HttpRequest, QueryDict

from lib import clock
from lib.forms import typed_values

KEY = "kept_form"
MINUTES = 30
MAX_BYTES = 64 * 1024
NEVER = frozenset({"csrfmiddlewaretoken", "code"})


def from_our_own_page(request: HttpRequest) -> bool:
    """Whether the browser says that the request comes from one of our pages; other sites may not fill our forms."""
    origin = request.headers.get("Origin", "")
    own = f"{request.scheme}://{request.get_host()}"
    return origin == own if origin else urlsplit(request.headers.get("Referer", ""))[:2] == urlsplit(own)[:2]


def page_of(request: HttpRequest) -> str:
    """The path (with query) of the page on which the form stood: the referring page of ours, or the form's own address."""
    referrer = urlsplit(request.headers.get("Referer", ""))
    if referrer.netloc == request.get_host() and referrer.path:
        return referrer.path + (f"?{referrer.query}" if referrer.query else "")
    return request.path


def keep(request: HttpRequest) -> bool:
    """Keep the fields of a POST for later; False when there is nothing to keep, too much, or a stranger's page sent it."""
    if not from_our_own_page(request) or (request.content_type or "").startswith("multipart/"):
        return False
    fields = request.POST.copy()
    for name in list(fields):
        if name in NEVER or "password" in name:
            del fields[name]
    encoded = fields.urlencode()
    if not encoded or len(encoded) > MAX_BYTES:
        return False
    request.session[KEY] = {"page": urlsplit(page_of(request)).path, "fields": encoded, "at": clock.wall_seconds()}
    return True


def take(request: HttpRequest) -> QueryDict | None:
    """The fields kept for this page, once; None when there are none or they are too old."""
    held = request.session.get(KEY)
    if not held or held["page"] != request.path:
        return None
    del request.session[KEY]
    if clock.wall_seconds() - held["at"] > MINUTES * 60:
        return None
    return QueryDict(held["fields"])


def typed(request: HttpRequest, form_class: type[forms.Form]) -> dict[str, Any]:
    """What was kept of this form, as `initial` of a fresh one; empty when nothing was kept for this page."""
    held = take(request)
    return dict(typed_values(form_class, held)) if held else {}
