"""Headers of every kind of answer: no cache keeps a person's page, no script or style but ours, no frame around us."""

import json
import logging

import pytest
from django.urls import reverse

from accounts.models import PublicText, Role
from audit.models import Event
from lib.dated import between
from tests import factories
from tests.signin import sign_in

pytestmark = pytest.mark.django_db


def answers(client):
    """One answer of each kind: page, redirect, refusal, not found, wrong method, error in a form, JSON, text."""
    PublicText.objects.create(slug="terms", title="約款", body="文面", valid=between(factories.START))
    yield "public page", client.get("/signin/")
    yield "public text", client.get("/about/terms/")
    yield "redirect", client.get("/")
    yield "form with errors", client.post("/signin/", {"login": "", "password": ""})
    yield "text", client.get("/healthz")
    yield "json", client.get("/readyz")
    yield "report", client.post("/csp-report/", "{}", content_type="application/csp-report")
    sign_in(client, factories.person(Role.EMPLOYEE))
    yield "home", client.get("/")
    yield "not found", client.get("/nowhere/")
    yield "refused", client.get(reverse("audit:events"))
    yield "wrong method", client.post("/help/")
    yield "bad host", client.get("/", headers={"Host": "evil.example"})


def test_every_answer_carries_the_headers(client):
    for what, answer in answers(client):
        headers = answer.headers
        assert "no-store" in headers["Cache-Control"], what
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, what
        assert "script-src 'self'" in policy, what
        assert "frame-ancestors 'none'" in policy, what
        assert "unsafe" not in policy, what
        assert headers["X-Content-Type-Options"] == "nosniff", what
        assert headers["Referrer-Policy"] == "same-origin", what
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", what
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", what
        assert "camera=()" in headers["Permissions-Policy"], what
        assert len(headers["X-Request-ID"]) == 32, what


def test_a_request_id_that_a_client_claims_is_not_taken_over(client):
    claimed = "a" * 32
    assert client.get("/healthz", headers={"X-Request-ID": claimed}).headers["X-Request-ID"] != claimed


@pytest.mark.parametrize(("given", "is_kept"), [("a" * 32, True), ("x\ny", False), ("A" * 32, False), ("", False)])
def test_a_request_id_of_our_own_proxy_is_taken_over_when_it_is_one(client, settings, given, is_kept):
    settings.TRUSTED_PROXIES = 1
    said = client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert (said == given) is is_kept
    assert len(said) == 32


def test_the_request_id_of_an_answer_is_that_of_its_event(client):
    sign_in(client, factories.person(Role.EMPLOYEE))
    answer = client.get(reverse("audit:events"))
    assert Event.objects.get(code="audit.page.refused").request_id == answer.headers["X-Request-ID"]
    assert answer.headers["X-Request-ID"] in answer.content.decode()


def test_every_page_forbids_frames(client):
    for what, answer in answers(client):
        assert answer.headers.get("X-Frame-Options") == "DENY", what


def test_pages_hold_no_script_or_style_of_their_own(client):
    for what, answer in answers(client):
        if not answer.headers.get("Content-Type", "").startswith("text/html") or answer.status_code >= 400:
            continue
        page = answer.content.decode()
        assert " style=" not in page, what
        assert " onclick=" not in page, what
        assert "<style" not in page, what
        assert page.count("<script") == page.count("<script src="), what


def test_the_style_of_error_pages_is_let_in_by_its_hash(client):
    from lib.errorpages import STYLE_HASH

    sign_in(client, factories.person())
    assert STYLE_HASH in client.get("/nowhere/").headers["Content-Security-Policy"]


def test_cookies_are_not_for_scripts_and_not_for_other_sites(client):
    sign_in(client, factories.person())
    client.get("/")
    cookie = client.cookies["sid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert set(client.cookies) == {"sid"}


def test_a_report_of_the_browser_becomes_one_short_log_line(client, caplog):
    with caplog.at_level(logging.WARNING, logger="config.views"):
        report = {"csp-report": {"blocked-uri": "inline"}}
        answer = client.post("/csp-report/", json.dumps(report), content_type="application/csp-report")
    assert answer.status_code == 204
    assert [record.getMessage() for record in caplog.records if record.name == "config.views"] == [
        "content security policy"
    ]


@pytest.mark.parametrize("body", ["", "nonsense", "[1]", "7", json.dumps({"x": "y" * 9000}), "\xff"])
def test_a_report_that_is_none_or_too_large_is_dropped(client, caplog, body):
    with caplog.at_level(logging.WARNING, logger="config.views"):
        answer = client.post("/csp-report/", body.encode("latin-1"), content_type="application/csp-report")
    assert answer.status_code == 204
    assert not [record for record in caplog.records if record.name == "config.views"]


def test_a_giant_report_is_refused_before_it_is_read(client):
    answer = client.post("/csp-report/", b"x" * (1024 * 1024 + 1), content_type="application/csp-report")
    assert answer.status_code in {400, 413}


def test_the_home_page_of_an_employee_has_one_clear_next_step(client):
    sign_in(client, factories.person(name="青木 千尋"))
    page = client.get("/").content.decode()
    assert "こんにちは、青木 千尋さん" in page
    assert "これからの出張はありません。" in page
    assert page.count("button--primary") == 1
    assert "出張を予約する" in page


def test_the_home_page_shows_ones_own_trips_only(client):
    person = factories.person()
    mine = factories.trip(person, destination_name="福岡")
    factories.trip(destination_name="広島")
    sign_in(client, person)
    page = client.get("/").content.decode()
    assert f"福岡 — {mine.purpose}" in page
    assert "次の出張まで 14日" in page
    assert "広島" not in page


@pytest.mark.parametrize("role", [Role.ADMIN, Role.APPROVER, Role.OPERATOR, Role.AUDITOR])
def test_every_role_has_a_home_page(client, role):
    sign_in(client, factories.person(role))
    answer = client.get("/")
    assert answer.status_code == 200
    assert "出張を予約する" not in answer.content.decode()


def test_work_of_one_kind_is_shown_alone_and_late_work_is_marked(client):
    import datetime as dt

    from booking.models import ReservationState, Way
    from lib import clock

    trip = factories.trip(destination_name="福岡")
    factories.segment(
        factories.reservation(
            trip,
            factories.connection("ex", Way.HANDOFF),
            state=ReservationState.HANDED_OFF,
            number="",
            title="のぞみ52号",
            price=None,
            booked_at=None,
            ticketed_at=None,
        )
    )
    late = clock.now() - dt.timedelta(hours=1)
    factories.reservation(
        trip,
        state=ReservationState.BOOKED,
        problem="発券できませんでした。",
        hold_until=late,
        ticketed_at=None,
        title="JAL 313",
    )
    sign_in(client, factories.person(Role.OPERATOR))
    page = client.get("/").content.decode()
    assert "対応待ち 2件" in page
    assert "期限超過" in page
    assert page.index("JAL 313") < page.index("のぞみ52号")
    page = client.get("/", {"kind": "number"}).content.decode()
    assert "対応待ち 1件" in page
    assert "JAL 313" not in page
    assert "対応待ち 2件" in client.get("/", {"kind": "nonsense"}).content.decode()


def test_help_is_open_before_signing_in(client):
    page = client.get("/help/").content.decode()
    assert "予約のしかた" in page
    assert "確認コード" in page
