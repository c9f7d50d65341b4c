"""Many stories side by side in a few threads."""

import heapq
import threading
import time
from collections.abc import Generator

from django.db import connections

Story = Generator[float, None, None]


class Turns:
    """Lets many stories go on side by side in a few threads, each when its pause is over."""

    def __init__(self, threads: int, *, in_hand: int) -> None:
        self.problems: list[str] = []
        self.in_hand = in_hand
        self.open = 0
        self._waiting: list[tuple[float, int, Story]] = []
        self._serial = 0
        self._changed = threading.Condition()
        self._ended = False
        for _ in range(threads):
            threading.Thread(target=self._work, daemon=True).start()

    def begin(self, one: Story) -> None:
        """Take a story on as soon as fewer than `in_hand` are open."""
        with self._changed:
            self._changed.wait_for(lambda: self.open < self.in_hand)
            self.open += 1
            self._push(0.0, one)

    def finish(self, seconds: float) -> bool:
        """Wait until every story has ended; whether they all did."""
        with self._changed:
            done = self._changed.wait_for(lambda: not self.open, timeout=seconds)
            self._ended = True
            self._changed.notify_all()
        return done

    def _push(self, pause: float, one: Story) -> None:
        self._serial += 1
        heapq.heappush(self._waiting, (time.monotonic() + pause, self._serial, one))
        self._changed.notify_all()

    def _pop(self) -> Story | None:
        """The next story whose pause is over; None when all have ended."""
        with self._changed:
            while not self._ended:
                pause = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if pause is not None and pause <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(pause)
        return None

    def _work(self) -> None:
        while one := self._pop():
            try:
                pause = next(one)
            except StopIteration:
                pause = None
            except Exception as error:  # noqa: BLE001  the campaign goes on, and tells
                self.problems.append(f"{type(error).__name__}: {error}"[:400])
                pause = None
            connections.close_all()
            with self._changed:
                if pause is None:
                    self.open -= 1
                    self._changed.notify_all()
                else:
                    self._push(pause, one)
