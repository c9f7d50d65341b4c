"""JALオンライン: search, hold, ticket, read, change, cancel. Contract: openapi.yaml; rules: README.md."""

from __future__ import annotations

import hmac
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.clock import at
from sandbox.disruptions import is_stopped
from sandbox.inventory.air import SALE_CLOSES, SALE_OPENS_DAYS, Fare, Flight
from sandbox.inventory.tables import rounded
from sandbox.messages import MAX_YEN, NAME_KANA, REFERENCE, Answer, Json, Refusal, Request, Route, json_answer, route
from sandbox.signing import dice, seal, unseal
from sandbox.world import World

SUPPLIER = "jal-online"
CORPORATE_ID, TOKEN = "JL-AOZORA", "sandbox-jal"
TABLE = "jal.bookings"
HOLD = timedelta(hours=72)
QUOTE = timedelta(minutes=30)
REFUNDABLE = timedelta(days=30)
JMB_NO = r"\d{7}|\d{9}"
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CHANGE_RULES = {True: "出発20分前まで無料で変更できます。", False: "変更できません。"}
REFUND_RULES = {
    "FLEX": "出発前の払い戻しは無料、出発後は運賃の20%です。",
    "BIZFLEX": "出発前の払い戻しは無料、出発後は運賃の20%です。",
    "SAVER": "出発前の払い戻しは運賃の5%、出発後は運賃の100%です。",
    "SPSAVER": "払い戻しは出発55日前まで運賃の5%、それ以降は運賃の50%、出発後は運賃の100%です。",
}


class JalOnline:
    """Plays JALオンライン over the shared world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._air = world.inventory.air

    def routes(self) -> list[Route]:
        """The operations of this supplier."""
        base = "/jal-online/v1"
        operations = [
            ("POST", "/availability", "availability", self.availability),
            ("POST", "/bookings", "book", self.book),
            ("GET", "/bookings", "find", self.find),
            ("GET", "/bookings/{pnr}", "read", self.read),
            ("POST", "/bookings/{pnr}/ticket", "ticket", self.ticket),
            ("POST", "/bookings/{pnr}/cancel-quote", "cancel_quote", self.cancel_quote),
            ("POST", "/bookings/{pnr}/cancel", "cancel", self.cancel),
            ("POST", "/bookings/{pnr}/change-quote", "change_quote", self.change_quote),
            ("POST", "/bookings/{pnr}/change", "change", self.change),
        ]
        return [route(method, base + path, SUPPLIER, name, handler) for method, path, name, handler in operations]

    def availability(self, request: Request) -> Answer:
        """Flights of one day with fares and offers."""
        _authenticate(request)
        fields = request.fields()
        origin = fields.text("origin", r"[A-Z]{3}")
        destination = fields.text("destination", r"[A-Z]{3}")
        day = fields.day("date")
        fields.text("member_no", JMB_NO, "")
        fields.done()
        for airport in (origin, destination):
            if airport not in self._air.airports:
                raise Refusal(422, "UNKNOWN_AIRPORT", f"空港コード {airport} はありません。")
        now = self._world.clock.now()
        if day < now.date():
            raise Refusal(422, "DATE_PAST", "搭乗日が過ぎています。")
        if day > now.date() + timedelta(days=SALE_OPENS_DAYS):
            raise Refusal(422, "NOT_ON_SALE", f"搭乗日の{SALE_OPENS_DAYS}日前の0時に発売します。")
        taken = self._taken()
        flights = []
        for flight in self._air.flights(origin, destination, day):
            fares = [] if self._is_stopped(_flight(flight)) else self._air.fares(flight, now)
            if fares:
                flights.append(_flight(flight) | {"fares": [self._offer(flight, fare, now, taken) for fare in fares]})
        answer = {"origin": origin, "destination": destination, "date": day.isoformat()}
        return json_answer(200, answer | {"answered_at": now.isoformat(), "flights": flights})

    def book(self, request: Request) -> Answer:
        """Hold a seat. Books again when asked again: this supplier does not know the caller's retries."""
        _authenticate(request)
        fields = request.fields()
        offer_id = fields.text("offer_id", r".+")
        passenger = fields.part("passenger")
        person = {
            "name_kana": passenger.text("name_kana", NAME_KANA),
            "member_no": passenger.text("member_no", JMB_NO, "") or None,
        }
        passenger.done()
        reference = fields.text("reference", REFERENCE)
        department = fields.text("department_code", r"[0-9A-Za-z]{3}", "") or None
        fields.done()
        now = self._world.clock.now()
        flight, fare = self._sold(offer_id, now)
        price = _dearer(_price(fare)) if request.dearer else _price(fare)
        booking: Json = {
            "pnr": self._new_pnr(),
            "state": "held",
            "reference": reference,
            "department_code": department,
            "passenger": person,
            "booked_at": now.isoformat(),
            "hold_until": min(now + HOLD, fare.buy_until, flight.departs_at - SALE_CLOSES).isoformat(),
            "flight": _flight(flight),
            **price,
            "terms": _terms(flight, fare, now),
            "ticket": None,
            "cancellation": None,
            "changes": [],
        }
        self._save(booking)
        return json_answer(201, booking)

    def find(self, request: Request) -> Answer:
        """Bookings that carry a reference."""
        _authenticate(request)
        reference = request.wanted("reference", REFERENCE)
        found = [booking for booking in self.bookings() if booking["reference"] == reference]
        return json_answer(200, {"bookings": found})

    def read(self, request: Request) -> Answer:
        """One booking."""
        return json_answer(200, self._booking(request))

    def ticket(self, request: Request) -> Answer:
        """Issue the ticket of a hold."""
        booking = self._booking(request)
        fields = request.fields()
        highest = fields.integer("max_price_yen", 0, MAX_YEN)
        fields.done()
        if booking["state"] == "ticketed":
            raise Refusal(409, "ALREADY_TICKETED", "発券済みです。", ticket=booking["ticket"])
        self._refuse_ended(booking)
        if booking["price_yen"] > highest:
            message = "料金が、指定された上限を超えています。"
            raise Refusal(409, "PRICE_CHANGED", message, price_yen=booking["price_yen"])
        ticket = self._new_ticket(booking["pnr"], 0, booking["price_yen"])
        self._save(booking | {"state": "ticketed", "ticket": ticket})
        return json_answer(200, ticket)

    def cancel_quote(self, request: Request) -> Answer:
        """What a cancellation costs now."""
        return json_answer(200, self._quote(self._booking(request)))

    def cancel(self, request: Request) -> Answer:
        """Cancel a hold or refund a ticket."""
        booking = self._booking(request)
        fields = request.fields()
        highest = fields.integer("max_fee_yen", 0, MAX_YEN)
        fields.done()
        quote = self._quote(booking)
        if quote["fee_yen"] > highest:
            raise Refusal(409, "FEE_CHANGED", "取消手数料が、指定された上限を超えています。", quote=quote)
        amounts = {name: quote[name] for name in ("fee_yen", "refund_yen", "psfc_refund_yen")}
        cancellation = {"cancelled_at": self._world.clock.now().isoformat(), **amounts}
        self._save(booking | {"state": "cancelled", "cancellation": cancellation})
        return json_answer(200, cancellation)

    def change_quote(self, request: Request) -> Answer:
        """What a change costs now."""
        booking = self._booking(request)
        fields = request.fields()
        offer_id = fields.text("offer_id", r".+")
        fields.done()
        _, fare = self._changed(booking, offer_id)
        return json_answer(200, self._change_cost(booking, fare))

    def change(self, request: Request) -> Answer:
        """Change to another flight; a ticket is exchanged for a new one."""
        booking = self._booking(request)
        fields = request.fields()
        offer_id = fields.text("offer_id", r".+")
        highest = fields.integer("max_cost_yen", -MAX_YEN, MAX_YEN)
        fields.done()
        flight, fare = self._changed(booking, offer_id)
        cost = self._change_cost(booking, fare)
        if cost["cost_yen"] > highest:
            raise Refusal(409, "COST_CHANGED", "変更の差額が、指定された上限を超えています。", quote=cost)
        now = self._world.clock.now()
        history = {
            "changed_at": now.isoformat(),
            "cost_yen": cost["cost_yen"],
            "from_flight_no": booking["flight"]["flight_no"],
            "from_departs_at": booking["flight"]["departs_at"],
            "from_ticket_no": booking["ticket"] and booking["ticket"]["ticket_no"],
        }
        hold_until = min(_moment(booking["hold_until"]), fare.buy_until, flight.departs_at - SALE_CLOSES)
        # Whoever cannot fly as sold takes another flight at the price that was paid.
        free = self._is_stopped(booking["flight"])
        price = booking["price_yen"] if free else fare.price_yen
        changed = booking | {
            "flight": _flight(flight),
            **({} if free else _price(fare)),
            "terms": _terms(flight, fare, now),
            "hold_until": hold_until.isoformat() if booking["state"] == "held" else booking["hold_until"],
            "ticket": booking["ticket"] and self._new_ticket(booking["pnr"], len(booking["changes"]) + 1, price),
            "changes": [*booking["changes"], history],
        }
        self._save(changed)
        return json_answer(200, changed)

    def bookings(self) -> list[Json]:
        """Every booking as it stands now, oldest first."""
        now = self._world.clock.now()
        return [_aged(booking, now) for booking in self._world.state.table(TABLE).values()]

    def _booking(self, request: Request) -> Json:
        _authenticate(request)
        booking = self._world.state.table(TABLE).get(request.args["pnr"])
        if booking is None:
            raise Refusal(404, "NOT_FOUND", "この予約番号の予約はありません。")
        request.about = booking["reference"]
        return _aged(booking, self._world.clock.now())

    def _save(self, booking: Json) -> None:
        self._world.state.write((TABLE, booking["pnr"], booking))

    def _refuse_ended(self, booking: Json) -> None:
        if booking["state"] == "cancelled":
            raise Refusal(409, "ALREADY_CANCELLED", "取り消し済みです。", cancellation=booking["cancellation"])
        if booking["state"] == "expired":
            raise Refusal(409, "HOLD_EXPIRED", "発券期限が過ぎたため、予約は取り消されました。")

    def _offer(self, flight: Flight, fare: Fare, now: datetime, taken: Counter[tuple[str, str, str]]) -> Json:
        facts = [flight.origin, flight.destination, flight.day.isoformat(), flight.number, fare.code, fare.seat_class]
        return _price(fare) | {
            "seats_left": self._seats(flight, fare, taken),
            "buy_until": fare.buy_until.isoformat(),
            "terms": _terms(flight, fare, now),
            "offer_id": seal(self._world.state.seed, SUPPLIER, [*facts, fare.price_yen]),
        }

    def _sold(self, offer_id: str, now: datetime) -> tuple[Flight, Fare]:
        """The flight and fare of an offer, still on sale at the price of the offer and with a seat."""
        origin, destination, day, number, code, seat_class, price = unseal(self._world.state.seed, SUPPLIER, offer_id)
        flight = self._air.flight(origin, destination, date.fromisoformat(day), number)
        if flight is None or now >= flight.departs_at - SALE_CLOSES:
            raise Refusal(409, "TOO_LATE", "出発20分前を過ぎたため、この便は予約できません。")
        if self._is_stopped(_flight(flight)):
            raise Refusal(409, "SOLD_OUT", "この便は欠航になりました。")
        fare = self._air.fare(flight, now, code, seat_class)
        if fare is None:
            raise Refusal(409, "SOLD_OUT", "この運賃の発売は終わりました。")
        if fare.price_yen != price:
            raise Refusal(409, "PRICE_CHANGED", "料金が変わりました。", price_yen=fare.price_yen)
        if self._seats(flight, fare, self._taken()) == 0:
            raise Refusal(409, "SOLD_OUT", "満席です。")
        return flight, fare

    def _seats(self, flight: Flight, fare: Fare, taken: Counter[tuple[str, str, str]]) -> int:
        """Seats of a fare: what the seed leaves, less live bookings in that class; 9 = nine or more."""
        chance = dice(self._world.state.seed, flight.number, flight.day, fare.seat_class, fare.code) % 100
        scarce = {"SAVER": 8, "SPSAVER": 20}.get(fare.code, 2)
        free = 0 if chance < scarce else 1 + chance % 6 if chance < 3 * scarce else 20 + chance
        return max(0, min(9, free - taken[flight.number, flight.departs_at.isoformat(), fare.seat_class]))

    def _taken(self) -> Counter[tuple[str, str, str]]:
        """Live bookings by flight number, departure and seat class."""
        return Counter(
            (booking["flight"]["flight_no"], booking["flight"]["departs_at"], booking["seat_class"])
            for booking in self.bookings()
            if booking["state"] in ("held", "ticketed")
        )

    def _changed(self, booking: Json, offer_id: str) -> tuple[Flight, Fare]:
        self._refuse_ended(booking)
        now, stopped = self._world.clock.now(), self._is_stopped(booking["flight"])
        if not booking["changeable"] and not stopped:
            raise Refusal(409, "NOT_CHANGEABLE", "この運賃は変更できません。")
        if not stopped and now >= _moment(booking["flight"]["departs_at"]) - SALE_CLOSES:
            raise Refusal(409, "TOO_LATE", "出発20分前を過ぎたため、変更できません。")
        flight, fare = self._sold(offer_id, now)
        same_route = (flight.origin, flight.destination) == (
            booking["flight"]["origin"],
            booking["flight"]["destination"],
        )
        if not same_route or fare.code != booking["fare_code"]:
            raise Refusal(409, "NOT_CHANGEABLE", "変更できるのは、同じ区間・同じ運賃の便です。")
        return flight, fare

    def _change_cost(self, booking: Json, fare: Fare) -> Json:
        old = booking["price_yen"]
        new = old if self._is_stopped(booking["flight"]) else fare.price_yen
        return {
            "cost_yen": new - old,
            "old_price_yen": old,
            "new_price_yen": new,
            "valid_until": min(self._world.clock.now() + QUOTE, fare.buy_until).isoformat(),
        }

    def _quote(self, booking: Json) -> Json:
        self._refuse_ended(booking)
        now = self._world.clock.now()
        departs_at = _moment(booking["flight"]["departs_at"])
        if now >= departs_at + REFUNDABLE:
            raise Refusal(409, "TOO_LATE", "出発から30日を過ぎたため、払い戻しできません。")
        if booking["state"] == "held":
            valid_until = min(now + QUOTE, _moment(booking["hold_until"]))
            free = {"fee_yen": 0, "refund_yen": 0, "psfc_refund_yen": 0}
            return free | {"valid_until": valid_until.isoformat(), "note": "発券前の取り消しは無料です。"}
        if self._is_stopped(booking["flight"]):
            valid_until = min(now + QUOTE, departs_at + REFUNDABLE)
            whole = {"fee_yen": 0, "refund_yen": booking["price_yen"], "psfc_refund_yen": booking["psfc_yen"]}
            return whole | {"valid_until": valid_until.isoformat(), "note": "欠航のため、全額を払い戻します。"}
        term = next(term for term in booking["terms"] if term["until"] is None or now < _moment(term["until"]))
        ends = _moment(term["until"]) if term["until"] else departs_at + REFUNDABLE
        return {
            "fee_yen": term["fee_yen"],
            "refund_yen": booking["price_yen"] - term["fee_yen"],
            "psfc_refund_yen": booking["psfc_yen"],
            "valid_until": min(now + QUOTE, ends).isoformat(),
            "note": term["note"],
        }

    def _is_stopped(self, flight: Json) -> bool:
        return is_stopped(self._world, SUPPLIER, flight["flight_no"], flight["departs_at"][:10])

    def _new_pnr(self) -> str:
        bookings = self._world.state.table(TABLE)
        serial = len(bookings)
        while True:
            number = dice(self._world.state.seed, "pnr", serial)
            pnr = "".join(LETTERS[number >> 5 * place & 31] for place in range(6))
            if pnr not in bookings:
                return pnr
            serial += 1

    def _new_ticket(self, pnr: str, serial: int, price_yen: int) -> Json:
        now = self._world.clock.now()
        issue = dice(self._world.state.seed, "ticket", pnr, serial) % 10**10
        return {
            "ticket_no": f"131{issue:010d}",
            "issued_on": now.date().isoformat(),
            "issued_at": now.isoformat(),
            "price_yen": price_yen,
        }


def _authenticate(request: Request) -> None:
    given = (request.headers.get("x-corporate-id", ""), request.headers.get("authorization", ""))
    wanted = (CORPORATE_ID, f"Bearer {TOKEN}")
    if not all(hmac.compare_digest(one.encode(), other.encode()) for one, other in zip(given, wanted, strict=True)):
        raise Refusal(401, "UNAUTHORIZED", "企業IDまたは認証情報が正しくありません。")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _aged(booking: Json, now: datetime) -> Json:
    """A hold is gone from `hold_until` on; nobody has to come by and write it down."""
    if booking["state"] == "held" and now >= _moment(booking["hold_until"]):
        return booking | {"state": "expired"}
    return booking


def _flight(flight: Flight) -> Json:
    return {
        "flight_no": flight.number,
        "operated_by": flight.operated_by,
        "origin": flight.origin,
        "destination": flight.destination,
        "departs_at": flight.departs_at.isoformat(),
        "arrives_at": flight.arrives_at.isoformat(),
        "aircraft": flight.aircraft,
    }


def _price(fare: Fare) -> Json:
    return {
        "fare_code": fare.code,
        "fare_name": fare.name,
        "seat_class": fare.seat_class,
        "corporate_only": fare.corporate_only,
        "changeable": fare.changeable,
        "change_rule": CHANGE_RULES[fare.changeable],
        "refund_rule": REFUND_RULES[fare.code],
        "price_yen": fare.price_yen,
        "fare_yen": fare.fare_yen,
        "psfc_yen": fare.psfc_yen,
    }


def _dearer(price: Json) -> Json:
    """A tenth more than was offered, to 10 yen."""
    more = rounded(price["fare_yen"], 10, 10)
    return price | {"price_yen": price["price_yen"] + more, "fare_yen": price["fare_yen"] + more}


def _terms(flight: Flight, fare: Fare, now: datetime) -> list[dict[str, Any]]:
    """What a refund of the ticket costs, step by step, as percentages of the fare without PSFC, rounded to 10 yen."""
    before, after = {"SAVER": (5, 100), "SPSAVER": (50, 100)}.get(fare.code, (0, 20))
    steps: list[tuple[datetime | None, int, str]] = [
        (flight.departs_at, before, f"出発前: 運賃の{before}%" if before else "出発前: 無料"),
        (None, after, f"出発後: 運賃の{after}%"),
    ]
    if fare.code == "SPSAVER":
        steps.insert(0, (at(flight.day - timedelta(days=54), "00:00"), 5, "出発55日前まで: 運賃の5%"))
    return [
        {"until": until and until.isoformat(), "fee_yen": rounded(fare.fare_yen * percent, 100, 10), "note": note}
        for until, percent, note in steps
        if until is None or now < until
    ]
