"""A connection that fails rests, one call probes, and what people wish waits for it."""

import datetime as dt
import time

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from booking.models import Connection, ReservationState
from booking.services import breaker
from booking.services.breaker import FAILURES, FIRST_REST, LONGEST_REST, resume_connection
from booking.services.connections import link_of
from booking.suppliers.errors import Misconfigured, NotSent, Refused, Resting
from booking.suppliers.jal_online import JalOnline
from lib import clock
from lib.errors import NotPermitted, Stale
from tests import factories
from tests.booking.suppliers.peer import answer, hangs, peer, says
from tests.factories import acting, person
from tests.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState
NOTHING = answer(200, {"bookings": []})


@pytest.fixture(autouse=True)
def short_deadlines(settings):
    settings.SUPPLIER_READ_SECONDS = settings.SUPPLIER_WRITE_SECONDS = 1
    settings.SANDBOX_URL = "http://127.0.0.1:1"


class Mood:
    """A supplier that answers as it is told to."""

    def __init__(self):
        self.says = answer(500, {})

    def __call__(self, other, link):
        says(self.says)(other, link)


@pytest.fixture
def mood():
    return Mood()


@pytest.fixture
def other(mood):
    with peer(mood) as running:
        yield running


def leading_to(url):
    return factories.connection(base_url=url, quiet_seconds=0)


@pytest.fixture
def line(other):
    """A connection to that supplier."""
    return leading_to(other.url)


def asked(connection):
    """One question over a connection as a worker loads it; the kind of what came of it."""
    fresh = Connection.objects.get(pk=connection.pk)
    link = link_of(fresh)
    adapter = JalOnline(type(link)(link.base_url, "", {"token": "t", "corporate_id": "c"}, link.line))
    try:
        adapter.find("R-1")
    except (NotSent, Refused, Misconfigured) as error:
        return type(error)
    return None


def rest(connection):
    """The connection fails until it rests."""
    for _ in range(FAILURES):
        assert asked(connection) is NotSent
    connection.refresh_from_db()
    assert connection.rests_since is not None


def is_over(connection):
    """As if the rest were over."""
    Connection.objects.filter(pk=connection.pk).update(next_try_at=clock.wall())


def codes():
    rows = Event.objects.filter(code__startswith="booking.connection.").order_by("seq")
    return [code.removeprefix("booking.connection.") for code in rows.values_list("code", flat=True)]


def length(connection):
    connection.refresh_from_db()
    return round((connection.next_try_at - clock.wall()).total_seconds())


def test_while_all_is_well_the_row_that_was_loaded_is_enough(line, mood):
    mood.says = NOTHING
    link = link_of(line)
    adapter = JalOnline(type(link)(link.base_url, "", {"token": "t"}, link.line))
    with CaptureQueriesContext(database) as captured:
        assert adapter.find("R-1") == []
        assert adapter.find("R-1") == []
    assert captured.captured_queries == []


def test_after_so_many_failures_in_a_row_nothing_more_is_sent(line, other):
    rest(line)
    before = len(other.asked)
    assert asked(line) is Resting
    assert len(other.asked) == before
    assert codes() == ["rested"]
    assert abs(length(line) - FIRST_REST.total_seconds()) <= 1
    assert (line.last_failure, line.rests_because) == ("HTTP 500", "away")


def test_where_nobody_listens_it_rests_as_well(line, other):
    Connection.objects.filter(pk=line.pk).update(base_url="http://127.0.0.1:9")
    rest(line)
    assert other.asked == []


def test_another_connection_to_the_same_address_goes_on(line, other, mood):
    rest(line)
    mood.says = NOTHING
    assert asked(leading_to(other.url)) is None


def test_an_answer_between_failures_begins_the_count_anew(line, mood):
    for _ in range(FAILURES - 1):
        asked(line)
    mood.says = NOTHING
    assert asked(line) is None
    mood.says = answer(502, {})
    for _ in range(FAILURES - 1):
        assert asked(line) is NotSent
    line.refresh_from_db()
    assert line.rests_since is None
    assert codes() == []


@pytest.mark.parametrize(
    "said",
    [
        answer(409, {"error": {"code": "SOLD_OUT", "message": "満席です。"}}),
        answer(429, {}),
        answer(401, {}),
        answer(200, raw=b"<html>", content_type="text/html"),
    ],
)
def test_a_supplier_that_answers_whatever_it_says_is_not_away(said, line, mood):
    mood.says = said
    for _ in range(FAILURES + 1):
        asked(line)
    line.refresh_from_db()
    assert (line.rests_since, codes()) == (None, [])


def test_after_the_rest_exactly_one_call_probes_and_its_success_ends_the_rest(line, other, mood):
    rest(line)
    is_over(line)
    before = len(other.asked)

    def slow(self, link):
        time.sleep(0.5)
        says(NOTHING)(self, link)

    other.script = lambda link: slow(other, link)
    found = at_once(*[lambda: asked(line)] * 8)
    assert sorted(map(str, found)) == sorted(map(str, [None, *[Resting] * 7]))
    assert len(other.asked) == before + 1
    line.refresh_from_db()
    assert (line.rests_since, line.next_try_at, line.failures, line.attempts) == (None, None, 0, 0)
    assert codes() == ["rested", "answered"]
    other.script = lambda link: says(NOTHING)(other, link)
    assert asked(line) is None


def test_each_probe_that_fails_lengthens_the_rest_up_to_a_bound(line, other):
    rest(line)
    lengths = []
    for _ in range(7):
        is_over(line)
        assert asked(line) is NotSent
        lengths.append(length(line))
        assert asked(line) is Resting
    expected = [10, 20, 40, 80, 160, 300, 300]
    assert [abs(one - wanted) <= 1 for one, wanted in zip(lengths, expected, strict=True)] == [True] * 7
    assert LONGEST_REST.total_seconds() == 300
    assert len(other.asked) == FAILURES + 7
    assert codes() == ["rested"]


def test_a_probe_whose_worker_died_is_taken_by_another_once_its_lease_is_over(line, mood):
    rest(line)
    is_over(line)
    link_of(Connection.objects.get(pk=line.pk)).line.enter()
    mood.says = NOTHING
    assert asked(line) is Resting
    Connection.objects.filter(pk=line.pk).update(claimed_until=clock.wall() - dt.timedelta(seconds=1))
    assert asked(line) is None
    assert codes() == ["rested", "answered"]


def test_a_probe_that_is_turned_away_gives_its_place_back(line, mood):
    rest(line)
    for said in (answer(429, {}), answer(503, {}, retry_after="60")):
        is_over(line)
        mood.says = said
        assert asked(line) is NotSent
        line.refresh_from_db()
        assert line.claim_token is None
        assert line.next_try_at > clock.wall()


@pytest.mark.parametrize(("status", "why"), [(429, "busy"), (503, "away")])
def test_who_says_when_to_come_again_is_left_alone_until_then(status, why, line, other, mood):
    mood.says = answer(status, {}, retry_after="40")
    assert asked(line) is NotSent
    assert asked(line) is Resting
    assert len(other.asked) == 1
    assert 38 <= length(line) <= 40
    assert line.rests_because == why
    is_over(line)
    mood.says = NOTHING
    assert asked(line) is None
    assert codes() == ["rested", "answered"]


def test_what_was_loaded_some_time_ago_is_read_again_before_the_next_request(line, other, monkeypatch):
    early = link_of(Connection.objects.get(pk=line.pk)).line
    rest(line)
    monkeypatch.setattr(breaker, "FRESH_SECONDS", 0)
    with pytest.raises(Resting):
        early.enter()


def test_a_call_that_was_already_under_way_neither_ends_nor_lengthens_a_rest(line):
    early = breaker.Watched(Connection.objects.get(pk=line.pk))
    late = link_of(Connection.objects.get(pk=line.pk)).line
    rest(line)
    ends = line.next_try_at
    early.connection.failures = 3
    early.answered()
    late.failed("ReadTimeout", away=True)
    line.refresh_from_db()
    assert (line.next_try_at, line.failures) == (ends, 0)
    assert line.rests_since is not None


def test_a_stopped_connection_is_not_called(line, other):
    Connection.objects.filter(pk=line.pk).update(active=False, paused_because="設定")
    assert asked(line) is Misconfigured
    assert other.asked == []


def test_an_operator_uses_a_stopped_connection_again_and_nobody_else_does(line, mood):
    desk = acting(person("operator"))
    with pytest.raises(Stale):
        resume_connection(desk, line)
    Connection.objects.filter(pk=line.pk).update(active=False, paused_because="設定")
    with pytest.raises(NotPermitted):
        resume_connection(acting(person("auditor")), line)
    resume_connection(desk, line)
    mood.says = NOTHING
    assert asked(line) is None
    assert codes() == ["resumed"]


def test_a_connection_that_hangs_is_left_alone_after_so_many_waits():
    with peer(hangs) as other:
        line = leading_to(other.url)
        assert set(at_once(*[lambda: asked(line)] * FAILURES)) == {NotSent}
        begun = time.monotonic()
        assert asked(line) is Resting
        assert time.monotonic() - begun < 0.5
