"""Operators see which connection rests or was stopped, and why; a stopped one is used again by hand."""

import datetime as dt

import pytest
from django.urls import reverse

from audit.models import Event
from booking.models import Connection, Part, Search, SearchAnswer
from lib import clock
from tests import factories
from tests.factories import person
from tests.signin import sign_in
from tests.world import wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client):
    factories.contract()
    sign_in(client, person("operator"))
    return client


def page(client):
    return client.get(reverse("booking:connections")).content.decode()


def rests(**fields):
    return factories.connection(
        rests_since=clock.wall() - dt.timedelta(minutes=7), next_try_at=clock.wall() + dt.timedelta(minutes=2),
        rests_because="away", last_failure="HTTP 503", last_failure_at=clock.wall(), **fields,
    )  # fmt: skip


def test_a_connection_without_trouble_is_in_use_and_no_work(desk):
    factories.connection()
    assert "使用中" in page(desk)
    assert reverse("booking:connections") not in desk.get("/").content.decode()


def test_a_resting_connection_is_work_of_the_desk_and_says_why_and_since_when(desk):
    rests()
    assert "JALオンライン が休止中です" in desk.get("/").content.decode()
    text = page(desk)
    since = (clock.now() - dt.timedelta(minutes=7)).astimezone(clock.JST)
    for part in ("休止中", "応答なし", "HTTP 503", f"{since:%H:%M}"):
        assert part in text
    assert "再開する" not in text


def test_calls_in_flight_are_counted_by_connection(desk):
    busy, other = factories.connection(), factories.connection("ex", "handoff")
    asked = wish(factories.person())
    search = Search.objects.create(
        asked_by=asked.traveller, traveller=asked.traveller, purpose="試験", origin=asked.origin,
        destination=asked.destination, out_on=asked.out_on, wish_key="k", created_at=clock.now(),
    )  # fmt: skip
    for connection, minutes in ((busy, 1), (other, -1)):
        SearchAnswer.objects.create(
            search=search, connection=connection, part=Part.OUT, asked_at=clock.now(), next_try_at=clock.wall(),
            claimed_until=clock.wall() + dt.timedelta(minutes=minutes),
        )  # fmt: skip
    rows = desk.get(reverse("booking:connections")).context["rows"]
    assert {row.connection.pk: row.in_flight for row in rows} == {busy.pk: 1, other.pk: 0}


def test_a_stopped_connection_is_used_again_with_a_record(desk):
    stopped = factories.connection(active=False, paused_because="認証に失敗", paused_at=clock.now())
    assert "JALオンライン の接続を止めています" in desk.get("/").content.decode()
    assert "認証に失敗" in page(desk)
    again = reverse("booking:resume_connection", args=[stopped.public_id])
    assert "接続を再開しました" in desk.post(again, follow=True).content.decode()
    stopped.refresh_from_db()
    assert (stopped.active, stopped.paused_because, stopped.paused_at) == (True, "", None)
    assert Event.objects.filter(code="booking.connection.resumed").count() == 1
    assert "ほかの操作で状態が変わりました" in desk.post(again, follow=True).content.decode()
    assert Event.objects.filter(code="booking.connection.resumed").count() == 1


def test_an_auditor_looks_and_has_no_button(client):
    factories.connection(active=False, paused_because="認証に失敗")
    sign_in(client, person("auditor"))
    assert "認証に失敗" in page(client)
    assert "再開する" not in page(client)
    assert Connection.objects.filter(active=False).exists()
