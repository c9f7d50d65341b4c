"""The one door to the network: own deadline, allowed addresses, size limit, redaction, errors by what to do next.

HTTP clients have no total time-out: one byte per second keeps them waiting for ever. So the deadline is kept here, at the
socket, from the first byte of the headers on. No database connection is held during a call, and none is made in a transaction.
"""

import functools
import ipaddress
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpcore
import httpx
from django.conf import settings
from django.db import connection

from booking.suppliers.errors import Closed, Misconfigured, NotSent, OutcomeUnknown, Refused, SupplierError
from booking.suppliers.types import Exchange
from lib import clock
from lib.verbs import WrongPlace

MAX_BYTES = 2 * 1024 * 1024
KEPT_CHARACTERS = 4000
IN_FLIGHT_PER_SUPPLIER = 16
ALREADY = frozenset({"ALREADY_TICKETED", "ALREADY_CANCELLED"})
SECRET = re.compile(r'("(?:member_no|name|name_kana|offer_id|rate_token|token|password)"\s*:\s*)"[^"]*"')
T = TypeVar("T")
_gates: dict[str, threading.BoundedSemaphore] = {}
_gates_lock = threading.Lock()


def redact(text: str) -> str:
    """The text without names, member numbers and tokens, cut to a readable length."""
    return SECRET.sub(r'\1"…"', text)[:KEPT_CHARACTERS]


def check_address(url: str) -> None:
    """Refuse what is not on the list: outside hosts by name over https, and the sandbox outside production.

    Raises Misconfigured. Names of allowed hosts that resolve to private addresses are refused, too.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    literal = ipaddress_or_none(host)
    in_the_sandbox = bool(settings.SANDBOX_URL) and not settings.PRODUCTION and parts.scheme == "http"
    if in_the_sandbox and literal is not None and literal.is_loopback:
        return
    if parts.scheme != "https" or host not in settings.SUPPLIER_HOSTS:
        raise Misconfigured("手配先のアドレスが許可されていません。", detail=host)
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise NotSent("手配先に接続できません。", detail=str(error)) from error
    if any(not ipaddress.ip_address(address).is_global for address in found):
        raise Misconfigured("手配先のアドレスが許可されていません。", detail=host)


def ipaddress_or_none(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address when `host` is a literal one."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


class _Deadline(httpcore.NetworkStream):
    """A connection whose reads and writes end at one moment, however often a byte arrives before it."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self.stream, self.until = stream, until

    def _left(self, timeout: float | None) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("no whole answer in time")
        return left if timeout is None else min(left, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Deadline(self.stream.start_tls(ssl_context, server_hostname, self._left(timeout)), self.until)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


class _DeadlineBackend(httpcore.SyncBackend):
    def __init__(self, until: float) -> None:
        self.until = until

    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _Deadline(super().connect_tcp(*args, **kwargs), self.until)


class _DeadlineTransport(httpx.HTTPTransport):
    """httpx over connections with a deadline: its own time-outs start anew with each byte, headers included."""

    def __init__(self, seconds: float) -> None:
        super().__init__(verify=_certificates())
        backend = _DeadlineBackend(time.monotonic() + seconds)
        self._pool = httpcore.ConnectionPool(ssl_context=_certificates(), network_backend=backend)


@functools.cache
def _certificates() -> ssl.SSLContext:
    """The trusted authorities, read once per process."""
    return httpx.create_ssl_context()


class SupplierHttp:
    """A supplier's JSON over HTTP. `exchanges` collects what was said, redacted."""

    def __init__(self, base_url: str, headers: Mapping[str, str]) -> None:
        self.base_url = base_url.rstrip("/")
        self.headers = {**headers, "Accept": "application/json"}
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
        if not connection.in_atomic_block:
            connection.close()
        check_address(self.base_url)
        gate = _gate(self.base_url)
        if not gate.acquire(timeout=2):
            raise NotSent("手配先が混み合っています。", detail="16 calls in flight")
        try:
            status, content = self._exchange(method, path, body, writes=writes)
        finally:
            gate.release()
        return self._judge(status, content, writes=writes)

    def _exchange(self, method: str, path: str, body: Any, *, writes: bool) -> tuple[int, bytes]:
        seconds = settings.SUPPLIER_WRITE_SECONDS if writes else settings.SUPPLIER_READ_SECONDS
        begun, sent = time.monotonic(), json.dumps(body, ensure_ascii=False) if body is not None else ""
        content, status, lost = b"", 0, ""
        try:
            with (
                httpx.Client(
                    transport=_DeadlineTransport(seconds),
                    timeout=httpx.Timeout(seconds, connect=min(5.0, seconds)),
                    follow_redirects=False,
                ) as client,
                client.stream(
                    method,
                    self.base_url + path,
                    content=sent.encode() or None,
                    headers={**self.headers, "Content-Type": "application/json"},
                ) as answer,
            ):
                status = answer.status_code
                for chunk in answer.iter_bytes():
                    content += chunk
                    if len(content) > MAX_BYTES:
                        lost = "answer larger than 2 MB"
                        break
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise Misconfigured("手配先への接続の設定に誤りがあります。", detail=type(error).__name__) from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            self._keep(method, path, sent, 0, f"{type(error).__name__}", begun)
            raise NotSent("手配先に接続できません。", detail=str(error)) from error
        except httpx.HTTPError as error:
            lost = f"{type(error).__name__}: {error}"
        self._keep(method, path, sent, status, lost or content.decode(errors="replace"), begun)
        if lost:
            raise _lost(lost, writes=writes)
        return status, content

    def _keep(self, method: str, path: str, sent: str, status: int, answer: str, begun: float) -> None:
        spent = round((time.monotonic() - begun) * 1000)
        self.exchanges.append(
            Exchange(clock.wall().isoformat(), method, path, redact(sent), status, redact(answer), spent)
        )

    def _judge(self, status: int, content: bytes, *, writes: bool) -> Any:
        if status == 503 and _code(content) == "CLOSED":
            raise Closed("手配先は、ただいま受け付けていません。", detail=f"HTTP {status}")
        if status in {429, 503}:
            raise NotSent("手配先が混み合っています。", detail=f"HTTP {status}")
        if status >= 500:
            raise _lost(f"HTTP {status}", writes=writes)
        try:
            body = json.loads(content)
        except ValueError as error:
            raise _lost("answer is not JSON", writes=writes) from error
        if status >= 400:
            raise _refusal(status, body, redact(content.decode(errors="replace")))
        return body


def _code(content: bytes) -> str:
    """The supplier's word for why it turned us away; empty when it gave none."""
    try:
        return str(json.loads(content)["error"]["code"])
    except (KeyError, TypeError, ValueError):
        return ""


def _refusal(status: int, body: Any, detail: str) -> SupplierError:
    error = body.get("error", {}) if isinstance(body, dict) else {}
    code = str(error.get("code", status))
    if code == "SESSION_EXPIRED":
        return NotSent("手配先への接続が切れました。", detail=detail)
    if status in {401, 403}:
        return Misconfigured("手配先への接続の設定に誤りがあります。", detail=detail)
    if code in ALREADY:
        # An earlier try got through after all: only asking tells what stands there.
        return OutcomeUnknown("手配先では手続きが済んでいます。", detail=detail)
    return Refused(str(error.get("message", "手配先が受け付けませんでした。"))[:200], code=code, detail=detail)


def _lost(detail: str, *, writes: bool) -> SupplierError:
    if writes:
        return OutcomeUnknown("手配先の回答が届きませんでした。", detail=detail)
    return NotSent("手配先から回答がありません。", detail=detail)


def _gate(base_url: str) -> threading.BoundedSemaphore:
    with _gates_lock:
        return _gates.setdefault(base_url, threading.BoundedSemaphore(IN_FLIGHT_PER_SUPPLIER))


def reading(read: Callable[[Any], T], body: Any) -> T:
    """`read(body)`; a malformed answer to a question means that nothing is known, as if nobody had answered."""
    try:
        return read(body)
    except (KeyError, TypeError, ValueError) as error:
        raise NotSent("手配先の回答を読み取れません。", detail=f"{type(error).__name__}: {error}") from error


def writing(read: Callable[[Any], T], body: Any) -> T:
    """`read(body)`; a malformed answer to a write leaves open whether it happened."""
    try:
        return read(body)
    except (KeyError, TypeError, ValueError) as error:
        raise OutcomeUnknown("手配先の回答を読み取れません。", detail=f"{type(error).__name__}: {error}") from error
