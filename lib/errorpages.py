"""Error pages that stand alone: they need neither database nor cache, neither context processors nor any other file.

Their style stands in the page itself; the policy lets it in by `STYLE_HASH` (style-src). A test recomputes the hash.
"""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse
from django.template import Context, Engine

STYLE_HASH = "'sha256-cccibMMxw5MBDL44efrCcTSiGJ743gHQsXW2f/4H62U='"
NAMES = ("400", "403", "403_csrf", "404", "405", "413", "429", "500", "503")
RETRY_SECONDS = {429: 60, 503: 60}


@cache
def _engine() -> Engine:
    """An engine of its own: an error in the portal's tags or context must not take the error page with it."""
    return Engine(dirs=[str(Path(__file__).resolve().parent.parent / "templates")])


def error_html(status: int, request_id: str = "", *, name: str = "") -> str:
    """The page for a status; `name` picks a variant (403_csrf). A status without a page of its own gets 400 or 500."""
    wanted = name or str(status)
    if wanted not in NAMES:
        wanted = "400" if 400 <= status < 500 else "500"
    phone = str(getattr(settings, "CONTACT_PHONE", ""))
    contact = {
        "phone": phone,
        "dial": "".join(filter(str.isdigit, phone)),
        "hours": str(getattr(settings, "CONTACT_HOURS", "")),
    }
    context = Context({"status": str(status), "request_id": request_id, "contact": contact})
    return _engine().get_template(f"errors/{wanted}.html").render(context)


def error_page(status: int, request_id: str = "", *, name: str = "") -> HttpResponse:
    """`error_html` as an answer that no cache keeps."""
    response = HttpResponse(error_html(status, request_id, name=name), status=status)
    response.headers["Cache-Control"] = "no-store"
    if status in RETRY_SECONDS:
        response.headers["Retry-After"] = str(RETRY_SECONDS[status])
    return response
