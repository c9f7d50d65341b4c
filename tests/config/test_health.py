"""Health for machines, error pages for people; neither needs what may be down."""

import base64
import datetime as dt
import hashlib
import re

import pytest
from django.db import connections
from django.test import Client

from config.models import Tick
from config.tasks import tick
from lib import clock
from lib.errorpages import NAMES, STYLE_HASH, error_html
from tests import factories
from tests.signin import sign_in


def test_healthz_needs_no_database(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_readyz_is_ready_while_beat_lives(client):
    tick()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    said = answer.json()
    assert said["ready"] is True
    assert (said["database"], said["redis"], said["beat"], said["sweepers"]) == ("ok", "ok", "ok", "ok")
    assert said["backlog"] == 0


@pytest.mark.django_db
def test_readyz_is_not_ready_when_beat_never_ticked_or_ticked_long_ago(client):
    assert client.get("/readyz").status_code == 503
    Tick.objects.create(name="beat", at=clock.wall() - dt.timedelta(minutes=2))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["beat"] == "late"


@pytest.mark.django_db
def test_readyz_lives_by_wall_time(client):
    tick()
    clock.shift_by(86400)
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_readyz_is_not_ready_without_redis(client, settings):
    tick()
    settings.WAKE_URL = "redis://127.0.0.1:9/1"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["redis"] == "down"


@pytest.fixture
def database_is_down(django_db_blocker):
    """The database of this test is at an address where nobody listens."""
    connection = connections["default"]
    with django_db_blocker.unblock():
        connection.close()
        port = connection.settings_dict["PORT"]
        connection.settings_dict["PORT"] = "9"
        yield
        connection.close()
        connection.settings_dict["PORT"] = port


def test_readyz_says_that_the_database_is_down(client, database_is_down):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "down"


def test_without_a_database_people_see_a_page_in_japanese(database_is_down):
    client = Client(raise_request_exception=False)
    answer = client.get("/signin/")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert '<html lang="ja">' in page
    assert "Traceback" not in page
    assert answer.headers["X-Request-ID"] in page


@pytest.mark.parametrize("name", NAMES)
def test_every_error_page_stands_alone_and_its_style_is_the_allowed_one(name):
    page = error_html(int(name[:3]), "7F3A-91C2", name=name)
    assert "7F3A-91C2" in page
    assert "<script" not in page
    assert 'href="/static' not in page
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = hashlib.sha256(style.encode()).digest()
    assert f"'sha256-{base64.b64encode(digest).decode()}'" == STYLE_HASH


@pytest.mark.django_db
def test_an_address_that_does_not_exist_is_a_page_in_japanese(client):
    sign_in(client, factories.person())
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "このページは見つかりません" in answer.content.decode()


@pytest.mark.django_db
def test_a_method_that_an_address_does_not_take_is_a_page_in_japanese(client):
    sign_in(client, factories.person())
    answer = client.post("/help/")
    assert answer.status_code == 405
    assert '<html lang="ja">' in answer.content.decode()
    assert "GET" in answer.headers["Allow"]


def test_a_host_that_is_not_ours_is_refused(client):
    for host in ("evil.example", "localhost.evil.example", "localhost@evil.example"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 400
