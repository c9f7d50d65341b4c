"""HTTP: reads a request, finds who answers, lets a fault act on the way, and sends."""

from __future__ import annotations

import json
import math
import socket
import struct
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from sandbox import hotels, jal_online
from sandbox.control import Control
from sandbox.ex.site import ExSite
from sandbox.faults import REFUSALS, ROWS, Fault, retry_after, rows_gone_wrong, without_meaning
from sandbox.hotels import YadoNet
from sandbox.jal_online import JalOnline
from sandbox.messages import Answer, Json, Refusal, Request, Route, json_answer, route
from sandbox.world import World

MAX_BODY = 1_000_000
IDLE_SECONDS = 60
CONTRACT = Path(__file__).with_name("openapi.yaml")


class Sandbox:
    """All suppliers and the control address over one world; turns requests into answers, without sockets."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._ex = ExSite(world)
        jal, yado = JalOnline(world), YadoNet(world)
        control = Control(world, jal, self._ex, yado)
        self._routes = [*jal.routes(), *yado.routes(), *self._ex.routes(), *control.routes(), *self._own_routes()]

    def find(self, request: Request) -> Route:
        """The operation that a request asks for; fills in its `args`. Raises Refusal."""
        others = False
        for one in self._routes:
            match = one.pattern.fullmatch(request.path)
            if match and one.method == request.method:
                request.args = {name: unquote(value) for name, value in match.groupdict().items()}
                return one
            others = others or match is not None
        if others:
            raise Refusal(405, "METHOD_NOT_ALLOWED", "この操作はできません。")
        raise Refusal(404, "NOT_FOUND", "このアドレスはありません。")

    def perform(self, one: Route, request: Request) -> Answer:
        """Carries out an operation, alone among all."""
        try:
            with self.world.state.lock:
                return one.handler(request)
        except Refusal as refusal:
            return self.refused(one, request, refusal)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return self.refused(one, request, Refusal(500, "INTERNAL_ERROR", "システムエラーが起きました。"))

    def reference_of(self, request: Request) -> str | None:
        """The reference of the booking that the path names, if it names one."""
        tables = (("pnr", jal_online.TABLE), ("itinerary_id", hotels.TABLE))
        with self.world.state.lock:
            for name, table in tables:
                booking = self.world.state.table(table).get(request.args.get(name, ""))
                if booking is not None:
                    return str(booking["reference"])
        return None

    def refused(self, one: Route, request: Request, refusal: Refusal) -> Answer:
        """A refusal in the supplier's own way."""
        return self._ex.refusal(request, refusal) if one.supplier == "ex" else refusal.answer()

    def perform_later(self, one: Route, request: Request, seconds: float, entry: Json) -> None:
        """Carries out an operation some seconds from now, unless a reset comes first."""
        generation = self.world.generation

        def commit() -> None:
            with self.world.state.lock:
                if generation == self.world.generation:
                    self.perform(one, request)
                    entry["reference"] = request.about

        timer = threading.Timer(seconds, commit)
        timer.daemon = True
        timer.start()

    def _own_routes(self) -> list[Route]:
        return [
            route("GET", "/healthz", "", "healthz", lambda _: json_answer(200, {"status": "ok"})),
            route(
                "GET", "/openapi.yaml", "", "openapi", lambda _: Answer(200, CONTRACT.read_bytes(), "application/yaml")
            ),
            route("GET", "/openapi.json", "", "openapi", lambda _: json_answer(200, self._contract)),
        ]

    @cached_property
    def _contract(self) -> Json:
        contract: Json = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
        return contract


class Server(ThreadingHTTPServer):
    """A thread per connection; threads end with the process."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        super().__init__(address, Connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are everyday life here."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Connection(BaseHTTPRequestHandler):
    """One connection; several requests may follow each other on it."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: Server

    def log_message(self, *args: object) -> None:
        """Requests are kept in the log of the control address instead."""

    def do_GET(self) -> None:
        """Answers a GET."""
        self._serve()

    def do_POST(self) -> None:
        """Answers a POST."""
        self._serve()

    def do_DELETE(self) -> None:
        """Answers a DELETE."""
        self._serve()

    def _serve(self) -> None:
        sandbox = self.server.sandbox
        try:
            request = self._request()
            one = sandbox.find(request)
        except Refusal as refusal:
            self._send(refusal.answer())
            return
        if not one.supplier:
            self._send(sandbox.perform(one, request))
            return
        request.about = _reference(request) or sandbox.reference_of(request)
        time.sleep(sandbox.world.faults.latency(one))
        fault = sandbox.world.faults.take(one, request)
        entry = sandbox.world.log.add(
            sandbox.world.clock.now().isoformat(), one, request, fault.fault if fault else None
        )
        if fault is None:
            answer = sandbox.perform(one, request)
            self._send(answer)
            entry["status"] = answer.status
        else:
            entry["status"] = self._go_wrong(fault, one, request, entry)
        entry["reference"] = request.about

    def _go_wrong(self, fault: Fault, one: Route, request: Request, entry: Json) -> int | None:
        """Answers as the fault wants; returns the status of a whole answer, if any was sent."""
        sandbox = self.server.sandbox
        if fault.fault in REFUSALS:
            if fault.after and fault.fault in ("error_500", "error_503"):
                sandbox.perform(one, request)
            answer = sandbox.refused(one, request, fault.refusal())
            more = (("Retry-After", str(retry_after(fault))),) if fault.fault == "too_many" else ()
            self._send(answer, *more)
            return answer.status
        if fault.fault in ("lose_before", "hang", "late_commit"):
            if fault.fault == "late_commit":
                sandbox.perform_later(one, request, fault.seconds, entry)
            time.sleep({"hang": fault.seconds, "late_commit": fault.hold}.get(fault.fault, 0))
            self.close_connection = True
            return None
        request.dearer = fault.fault == "dearer"
        answer = sandbox.perform(one, request)
        if fault.fault in ROWS and answer.content_type.startswith("text/csv"):
            answer = replace(answer, body=rows_gone_wrong(fault, answer.body))
        match fault.fault:
            case "dearer" | "rows_late" | "rows_missing" | "rows_doubled" | "rows_shuffled":
                self._send(answer)
                return answer.status
            case "lose_after":
                self.close_connection = True
                return None
            case "garbage":
                self._send(Answer(200, answer.body[: len(answer.body) // 2] + b"\xff\xfe<", answer.content_type))
                return 200
            case "wrong_meaning":
                body = without_meaning(json.loads(answer.body)) if answer.content_type == "application/json" else {}
                self._send(json_answer(answer.status, body))
                return answer.status
            case "drip":
                return answer.status if self._drip(answer, fault.seconds) else None
            case _:
                self._reset_mid_answer(answer)
                return None

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal():
            self.close_connection = True
            raise Refusal(400, "INVALID_REQUEST", "本文の長さ(Content-Length)が必要です。", field="Content-Length")
        if int(length) > MAX_BODY:
            self.close_connection = True
            raise Refusal(413, "INVALID_REQUEST", "本文が大きすぎます。", field="Content-Length")
        return Request(self.command, parts.path, parts.query, headers, self.rfile.read(int(length)))

    def _whole(self, answer: Answer, *more: tuple[str, str]) -> bytes:
        headers = [("Date", self.date_time_string()), *answer.headers, *more]
        if answer.status != HTTPStatus.NO_CONTENT:
            headers += [("Content-Type", answer.content_type), ("Content-Length", str(len(answer.body)))]
        if self.close_connection:
            headers.append(("Connection", "close"))
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body

    def _send(self, answer: Answer, *more: tuple[str, str]) -> None:
        self.wfile.write(self._whole(answer, *more))

    def _drip(self, answer: Answer, seconds: float) -> bool:
        """Sends byte by byte; false when the client went away."""
        self.close_connection = True
        with suppress(OSError):
            for byte in self._whole(answer):
                self.wfile.write(bytes((byte,)))
                time.sleep(seconds)
            return True
        return False

    def _reset_mid_answer(self, answer: Answer) -> None:
        self.close_connection = True
        whole = self._whole(answer)
        self.wfile.write(whole[: len(whole) - math.ceil(len(answer.body) / 2)])
        # Lingering for 0 seconds turns the close into a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()


def _reference(request: Request) -> str | None:
    """The caller's key in a query or a body, read before anybody checks the request."""
    with suppress(ValueError):
        body = json.loads(request.body or b"null")
        if isinstance(body, dict) and isinstance(body.get("reference"), str):
            return str(body["reference"])
    return request.query.get("reference") or (
        request.form().get("trip_no") if request.path.startswith("/ex/") else None
    )
