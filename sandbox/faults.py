"""Faults on demand: which request goes wrong, and how. What they do to the connection stands in server.py."""

from __future__ import annotations

import math
import random
import threading
from dataclasses import dataclass, field, fields
from typing import Any

from sandbox.messages import Fields, Json, Refusal, Route, invalid

SUPPLIERS = ("jal-online", "ex", "yado-net")
# Refused before anything is done: status, code, what people read.
REFUSALS = {
    "error_500": (500, "INTERNAL_ERROR", "システムエラーが起きました。"),
    "error_503": (503, "UNAVAILABLE", "ただいま混み合っています。"),
    "too_many": (429, "TOO_MANY_REQUESTS", "アクセスが集中しています。時間をおいてください。"),
    "price_changed": (409, "PRICE_CHANGED", "料金が変わりました。"),
    "sold_out": (409, "SOLD_OUT", "満席(満室)になりました。"),
    "session_expired": (401, "SESSION_EXPIRED", "接続の有効時間が過ぎました。"),
    "maintenance": (503, "CLOSED", "システムの保守のため、ただいまご利用いただけません。"),
}
KINDS = (
    "lose_before",
    "lose_after",
    "late_commit",
    "hang",
    "drip",
    "garbage",
    "wrong_meaning",
    "reset_mid_answer",
    *REFUSALS,
)
# What `wrong_meaning` leaves out: everything that says what was found or done.
MEANING = frozenset(
    {"pnr", "state", "ticket_no", "price_yen", "fee_yen", "refund_yen", "cost_yen", "cancelled_at", "itinerary_id"}
    | {"flights", "hotels", "bookings", "itineraries"}
)


@dataclass
class Fault:
    """One fault. `times` counts down; `seconds` and `hold` are real time."""

    supplier: str
    operation: str
    fault: str
    times: int = 1
    probability: float = 1.0
    seed: int = 0
    seconds: float = 1.0
    hold: float = 0.0
    after: bool = False
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def strikes(self, route: Route) -> bool:
        """Whether it strikes this request. Each asking throws the dice once."""
        if self.times < 1 or route.supplier != self.supplier or self.operation not in ("*", route.operation):
            return False
        return self._random.random() < self.probability

    def refusal(self) -> Refusal:
        """The refusal that a refusing fault stands for."""
        return Refusal(*REFUSALS[self.fault])

    def shown(self) -> Json:
        """As the contract shows it."""
        return {part.name: getattr(self, part.name) for part in fields(self) if part.init}


class Faults:
    """Faults and latencies that wait for requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._latencies: dict[str, int] = {}

    def add(self, wanted: Fields, seed: int, operations: set[str]) -> None:
        """Adds a fault from its description. Raises Refusal when nothing could ever match it."""
        supplier = wanted.text("supplier", "|".join(SUPPLIERS))
        operation = wanted.text("operation", r"\*|[a-z_]+")
        if operation != "*" and f"{supplier}.{operation}" not in operations:
            raise invalid("operation", "この取引先にない操作です。")
        probability = wanted.number("probability", 0, 1, 1)
        if probability == 0:
            raise invalid("probability")
        fault = Fault(
            supplier,
            operation,
            wanted.text("fault", "|".join(KINDS)),
            wanted.integer("times", 1, 1_000_000, 1),
            probability,
            wanted.integer("seed", -(2**63), 2**63, seed),
            wanted.number("seconds", 0, 3600, 1),
            wanted.number("hold", 0, 3600, 0),
            wanted.flag("after"),
        )
        wanted.done()
        with self._lock:
            self._faults.append(fault)

    def take(self, route: Route) -> Fault | None:
        """The first fault that strikes this request; one of its times is used up."""
        with self._lock:
            for fault in self._faults:
                if fault.strikes(route):
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                    return fault
        return None

    def waiting(self) -> list[Json]:
        """The faults that wait, in the order they are tried."""
        with self._lock:
            return [fault.shown() for fault in self._faults]

    def clear(self) -> None:
        """Forgets faults and latencies."""
        with self._lock:
            self._faults.clear()
            self._latencies.clear()

    def delay(self, wanted: Fields) -> dict[str, int]:
        """Sets a latency; returns all of them in milliseconds."""
        supplier = wanted.text("supplier", "|".join(SUPPLIERS))
        operation = wanted.text("operation", r"\*|[a-z_]+", "*")
        milliseconds = wanted.integer("ms", 0, 600_000)
        wanted.done()
        with self._lock:
            self._latencies.pop(f"{supplier}.{operation}", None)
            if milliseconds:
                self._latencies[f"{supplier}.{operation}"] = milliseconds
            return dict(self._latencies)

    def latency(self, route: Route) -> float:
        """Seconds that this request waits first; the operation's own latency goes before the supplier's."""
        with self._lock:
            return self._latencies.get(route.key, self._latencies.get(f"{route.supplier}.*", 0)) / 1000


def without_meaning(value: Any) -> Json:
    """A JSON object without the fields that matter."""
    return {name: part for name, part in value.items() if name not in MEANING}


def retry_after(fault: Fault) -> int:
    """Whole seconds for the header Retry-After."""
    return max(1, math.ceil(fault.seconds))
