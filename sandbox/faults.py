"""Faults on demand: which request goes wrong, and how. What they do to the connection stands in server.py."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import Any

from sandbox.messages import REFERENCE, Fields, Json, Refusal, Request, Route, invalid
from sandbox.signing import dice

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
# Rows of a file that go wrong: only where a file is fetched.
ROWS = ("rows_late", "rows_missing", "rows_doubled", "rows_shuffled")
FILES = frozenset({"ex.usage"})
# Booked, but dearer than the offer: only where a price can rise between search and hold.
DEARER = frozenset({"jal-online.book"})
KINDS = (
    "lose_before",
    "lose_after",
    "late_commit",
    "hang",
    "drip",
    "garbage",
    "wrong_meaning",
    "reset_mid_answer",
    "dearer",
    *ROWS,
    *REFUSALS,
)
# These may come before anything is done, or after all of it.
AFTER_TOO = ("error_500", "error_503")
ALWAYS = 1_000_000
# What `wrong_meaning` leaves out: everything that says what was found or done.
MEANING = frozenset(
    {"pnr", "state", "ticket_no", "price_yen", "fee_yen", "refund_yen", "cost_yen", "cancelled_at", "itinerary_id"}
    | {"flights", "hotels", "bookings", "itineraries"}
)


@dataclass
class Fault:
    """One fault. `times` counts down; `seconds` and `hold` are real time; `share` is that of a file's rows."""

    supplier: str
    operation: str
    fault: str
    times: int = 1
    probability: float = 1.0
    seed: int = 0
    seconds: float = 1.0
    hold: float = 0.0
    after: bool = False
    reference: str = ""
    share: float = 0.5
    _thrown: Counter[str] = field(init=False, repr=False, default_factory=Counter)

    def strikes(self, route: Route, request: Request) -> bool:
        """Whether it strikes this request: by the seed, what the request is about, and how often that came before.

        So the same requests are struck in whatever order threads bring them.
        """
        if self.times < 1 or route.supplier != self.supplier or self.operation not in ("*", route.operation):
            return False
        if self.reference and request.about != self.reference:
            return False
        if self.probability == 1:
            return True
        key = request.about or f"{request.path}?{request.query_text} {request.body.decode(errors='replace')}"
        self._thrown[f"{route.key} {key}"] += 1
        throw = dice(self.seed, self.fault, self.after, route.key, key, self._thrown[f"{route.key} {key}"])
        return throw < self.probability * 2**64

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
        kind = wanted.text("fault", "|".join(KINDS))
        if not fits(kind, f"{supplier}.{operation}"):
            raise invalid("fault", "この操作では起こせません。")
        fault = Fault(
            supplier,
            operation,
            kind,
            wanted.integer("times", 1, ALWAYS, 1),
            probability,
            wanted.integer("seed", -(2**63), 2**63, seed),
            wanted.number("seconds", 0, 3600, 1),
            wanted.number("hold", 0, 3600, 0),
            wanted.flag("after"),
            wanted.text("reference", REFERENCE, ""),
            wanted.number("share", 0, 1, 0.5),
        )
        wanted.done()
        with self._lock:
            self._faults.append(fault)

    def set_profile(self, wanted: Fields, seed: int, operations: Collection[str]) -> None:
        """Every kind of fault on every operation that fits, in place of all that waited before.

        `probability` is that of a request to be struck by any of them.
        """
        probability = wanted.number("probability", 0, 1, 0.1)
        seed = wanted.integer("seed", -(2**63), 2**63, seed)
        kinds = wanted.texts("kinds", "|".join(KINDS), len(KINDS)) if wanted.has("kinds") else list(KINDS)
        only = wanted.texts("operations", r"[a-z_-]+[.][a-z_]+", 100) if wanted.has("operations") else []
        seconds, hold = wanted.number("seconds", 0, 3600, 1), wanted.number("hold", 0, 3600, 0)
        wanted.done()
        if set(only) - set(operations):
            raise invalid("operations", "この取引先にない操作です。")
        found: list[Fault] = []
        for operation in sorted(only or operations):
            fitting = [
                (kind, after)
                for kind in kinds
                if fits(kind, operation)
                for after in ((False, True) if kind in AFTER_TOO else (False,))
            ]
            for kind, after in fitting if probability else ():
                supplier, _, name = operation.partition(".")
                share = probability / len(fitting)
                found.append(Fault(supplier, name, kind, ALWAYS, share, seed, seconds, hold, after))
        with self._lock:
            self._faults = found

    def take(self, route: Route, request: Request) -> Fault | None:
        """The first fault that strikes this request; one of its times is used up."""
        with self._lock:
            for fault in self._faults:
                if fault.strikes(route, request):
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


def fits(kind: str, operation: str) -> bool:
    """Whether a kind of fault can happen in an operation (`supplier.operation`)."""
    if kind in ROWS:
        return operation in FILES
    return kind != "dearer" or operation in DEARER


def rows_gone_wrong(fault: Fault, body: bytes) -> bytes:
    """The lines of a file below its header: late (the newest are not there yet), missing, doubled, or out of order.

    Which ones is decided by the seed and the line itself, so that the next file brings the others.
    """
    header, *rows = body.splitlines(keepends=True)
    hit = [dice(fault.seed, fault.fault, row.hex()) < fault.share * 2**64 for row in rows]
    match fault.fault:
        case "rows_late":
            rows = rows[: len(rows) - math.ceil(len(rows) * fault.share)]
        case "rows_missing":
            rows = [row for row, struck in zip(rows, hit, strict=True) if not struck]
        case "rows_doubled":
            rows = [row for row, struck in zip(rows, hit, strict=True) for _ in range(2 if struck else 1)]
        case _:
            rows = sorted(rows, key=lambda row: dice(fault.seed, row.hex()))
    return b"".join([header, *rows])


def without_meaning(value: Any) -> Json:
    """A JSON object without the fields that matter."""
    return {name: part for name, part in value.items() if name not in MEANING}


def retry_after(fault: Fault) -> int:
    """Whole seconds for the header Retry-After."""
    return max(1, math.ceil(fault.seconds))
