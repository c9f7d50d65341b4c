"""Connections that end at one moment and lead only where they may.

HTTP clients have no total time-out: one byte per second keeps them waiting for ever. So the deadline is kept at the
socket, from the first packet of the connection on: connecting, TLS, headers and body share it.
"""

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from booking.suppliers.addresses import allowed_addresses

# Of one write: a peer that reads slowly must not be given the whole time for each piece that it takes.
PIECE = 16 * 1024


class Road:
    """The way of one exchange, over at `until` (time.monotonic()). `used` as soon as a byte of it may have left."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.used = False

    def pool(self, certificates: ssl.SSLContext) -> httpcore.ConnectionPool:
        """A pool whose connections keep to it."""
        return httpcore.ConnectionPool(ssl_context=certificates, network_backend=_Backend(self))

    def left(self, timeout: float | None, late: type[Exception]) -> float:
        """Seconds left, at most `timeout`; raises `late` when there are none."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise late("no whole answer in time")
        return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    """A connection whose reads and writes end at one moment, however often a byte arrives before it."""

    def __init__(self, stream: httpcore.NetworkStream, road: Road) -> None:
        self.stream, self.road = stream, road

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, self.road.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.road.used = True
        for start in range(0, len(buffer), PIECE):
            left = self.road.left(timeout, httpcore.WriteTimeout)
            self.stream.write(buffer[start : start + PIECE], left)

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        # Nothing of the request has left before TLS stands: too late here is a failed connection.
        left = self.road.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self.stream.start_tls(ssl_context, server_hostname, left), self.road)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def __init__(self, road: Road) -> None:
        self.road = road

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = allowed_addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        failed: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                left = self.road.left(timeout, httpcore.ConnectTimeout)
                stream = super().connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _Stream(stream, self.road)
        raise failed
