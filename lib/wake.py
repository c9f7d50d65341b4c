"""Wake-ups over Redis: a page that waits on the server is told that there is something new. Lost ones cost half a second."""

import logging
import threading
import time
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connection, transaction

logger = logging.getLogger(__name__)
WAITERS = threading.BoundedSemaphore(30)
POLL_SECONDS = 0.5


def wake(channel: str) -> None:
    """Tell those who wait on `channel`, after commit."""
    transaction.on_commit(lambda: _publish(channel), robust=True)


def _publish(channel: str) -> None:
    try:
        with redis.Redis.from_url(settings.WAKE_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.publish(channel, "1")
    except redis.RedisError:
        logger.warning("wake-up lost", extra={"channel": channel})


def wait_until(ready: Callable[[], bool], *, channel: str, seconds: float) -> bool:
    """Wait until `ready()` says so, at most `seconds`; asked at each wake-up and every half second.

    The database connection is given back while waiting. At most 30 wait per process: more get the present state at once.
    """
    if ready():
        return True
    if not WAITERS.acquire(blocking=False):
        return False
    try:
        return _wait(ready, channel=channel, until=time.monotonic() + seconds)
    finally:
        WAITERS.release()


def _wait(ready: Callable[[], bool], *, channel: str, until: float) -> bool:
    try:
        client = redis.Redis.from_url(settings.WAKE_URL, socket_timeout=2, socket_connect_timeout=1)
        listener = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        listener.subscribe(channel)
    except redis.RedisError:
        listener = None
    try:
        while True:
            left = until - time.monotonic()
            if left <= 0:
                return ready()
            _give_back()
            _pause(listener, min(POLL_SECONDS, left))
            if ready():
                return True
    finally:
        if listener is not None:
            listener.close()
            client.close()


def _pause(listener: "redis.client.PubSub | None", seconds: float) -> None:
    try:
        if listener is not None:
            listener.get_message(timeout=seconds)
            return
    except redis.RedisError:
        pass
    time.sleep(seconds)


def _give_back() -> None:
    if not connection.in_atomic_block:
        connection.close()
