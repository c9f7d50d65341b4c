"""The control address: ground truth, faults, latency, reset, members, clock, requests. For tests and demos."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.disruptions import set_disruption
from sandbox.ex.site import ExSite
from sandbox.hotels import YadoNet
from sandbox.jal_online import JalOnline
from sandbox.messages import NAME_KANA, Answer, Json, Request, Route, json_answer, route
from sandbox.world import World


class Control:
    """Looks behind the suppliers and decides what goes wrong."""

    def __init__(self, world: World, jal: JalOnline, ex: ExSite, yado: YadoNet) -> None:
        self._world = world
        self._jal = jal
        self._ex = ex
        self._yado = yado
        self._operations = {one.key for supplier in (jal, ex, yado) for one in supplier.routes()}

    def routes(self) -> list[Route]:
        """The operations of the control address."""
        found: list[tuple[str, str, Callable[[Request], Answer]]] = [
            ("GET", "/state", self.state),
            ("GET", "/faults", lambda _: self._faults(200)),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults", self.clear_faults),
            ("POST", "/profile", self.profile),
            ("POST", "/latency", self.latency),
            ("POST", "/reset", self.reset),
            ("POST", "/members", self.add_member),
            ("POST", "/disruptions", self.disrupt),
            ("GET", "/clock", self.clock),
            ("GET", "/requests", lambda _: json_answer(200, self._world.log.shown())),
        ]
        return [route(method, f"/_control{path}", "", path[1:], handler) for method, path, handler in found]

    def state(self, _request: Request) -> Answer:
        """Everything that the suppliers know."""
        jal, yado, ex = self._jal.bookings(), self._yado.itineraries(), self._ex.records.bookings()
        flat = [_summary("jal-online", one["pnr"], one) for one in jal]
        flat += [_summary("yado-net", one["itinerary_id"], one) for one in yado]
        flat += [_ex_summary(one) for one in ex]
        truth: Json = {
            "seed": self._world.state.seed,
            "now": self._world.clock.now().isoformat(),
            "bookings": sorted(flat, key=lambda one: one["booked_at"]),
            "jal-online": {"bookings": jal},
            "yado-net": {"itineraries": yado},
            "ex": {
                "members": self._ex.records.members(),
                "bookings": ex,
                "operations": self._ex.records.operations(),
            },
        }
        return json_answer(200, truth)

    def add_fault(self, request: Request) -> Answer:
        """Lets the next matching requests go wrong."""
        self._world.faults.add(request.fields(), self._world.state.seed, self._operations)
        return self._faults(201)

    def profile(self, request: Request) -> Answer:
        """Lets everything go wrong everywhere, now and then."""
        self._world.faults.set_profile(request.fields(), self._world.state.seed, self._operations)
        return self._faults(200)

    def clear_faults(self, _request: Request) -> Answer:
        """Forgets all faults and latencies."""
        self._world.faults.clear()
        return Answer(204)

    def latency(self, request: Request) -> Answer:
        """Lets requests wait first."""
        return json_answer(200, {"latencies": self._world.faults.delay(request.fields())})

    def reset(self, request: Request) -> Answer:
        """Begins anew."""
        fields = request.fields()
        seed = fields.integer("seed", -(2**63), 2**63) if fields.has("seed") else None
        fields.done()
        self._world.generation += 1
        self._world.faults.clear()
        self._world.log.clear()
        self._ex.forget()
        return json_answer(200, {"seed": self._world.state.reset(seed)})

    def add_member(self, request: Request) -> Answer:
        """Adds a member of エクスプレス予約."""
        fields = request.fields()
        member: Json = {
            "member_id": fields.text("member_id", r"\d{10}"),
            "card_no": fields.text("card_no", r"\d{16}"),
            "name_kana": fields.text("name_kana", NAME_KANA),
            "seiri": fields.text("seiri", r"[0-9A-Za-z]{0,8}", ""),
        }
        fields.done()
        self._ex.records.add_member(member)
        return json_answer(201, member)

    def disrupt(self, request: Request) -> Answer:
        """Lets a train or flight of a day not run, or run again."""
        fields = request.fields()
        supplier, service = fields.text("supplier", "jal-online|ex"), fields.text("service", r".{1,40}")
        day = fields.day("date")
        runs = fields.text("runs", "yes|no", "no") == "yes"
        fields.done()
        return json_answer(201, set_disruption(self._world, supplier, service, day, runs=runs))

    def clock(self, _request: Request) -> Answer:
        """The sandbox's business time."""
        now = self._world.clock.now()
        shown = {"now": now.isoformat(), "today": now.date().isoformat(), "shift_seconds": self._world.clock.shift()}
        return json_answer(200, shown)

    def _faults(self, status: int) -> Answer:
        return json_answer(status, {"faults": self._world.faults.waiting()})


def _summary(supplier: str, number: str, booking: Json) -> Json:
    return {
        "supplier": supplier,
        "number": number,
        "reference": booking["reference"],
        "state": booking["state"],
        "price_yen": booking["price_yen"],
        "fee_yen": booking["cancellation"]["fee_yen"] if booking["cancellation"] else 0,
        "booked_at": booking["booked_at"],
    }


def _ex_summary(booking: Json) -> Json:
    return {
        "supplier": "ex",
        "number": f"{booking['member_id']}/{booking['number']}",
        "reference": booking["trip_no"],
        "state": booking["state"],
        "price_yen": booking["ride"]["price_yen"],
        "fee_yen": booking["fee_yen"],
        "booked_at": booking["bought_at"],
    }
