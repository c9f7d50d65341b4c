"""Which tables were written to, told by the database itself, and how an answer reads in the matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.db import connection
from django.http import HttpResponseBase

from audit.models import Event

# Sessions begin and end with every request, and what was refused or read is recorded.
ALWAYS = frozenset({"django_session", "audit_event", "audit_eventobject", "audit_personalvalues"})
REFUSALS = ["audit.access.refused", "audit.page.refused"]
PLACES = {"/signin/": "in", "/signin/code/": "code", "/": "home"}


def written_rows() -> dict[str, int]:
    """Rows inserted, updated or deleted in this transaction so far, per table; those taken back count, too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
        return dict(cursor.fetchall())


class Answer:
    """What a request was answered, which tables it wrote to, and which refusals it left in the log."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        before, last = written_rows(), Event.objects.latest("seq").seq
        response = ask()
        self.response: HttpResponseBase = response
        self.text = _read(response)
        self.changed = {table for table, count in written_rows().items() if count != before.get(table, 0)} - ALWAYS
        refused = Event.objects.filter(seq__gt=last, code__in=REFUSALS).order_by("seq")
        self.refusals = [
            (event.code, event.actor_id, list(event.about.values_list("object_id", flat=True))) for event in refused
        ]

    @property
    def word(self) -> str:
        """The answer as the matrix writes it."""
        place = urlsplit(self.response.headers.get("Location", "")).path
        return PLACES.get(place, str(self.response.status_code))


def _read(response: Any) -> str:
    """The whole body; a streamed one is read to its end, as a browser would."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return bytes(body).decode(errors="replace")
