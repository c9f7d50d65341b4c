"""What is sent without a token, or with a method that an address does not offer, changes nothing."""

from __future__ import annotations

import pytest

from audit.models import Event
from tests.permissions.matrix import VIEWERS, Row, rows
from tests.permissions.stage import Stage
from tests.permissions.watching import Answer

pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
# Reports of the browser carry no token, and change nothing.
WITHOUT_TOKEN = {"config:csp_report"}
# A download is recorded when it is read: asking for its headers is refused.
DOWNLOADS = {
    "accounts:table_export",
    "billing:document_pdf",
    "billing:invoice_csv",
    "billing:invoice_json",
    "billing:invoice_pdf",
    "billing:invoice_xlsx",
    "billing:ledger_csv",
    "billing:usage_csv",
    "booking:claims_csv",
}
POSTS = [row for row in rows() if row.method == "POST"]
# One row per address: the variants with a parameter share their views.
PLAIN = {row.address: row for row in reversed(rows()) if "@" not in row.name}
OFFERED = {name: {row.method for row in rows() if row.address == name} for name in PLAIN}


@pytest.mark.parametrize("row", POSTS, ids=lambda row: row.name)
def test_a_form_without_its_token_is_refused_and_changes_nothing(stage: Stage, row: Row):
    for viewer in VIEWERS:
        with stage.browser(viewer, enforce_csrf_checks=True) as client:
            answer = Answer(lambda: client.post(stage.url(row.name), stage.body(row.name)))
        assert answer.word in ({"204"} if row.name in WITHOUT_TOKEN else {"403", "in", "code"}), viewer
        assert not answer.changed, viewer


@pytest.mark.parametrize("name", PLAIN)
def test_a_method_that_an_address_does_not_offer_is_refused_in_japanese(stage: Stage, name: str):
    viewer = next(iter(PLAIN[name].entitled), "own")
    for method in METHODS:
        if method in OFFERED[name]:
            continue
        with stage.browser(viewer) as client:
            answer = Answer(lambda: client.generic(method, stage.url(name)))  # noqa: B023
        assert answer.word == "405", method
        assert not answer.changed, method
        assert "この操作はできません" in answer.text, method
        assert OFFERED[name] <= {word.strip() for word in answer.response.headers["Allow"].split(",")}, method


@pytest.mark.parametrize("name", [name for name in PLAIN if "GET" in OFFERED[name]])
def test_asking_for_the_headers_alone_changes_nothing_and_records_no_download(stage: Stage, name: str):
    get = next(row for row in rows() if (row.name, row.method) == (name, "GET"))
    for viewer in ("anonymous", *get.entitled[:1]):
        with stage.browser(viewer) as client:
            answer = Answer(lambda: client.head(stage.url(name)))
            assert not Event.objects.filter(code__endswith=".downloaded").exists(), viewer
        assert answer.word == ("405" if name in DOWNLOADS and viewer != "anonymous" else get.answers[viewer]), viewer
        assert not answer.changed, viewer
        assert answer.text == "" or answer.word == "405", viewer
