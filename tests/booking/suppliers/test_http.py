"""What a call at the border comes to, by what the other side does with the connection."""

import datetime as dt
import gzip
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime

import pytest

from booking.suppliers.errors import Misconfigured, NotSent, OutcomeUnknown, Refused
from booking.suppliers.http import IN_FLIGHT_PER_CONNECTION, SupplierHttp
from booking.suppliers.types import Link
from lib import clock
from tests.booking.suppliers.peer import answer, drips, hangs, peer, resets, says

OK = answer(200, {"held": True})
REASON = {"error": {"code": "SOLD_OUT", "message": "満席です。"}}


@pytest.fixture(autouse=True)
def short_deadlines(settings):
    settings.SUPPLIER_READ_SECONDS = settings.SUPPLIER_WRITE_SECONDS = 1
    settings.SANDBOX_URL = "http://127.0.0.1:1"


def door(url, **headers):
    return SupplierHttp(Link(url), {"X-Key": "k", **headers})


def outcome(script, *, writes):
    """What a call comes to with such a peer: what was answered, or the error."""
    with peer(script) as other:
        http = door(other.url)
        try:
            return http.write("/book", {"a": 1}) if writes else http.read("GET", "/find")
        except (NotSent, OutcomeUnknown, Refused, Misconfigured) as error:
            return error


LOST = {
    "closed before a byte": says(b""),
    "reset while the request is written": resets,
    "silent until the deadline": hangs,
    "nonsense instead of HTTP": says(b"\x16\x03\x01 nonsense\r\n\r\n"),
    "broken off in the headers": says(b"HTTP/1.1 200 OK\r\ncontent-type: app"),
    "broken off in the body": says(answer(200, {"held": True}, content_length="500")),
    "broken off between chunks": says(answer(200, raw=b'5\r\n{"a":', content_length="", transfer_encoding="chunked")),
    "500": says(answer(500, REASON)),
    "502": says(answer(502, raw=b"<html>bad gateway", content_type="text/html")),
    "504": says(answer(504, raw=b"")),
    "a redirect, even with an answer": says(answer(302, {"held": True}, location="/login")),
    "303": says(answer(303, raw=b"", location="/done")),
    "101": says(b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    "204": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "200 without a body": says(answer(200, raw=b"")),
    "200 with a page": says(answer(200, raw=b"<html>maintenance", content_type="text/html")),
    "JSON that calls itself a page": says(answer(200, {"held": True}, content_type="text/html")),
    "JSON without a type": says(answer(200, {"held": True}, content_type="")),
    "a field twice": says(answer(200, raw=b'{"price_yen": 1, "price_yen": 2}')),
    "NaN": says(answer(200, raw=b'{"price_yen": NaN}')),
    "infinity": says(answer(200, raw=b'{"price_yen": 1e999}')),
    "a number of a thousand digits": says(answer(200, raw=b'{"price_yen": ' + b"9" * 1000 + b"}")),
    "nested beyond reason": says(answer(200, raw=b"[" * 200_000)),
    "not UTF-8": says(answer(200, raw='{"name": "青木"}'.encode("cp932"))),
    "half a JSON text": says(answer(200, raw=b'{"held": tr')),
    "compressed": says(answer(200, raw=gzip.compress(b"{}"), content_encoding="gzip")),
    "a bomb": says(answer(200, raw=gzip.compress(b" " * 50_000_000), content_encoding="gzip")),
    "larger than 2 MB": says(answer(200, raw=b'"' + b"x" * 3_000_000 + b'"')),
    "headers without end": says(b"HTTP/1.1 200 OK\r\n" + b"x-more: " + b"x" * 500_000 + b"\r\n\r\n{}"),
    "refused by some machine on the way": says(answer(404, raw=b"<html>not found", content_type="text/html")),
    "refused without a reason": says(answer(409, {"detail": "no"})),
    "408": says(answer(408, raw=b"")),
}


@pytest.mark.parametrize("script", LOST.values(), ids=LOST)
def test_no_whole_answer_as_agreed_leaves_a_write_open_and_a_question_unanswered(script):
    assert isinstance(outcome(script, writes=True), OutcomeUnknown)
    assert isinstance(outcome(script, writes=False), NotSent)


NOTHING_DONE = {
    "429": (says(answer(429, raw=b"", retry_after="7")), NotSent),
    "503": (says(answer(503, REASON)), NotSent),
    "session over": (says(answer(401, {"error": {"code": "SESSION_EXPIRED", "message": "切れました。"}})), NotSent),
    "401": (says(answer(401, REASON)), Misconfigured),
    "403 of a page": (says(answer(403, raw=b"<html>", content_type="text/html")), Misconfigured),
    "a refusal": (says(answer(409, REASON)), Refused),
}


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize(("script", "kind"), NOTHING_DONE.values(), ids=NOTHING_DONE)
def test_turned_away_with_a_reason_nothing_was_done(script, kind, writes):
    assert type(outcome(script, writes=writes)) is kind


def test_a_whole_answer_is_handed_on_whatever_else_was_said_before():
    assert outcome(says(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + OK), writes=True) == {"held": True}
    assert outcome(says(answer(201, [1], content_type="application/json; charset=utf-8")), writes=True) == [1]


def test_a_compressed_answer_is_neither_unpacked_nor_kept():
    with peer(LOST["a bomb"]) as other:
        http = door(other.url)
        with pytest.raises(NotSent):
            http.read("GET", "/find")
        assert b"accept-encoding: identity" in other.asked[0].lower()
        assert http.exchanges[0].answer == "answer is compressed"


def test_what_was_done_already_is_asked_for_and_not_taken_for_a_refusal():
    done = answer(409, {"error": {"code": "ALREADY_TICKETED", "message": "発券済みです。"}})
    assert isinstance(outcome(says(done), writes=True), OutcomeUnknown)


def test_where_nobody_listens_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(NotSent):
        door(f"http://127.0.0.1:{port}").write("/book", {})


@pytest.mark.parametrize("value", ["kanji 鍵", "two\r\nlines"])
def test_a_key_that_cannot_be_written_into_a_header_is_a_wrong_setting(value):
    with peer(says(OK)) as other:
        with pytest.raises(Misconfigured):
            door(other.url, Authorization=value).write("/book", {})
        assert other.asked == []


SLOW = {
    "a byte now and then in the headers": drips(OK),
    "a byte now and then in the body": drips(answer(200, raw=b" " * 100), at_once=100),
    "hints without end": drips(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, every=0.01),
    "nothing": hangs,
}


@pytest.mark.parametrize("script", SLOW.values(), ids=SLOW)
def test_however_slow_an_answer_drips_the_call_is_over_at_its_deadline(script):
    begun = time.monotonic()
    assert isinstance(outcome(script, writes=True), OutcomeUnknown)
    assert time.monotonic() - begun < 2.5


def test_a_peer_that_takes_the_request_slowly_is_left_at_the_deadline():
    def script(self, link):
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while link.recv(1024) and not self.over.wait(0.3):
            pass

    begun = time.monotonic()
    with peer(script) as other, pytest.raises(OutcomeUnknown):
        door(other.url).write("/book", {"text": "x" * 20_000_000})
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize("script", [resets, says(b""), says(answer(500, REASON)), says(answer(200, raw=b""))])
def test_the_place_of_a_call_is_given_back_however_it_ends(script):
    with peer(script) as other:
        http = door(other.url)
        for _ in range(IN_FLIGHT_PER_CONNECTION + 1):
            with pytest.raises(OutcomeUnknown):
                http.write("/book", {})
        assert len(other.asked) == IN_FLIGHT_PER_CONNECTION + 1 or script is resets


def test_a_connection_has_so_many_calls_in_flight_and_another_goes_on(settings):
    settings.SUPPLIER_READ_SECONDS = 6

    def ask(url):
        begun = time.monotonic()
        try:
            door(url).read("GET", "/find")
        except NotSent as error:
            return error.detail, time.monotonic() - begun
        return "answered", time.monotonic() - begun

    with peer(hangs) as slow, peer(says(OK)) as quick, ThreadPoolExecutor(40) as pool:
        hanging = [pool.submit(ask, slow.url) for _ in range(IN_FLIGHT_PER_CONNECTION)]
        while len(slow.asked) < IN_FLIGHT_PER_CONNECTION:
            time.sleep(0.02)
        turned_away, spent = pool.submit(ask, slow.url).result()
        assert (turned_away, spent < 4) == ("16 calls in flight", True)
        assert pool.submit(ask, quick.url).result()[0] == "answered"
        assert all("ReadTimeout" in one.result()[0] for one in hanging)
        assert len(slow.asked) == IN_FLIGHT_PER_CONNECTION


def again(retry_after):
    """When to come again after such a header, in seconds from now."""
    error = outcome(says(answer(429, raw=b"", retry_after=retry_after)), writes=True)
    return error.again_at and round((error.again_at - clock.wall()).total_seconds())


def test_retry_after_is_read_as_seconds_and_as_a_date_and_never_believed_beyond_five_minutes():
    assert again("7") == 7
    assert again(format_datetime(clock.wall() + dt.timedelta(seconds=90), usegmt=True)) in {88, 89, 90}
    assert again("86400") == again("9" * 500) == 300
    assert again(format_datetime(clock.wall() + dt.timedelta(days=2), usegmt=True)) == 300
    assert again("soon") is None
    assert again("-5") is None
