"""A supplier at the level of the socket, for what no decent server does."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

Script = Callable[[socket.socket], None]


class Peer:
    """Answers every connection by its script; `asked` keeps the requests as they came."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script, self.tls = script, tls
        self.asked: list[bytes] = []
        self.names: list[str | None] = []
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._listen, daemon=True)]
        self.threads[0].start()

    def stop(self) -> None:
        self.over.set()
        # A listener that is shut down wakes its thread; one that is closed does not.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.threads[0].join(timeout=10)
        self.listener.close()
        for thread in self.threads:
            thread.join(timeout=10)

    def _listen(self) -> None:
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=[plain], daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError), plain:
            link = self.tls.wrap_socket(plain, server_side=True) if self.tls else plain
            with link:
                self.script(link)

    def read_request(self, link: socket.socket) -> bytes:
        """One whole request."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = link.recv(65536)
            if not piece:
                return data
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        while len(body) < int(lengths[0] if lengths else 0):
            body += link.recv(65536)
        self.asked.append(head + b"\r\n\r\n" + body)
        return self.asked[-1]


@contextmanager
def peer(script: Callable[["Peer", socket.socket], None], tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """A peer whose script gets itself and the connection."""
    running = Peer(lambda link: script(running, link), tls)
    try:
        yield running
    finally:
        running.stop()


def says(raw: bytes) -> Callable[[Peer, socket.socket], None]:
    """Reads a request, sends these bytes and closes."""

    def script(self: Peer, link: socket.socket) -> None:
        self.read_request(link)
        link.sendall(raw)

    return script


def drips(raw: bytes, every: float = 0.2, *, at_once: int = 0) -> Callable[[Peer, socket.socket], None]:
    """Reads a request and sends these bytes one by one, after the first so many."""

    def script(self: Peer, link: socket.socket) -> None:
        self.read_request(link)
        link.sendall(raw[:at_once])
        for byte in raw[at_once:]:
            if self.over.wait(every):
                return
            link.sendall(bytes([byte]))

    return script


def hangs(self: Peer, link: socket.socket) -> None:
    """Reads a request and never says anything."""
    self.read_request(link)
    self.over.wait(60)


def silent(self: Peer, link: socket.socket) -> None:
    """Takes the connection, and nothing else."""
    self.over.wait(60)


def resets(self: Peer, link: socket.socket) -> None:
    """Breaks the connection off before the request has been read."""
    link.recv(1)
    # Lingering for 0 seconds turns the close into a reset.
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.close()


def answer(status: int, body: Any = None, *, raw: bytes | None = None, **headers: str) -> bytes:
    """An answer of HTTP/1.1: `body` as JSON, or `raw` as it is."""
    content = json.dumps(body, ensure_ascii=False).encode() if raw is None else raw
    names = {"content_type": "application/json", "content_length": str(len(content)), "connection": "close", **headers}
    lines = [f"HTTP/1.1 {status} x", *(f"{name.replace('_', '-')}: {value}" for name, value in names.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode() + content
