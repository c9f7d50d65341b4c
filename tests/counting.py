"""How often a page asks the database."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def queries_of_page(client: Client, url: str, query: dict[str, str] | None = None) -> list[str]:
    """What the page asks the database, read for the second time.

    The first reading takes what belongs to no page: the session writes down every 20 seconds that its person is there.
    """
    client.get(url, query)
    with CaptureQueriesContext(connection) as captured:
        answer: Any = client.get(url, query)
    assert answer.status_code == 200
    return [entry["sql"] for entry in captured.captured_queries]
