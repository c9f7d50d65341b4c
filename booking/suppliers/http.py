"""The one door to the network: own deadline, allowed addresses, size limit, redaction, errors by what to do next.

What is said here is JSON over HTTP/1.1, uncompressed, and anything else is no answer. No database connection is held during
a call, and none is made in a transaction.
"""

import datetime as dt
import functools
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
from django.conf import settings
from django.db import connection

from booking.suppliers.addresses import check_url
from booking.suppliers.answers import strict_json
from booking.suppliers.errors import Closed, Misconfigured, NotSent, OutcomeUnknown, Refused, SupplierError
from booking.suppliers.sockets import Road
from booking.suppliers.types import Exchange, Link
from booking.suppliers.wire import Redactor
from lib import clock
from lib.verbs import WrongPlace

MAX_BYTES = 2 * 1024 * 1024
IN_FLIGHT_PER_CONNECTION = 16
SLOT_SECONDS = 2
CONNECT_SECONDS = 5.0
LONGEST_RETRY_AFTER = dt.timedelta(minutes=5)
ALREADY = frozenset({"ALREADY_TICKETED", "ALREADY_CANCELLED"})
JSON_TYPE = re.compile(r"application/(?:[\w.+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
ERROR_CODE = re.compile(r"[A-Z0-9_]{1,40}")
BUSY = "手配先が混み合っています。"
CLOSED = "手配先は、ただいま受け付けていません。"
# An address or a header that cannot even be written.
UNWRITABLE = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError)
WRONG_SETTING = "手配先への接続の設定に誤りがあります。"
T = TypeVar("T")
_slots: dict[str, threading.BoundedSemaphore] = {}
_slots_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Answer:
    """A whole answer; `unreadable` says why its body was not taken."""

    status: int
    content: bytes
    content_type: str
    retry_after: str
    unreadable: str


class SupplierHttp:
    """A supplier's JSON over HTTP. `exchanges` collects what was said, redacted."""

    def __init__(self, link: Link, headers: Mapping[str, str]) -> None:
        self.base_url = link.base_url.rstrip("/")
        self.line = link.line
        self.redactor = Redactor(headers.values())
        self.headers = {
            **headers,
            "Accept": "application/json",
            # A compressed answer of 2 MB could unpack to gigabytes.
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
        }
        self.exchanges: list[Exchange] = []

    def read(self, method: str, path: str, body: Any = None) -> Any:
        """Ask without changing anything: every failure is NotSent (or Refused, Misconfigured)."""
        return self._call(method, path, body, writes=False)

    def write(self, path: str, body: Any) -> Any:
        """Change something there: a lost or unreadable answer is OutcomeUnknown."""
        return self._call("POST", path, body, writes=True)

    def _call(self, method: str, path: str, body: Any, *, writes: bool) -> Any:
        if connection.in_atomic_block and not getattr(settings, "ALLOW_CALLS_IN_TESTCASE", False):
            raise WrongPlace("a supplier is never called in a transaction")
        check_url(self.base_url)
        _give_database_back()
        with _slot(self.line.key or self.base_url):
            self.line.enter()
            _give_database_back()
            try:
                answer = self._exchange(method, path, body, writes=writes)
            except (NotSent, OutcomeUnknown) as error:
                again_at = self.line.failed(error.detail, away=True)
                if isinstance(error, NotSent):
                    error.again_at = again_at
                raise
            except Misconfigured as error:
                self.line.failed(error.detail, away=False)
                raise
        return self._judge(answer, writes=writes)

    def _exchange(self, method: str, path: str, body: Any, *, writes: bool) -> _Answer:
        seconds = settings.SUPPLIER_WRITE_SECONDS if writes else settings.SUPPLIER_READ_SECONDS
        begun, sent = time.monotonic(), json.dumps(body, ensure_ascii=False) if body is not None else ""
        self.redactor.learn(body)
        road, status = Road(begun + seconds), 0
        try:
            with (
                httpx.Client(transport=_Transport(road), follow_redirects=False, trust_env=False) as client,
                client.stream(
                    method,
                    self.base_url + path,
                    content=sent.encode() or None,
                    headers=self.headers,
                    timeout=httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
                ) as response,
            ):
                status = response.status_code
                answer = _Answer(status, *_body(response))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            what = f"{type(error).__name__}: {error}"
            self._keep(method, path, sent, status, what, begun)
            if road.used:
                raise _lost(what, writes=writes) from error
            if isinstance(error, UNWRITABLE):
                raise Misconfigured(WRONG_SETTING, detail=type(error).__name__) from error
            raise NotSent("手配先に接続できません。", detail=what) from error
        self._keep(method, path, sent, status, answer.unreadable or answer.content.decode(errors="replace"), begun)
        return answer

    def _keep(self, method: str, path: str, sent: str, status: int, said: str, begun: float) -> None:
        spent = round((time.monotonic() - begun) * 1000)
        path, sent, said = self.redactor.path(path), self.redactor.text(sent), self.redactor.text(said)
        self.exchanges.append(Exchange(clock.wall().isoformat(), method, path, sent, status, said, spent))

    def _judge(self, answer: _Answer, *, writes: bool) -> Any:
        status = f"HTTP {answer.status}"
        if answer.status in {429, 503}:
            wanted = _retry_after(answer.retry_after)
            again_at = self.line.failed(status, away=answer.status == 503, until=wanted)
            if answer.status == 503 and _code(answer) == "CLOSED":
                raise Closed(CLOSED, detail=status, again_at=again_at or wanted)
            raise NotSent(BUSY, detail=status, again_at=again_at or wanted)
        if answer.status >= 500:
            again_at = self.line.failed(status, away=True)
            raise _lost(status, writes=writes, again_at=again_at)
        self.line.answered()
        if not (200 <= answer.status < 300 or 400 <= answer.status < 500):
            raise _lost(status, writes=writes)
        if answer.status in {401, 403, 407}:
            raise self._locked_out(answer)
        body = self._json(answer, writes=writes)
        if answer.status >= 400:
            raise self._refusal(answer, body, writes=writes)
        return body

    def _json(self, answer: _Answer, *, writes: bool) -> Any:
        if answer.unreadable:
            raise _lost(answer.unreadable, writes=writes)
        if not JSON_TYPE.fullmatch(answer.content_type):
            raise _lost("answer is not JSON by its type", writes=writes)
        try:
            return strict_json(answer.content)
        except ValueError as error:
            raise _lost(str(error), writes=writes) from error

    def _locked_out(self, answer: _Answer) -> SupplierError:
        if (code := _code(answer)) == "SESSION_EXPIRED":
            return NotSent("手配先への接続が切れました。", detail=code)
        return Misconfigured(WRONG_SETTING, detail=f"HTTP {answer.status}")

    def _refusal(self, answer: _Answer, body: Any, *, writes: bool) -> SupplierError:
        detail = self.redactor.text(answer.content.decode(errors="replace"))
        try:
            code, message = _told(body)
        except ValueError:
            # Some machine on the way said no, in words of its own: it does not know what the supplier did.
            return _lost(f"HTTP {answer.status} without a reason", writes=writes)
        if code in ALREADY:
            # An earlier try got through after all: only asking tells what stands there.
            return OutcomeUnknown("手配先では手続きが済んでいます。", detail=detail)
        return Refused(message, code=code, detail=detail)


class _Transport(httpx.HTTPTransport):
    """httpx over connections with a deadline: its own time-outs start anew with each byte, headers included."""

    def __init__(self, road: Road) -> None:
        super().__init__(verify=_certificates())
        self._pool = road.pool(_certificates())


@functools.cache
def _certificates() -> ssl.SSLContext:
    """The trusted authorities, read once per process."""
    return httpx.create_ssl_context()


def _body(response: httpx.Response) -> tuple[bytes, str, str, str]:
    """Content, its type, when to come again, and why the content was not taken; never more than MAX_BYTES of it."""
    content, unreadable = b"", ""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        unreadable = "answer is compressed"
    else:
        for chunk in response.iter_raw():
            content += chunk
            if len(content) > MAX_BYTES:
                content, unreadable = b"", "answer larger than 2 MB"
                break
    return content, response.headers.get("content-type", ""), response.headers.get("retry-after", ""), unreadable


def _told(body: Any) -> tuple[str, str]:
    """Code and message of a refusal; raises ValueError when it is not written as agreed."""
    error = body.get("error") if isinstance(body, dict) else None
    code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else (None, None)
    if not (isinstance(code, str) and ERROR_CODE.fullmatch(code) and isinstance(message, str)):
        raise ValueError("no refusal")
    line = " ".join(message.split())[:200]
    return code, line if line.isprintable() and line else "手配先が受け付けませんでした。"


def _code(answer: _Answer) -> str:
    """The supplier's word for why it turned us away; empty when it gave none that can be read."""
    try:
        return _told(strict_json(answer.content))[0]
    except ValueError:
        return ""


def _retry_after(text: str) -> dt.datetime | None:
    """When to come again (wall time) by a Retry-After of seconds or of a date; never further than five minutes ahead."""
    wall = clock.wall()
    latest = wall + LONGEST_RETRY_AFTER
    if text.isascii() and text.isdecimal():
        return wall + min(dt.timedelta(seconds=int(text[:9])), LONGEST_RETRY_AFTER)
    try:
        wanted = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return min(wanted if wanted.tzinfo else wanted.replace(tzinfo=dt.UTC), latest)


def _lost(detail: str, *, writes: bool, again_at: dt.datetime | None = None) -> SupplierError:
    if writes:
        return OutcomeUnknown("手配先の回答が届きませんでした。", detail=detail)
    return NotSent("手配先から回答がありません。", detail=detail, again_at=again_at)


def _give_database_back() -> None:
    if not connection.in_atomic_block:
        connection.close()


@contextmanager
def _slot(key: str) -> Iterator[None]:
    """One of the calls that a connection may have in flight in this process; given back whatever happens."""
    with _slots_lock:
        slots = _slots.setdefault(key, threading.BoundedSemaphore(IN_FLIGHT_PER_CONNECTION))
    if not slots.acquire(timeout=SLOT_SECONDS):
        again_at = clock.wall() + dt.timedelta(seconds=SLOT_SECONDS)
        raise NotSent(BUSY, detail=f"{IN_FLIGHT_PER_CONNECTION} calls in flight", again_at=again_at)
    try:
        yield
    finally:
        slots.release()


# What a reader of answers stumbles over when one is not as agreed; BadAnswer is a ValueError.
MALFORMED = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)


def reading(read: Callable[[Any], T], body: Any) -> T:
    """`read(body)`; a malformed answer to a question means that nothing is known, as if nobody had answered."""
    try:
        return read(body)
    except MALFORMED as error:
        raise NotSent("手配先の回答を読み取れません。", detail=f"{type(error).__name__}: {error}") from error


def writing(read: Callable[[Any], T], body: Any) -> T:
    """`read(body)`; a malformed answer to a write leaves open whether it happened."""
    try:
        return read(body)
    except MALFORMED as error:
        raise OutcomeUnknown("手配先の回答を読み取れません。", detail=f"{type(error).__name__}: {error}") from error
