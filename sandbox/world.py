"""What every supplier shares: the clock, the records, the inventory, the faults, and the log of requests."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, field

from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.inventory import Inventory
from sandbox.messages import Json, Request, Route
from sandbox.state import State


class RequestLog:
    """Requests since the last reset: counts by operation, and the last 200."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._last: deque[Json] = deque(maxlen=200)

    def add(self, at: str, route: Route, request: Request, fault: str | None) -> Json:
        """Counts a request; returns its entry, whose `status` and `reference` are set once it is answered."""
        entry: Json = {
            "at": at,
            "supplier": route.supplier,
            "operation": route.operation,
            "method": request.method,
            "path": request.path,
            "reference": request.about,
            "fault": fault,
            "status": None,
        }
        with self._lock:
            self._counts[route.key] += 1
            self._last.append(entry)
        return entry

    def shown(self) -> Json:
        """As the contract shows it."""
        with self._lock:
            return {"counts": dict(self._counts), "requests": [dict(entry) for entry in self._last]}

    def clear(self) -> None:
        """Begins anew."""
        with self._lock:
            self._counts.clear()
            self._last.clear()


@dataclass
class World:
    """The sandbox as its suppliers see it. `generation` counts resets: late commits of an older one are dropped."""

    clock: Clock
    state: State
    inventory: Inventory
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)
    generation: int = 0
