"""Many stories side by side in a few threads."""

import threading
import time
from collections.abc import Generator

from django.db import connections

Story = Generator[float, None, None]


class Turns:
    """Lets many stories go on side by side in a few threads, each when its pause is over."""

    def __init__(self, threads: int, *, in_hand: int) -> None:
        self.waiting: list[tuple[float, int, Story]] = []
        self.problems: list[str] = []
        self.in_hand = in_hand
        self.open = 0
        self._serial = 0
        self._lock = threading.Lock()
        self._ended = False
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def begin(self, one: Story) -> None:
        """Take a story on as soon as fewer than `in_hand` are open."""
        while self.open >= self.in_hand:
            time.sleep(0.05)
        with self._lock:
            self.open += 1
        self._push(0.0, one)

    def finish(self, seconds: float) -> bool:
        """Wait until every story has ended; whether they all did."""
        until = time.monotonic() + seconds
        while self.open and time.monotonic() < until:
            time.sleep(0.1)
        self._ended = True
        return not self.open

    def _push(self, pause: float, one: Story) -> None:
        with self._lock:
            self._serial += 1
            self.waiting.append((time.monotonic() + pause, self._serial, one))
            self.waiting.sort()

    def _pop(self) -> Story | None:
        with self._lock:
            if self.waiting and self.waiting[0][0] <= time.monotonic():
                return self.waiting.pop(0)[2]
        return None

    def _work(self) -> None:
        while not self._ended:
            one = self._pop()
            if one is None:
                time.sleep(0.02)
                continue
            try:
                pause = next(one)
            except StopIteration:
                pause = None
            except Exception as error:  # noqa: BLE001  the campaign goes on, and tells
                self.problems.append(f"{type(error).__name__}: {error}"[:400])
                pause = None
            connections.close_all()
            if pause is None:
                with self._lock:
                    self.open -= 1
            else:
                self._push(pause, one)
