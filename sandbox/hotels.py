"""ヤドネット, a fictitious hotel wholesaler: search, book, read, cancel. The contract is openapi.yaml."""

from __future__ import annotations

import hmac
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import product

from sandbox.clock import at
from sandbox.inventory.stays import LAST_SALE, SALE_OPENS_DAYS, Night, Step, registration_number
from sandbox.inventory.tables import Row, rounded
from sandbox.messages import MAX_YEN, NAME_KANA, REFERENCE, Answer, Json, Refusal, Request, Route, json_answer, route
from sandbox.signing import dice, seal, unseal
from sandbox.world import World

SUPPLIER = "yado-net"
API_KEY = "sandbox-yado"
TABLE = "yado.itineraries"
QUOTE = timedelta(minutes=30)
MEALS = {"RO": ("none", "素泊まり"), "BF": ("breakfast", "朝食付き")}
PAYMENTS = {"CB": ("corporate_billing", "一括請求"), "OS": ("onsite", "現地払い")}


class YadoNet:
    """Plays ヤドネット over the shared world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stays = world.inventory.stays

    def routes(self) -> list[Route]:
        """The operations of this supplier."""
        base = "/yado-net/v1"
        operations = [
            ("POST", "/availability", "availability", self.availability),
            ("POST", "/itineraries", "book", self.book),
            ("GET", "/itineraries", "find", self.find),
            ("GET", "/itineraries/{itinerary_id}", "read", self.read),
            ("POST", "/itineraries/{itinerary_id}/cancel-quote", "cancel_quote", self.cancel_quote),
            ("POST", "/itineraries/{itinerary_id}/cancel", "cancel", self.cancel),
        ]
        return [route(method, base + path, SUPPLIER, name, handler) for method, path, name, handler in operations]

    def availability(self, request: Request) -> Answer:
        """Hotels with a free room for every night, cheapest first."""
        _authenticate(request)
        fields = request.fields()
        if fields.has("area_codes") == fields.has("municipality_code"):
            raise Refusal(
                400,
                "INVALID_REQUEST",
                "area_codes と municipality_code のどちらか一つを指定してください。",
                field="area_codes",
            )
        if fields.has("area_codes"):
            areas = fields.texts("area_codes", r"\d{4}", 20)
            unknown = [code for code in areas if code not in self._stays.areas]
            hotels = None if unknown else self._stays.in_areas(areas)
        else:
            hotels = self._stays.in_municipality(fields.text("municipality_code", r"\d{6}"))
        check_in = fields.day("check_in")
        nights = fields.integer("nights", 1, 30)
        fields.integer("adults", 1, 1, 1)
        payment = fields.text("payment", "corporate_billing|onsite", "")
        fields.done()
        if hotels is None:
            raise Refusal(422, "UNKNOWN_AREA", "この地域のホテルは取り扱っていません。")
        now = self._world.clock.now()
        if check_in < now.date():
            raise Refusal(422, "DATE_PAST", "宿泊日が過ぎています。")
        if check_in + timedelta(days=nights) > now.date() + timedelta(days=SALE_OPENS_DAYS):
            raise Refusal(422, "NOT_ON_SALE", f"宿泊日の{SALE_OPENS_DAYS}日前から予約できます。")
        taken = self._taken()
        found = []
        for hotel in hotels if now < at(check_in, LAST_SALE) else []:
            rooms = self._rooms(hotel, check_in, nights, taken)
            plans = [plan for plan in self._plans(hotel, check_in, nights, now) if payment in ("", plan["payment"])]
            if rooms and plans:
                offers = [plan | {"rate_token": self._token(hotel, check_in, plan)} for plan in plans]
                found.append(self._hotel(hotel) | {"rooms_left": rooms, "plans": offers})
        found.sort(key=lambda one: (min(plan["price_yen"] for plan in one["plans"]), one["hotel_code"]))
        period = {"check_in": check_in.isoformat(), "check_out": (check_in + timedelta(days=nights)).isoformat()}
        return json_answer(200, period | {"nights": nights, "answered_at": now.isoformat(), "hotels": found})

    def book(self, request: Request) -> Answer:
        """Book, once per reference."""
        _authenticate(request)
        fields = request.fields()
        token = fields.text("rate_token", r".+")
        guest = fields.part("guest")
        person = {"name_kana": guest.text("name_kana", NAME_KANA), "name": guest.text("name", r".{1,40}")}
        guest.done()
        reference = fields.text("reference", REFERENCE)
        fields.done()
        known = self._by_reference(reference)
        if known:
            return json_answer(200, known[0])
        code, day, nights, plan_code, price = unseal(self._world.state.seed, SUPPLIER, token)
        hotel, check_in = self._stays.hotels[code], date.fromisoformat(day)
        now = self._world.clock.now()
        if now >= at(check_in, LAST_SALE):
            raise Refusal(409, "TOO_LATE", "宿泊日の23時を過ぎたため、予約できません。")
        plan = next(plan for plan in self._plans(hotel, check_in, nights, now) if plan["plan_code"] == plan_code)
        if plan["price_yen"] != price:
            raise Refusal(409, "PRICE_CHANGED", "料金が変わりました。", price_yen=plan["price_yen"])
        if not self._rooms(hotel, check_in, nights, self._taken()):
            raise Refusal(409, "SOLD_OUT", "満室です。")
        itinerary: Json = {
            "itinerary_id": self._new_id(now),
            "state": "confirmed",
            "reference": reference,
            "guest": person,
            "booked_at": now.isoformat(),
            "check_in": check_in.isoformat(),
            "check_out": (check_in + timedelta(days=nights)).isoformat(),
            "hotel": self._hotel(hotel),
            **plan,
            "cancellation": None,
        }
        self._save(itinerary)
        return json_answer(201, itinerary)

    def find(self, request: Request) -> Answer:
        """The itinerary that carries a reference."""
        _authenticate(request)
        return json_answer(200, {"itineraries": self._by_reference(request.wanted("reference", REFERENCE))})

    def read(self, request: Request) -> Answer:
        """One itinerary."""
        return json_answer(200, self._itinerary(request))

    def cancel_quote(self, request: Request) -> Answer:
        """What a cancellation costs now."""
        return json_answer(200, self._quote(self._itinerary(request)))

    def cancel(self, request: Request) -> Answer:
        """Cancel the whole stay."""
        itinerary = self._itinerary(request)
        fields = request.fields()
        highest = fields.integer("max_fee_yen", 0, MAX_YEN)
        fields.done()
        quote = self._quote(itinerary)
        if quote["fee_yen"] > highest:
            raise Refusal(409, "FEE_CHANGED", "キャンセル料が、指定された上限を超えています。", quote=quote)
        cancellation = {"cancelled_at": self._world.clock.now().isoformat(), "fee_yen": quote["fee_yen"]}
        self._save(itinerary | {"state": "cancelled", "cancellation": cancellation})
        return json_answer(200, cancellation)

    def itineraries(self) -> list[Json]:
        """Every itinerary, oldest first."""
        return list(self._world.state.table(TABLE).values())

    def _by_reference(self, reference: str) -> list[Json]:
        return [itinerary for itinerary in self.itineraries() if itinerary["reference"] == reference]

    def _itinerary(self, request: Request) -> Json:
        _authenticate(request)
        itinerary = self._world.state.table(TABLE).get(request.args["itinerary_id"])
        if itinerary is None:
            raise Refusal(404, "NOT_FOUND", "この予約番号の予約はありません。")
        request.about = itinerary["reference"]
        return itinerary

    def _save(self, itinerary: Json) -> None:
        self._world.state.write((TABLE, itinerary["itinerary_id"], itinerary))

    def _token(self, hotel: Row, check_in: date, plan: Json) -> str:
        facts = [hotel["hotel_code"], check_in.isoformat(), len(plan["nights"]), plan["plan_code"], plan["price_yen"]]
        return seal(self._world.state.seed, SUPPLIER, facts)

    def _plans(self, hotel: Row, check_in: date, nights: int, now: datetime) -> list[Json]:
        days = [check_in + timedelta(days=number) for number in range(nights)]
        payments = [key for key, (name, _) in PAYMENTS.items() if hotel["payment"] in (name, "both")]
        plans = []
        for meal, payment in product(MEALS, payments):
            stay = [self._stays.night(hotel, day, breakfast=meal == "BF") for day in days]
            prices = {
                "price_yen": sum(night.price_yen for night in stay),
                "stay_tax_yen": sum(night.stay_tax_yen for night in stay),
                "bathing_tax_yen": sum(night.bathing_tax_yen for night in stay),
            }
            room_yen = sum(night.room_yen for night in stay)
            plans.append(
                {
                    "plan_code": f"{meal}-{payment}",
                    "plan_name": f"{MEALS[meal][1]}({PAYMENTS[payment][1]})",
                    "meals": MEALS[meal][0],
                    "payment": PAYMENTS[payment][0],
                    "local_tax_payment": _tax_payment(hotel, payment),
                    "nights": [_night(night) for night in stay],
                    **prices,
                    "total_yen": sum(prices.values()),
                    "terms": _terms(self._stays.steps(hotel, check_in), room_yen, now),
                }
            )
        return plans

    def _hotel(self, hotel: Row) -> Json:
        area = self._stays.areas[hotel["area_code"]]
        copied = ("hotel_code", "name", "name_kana", "area_code", "prefecture", "municipality_code", "nearest_station")
        return {
            **{name: hotel[name] for name in copied},
            "area_name": area["name"],
            "municipality": area["municipality"],
            "lat": float(hotel["lat"]),
            "lon": float(hotel["lon"]),
            "walk_minutes": int(hotel["walk_minutes"]),
            "hotel_class": hotel["class"],
            "check_in_from": hotel["check_in"],
            "check_out_by": hotel["check_out"],
            "last_check_in": hotel["last_check_in"],
            "smoking": hotel["smoking"],
            "bath": hotel["bath"],
            "invoice_registration_no": registration_number(hotel["hotel_code"])
            if hotel["invoice_registered"] == "1"
            else None,
        }

    def _rooms(self, hotel: Row, check_in: date, nights: int, taken: Counter[tuple[str, str]]) -> int:
        """Rooms free in every night: what the seed leaves, less live bookings; 9 = nine or more."""
        days = [check_in + timedelta(days=number) for number in range(nights)]
        seed = self._world.state.seed
        free = [self._stays.rooms(seed, hotel, day) - taken[hotel["hotel_code"], day.isoformat()] for day in days]
        return max(0, min(9, *free))

    def _taken(self) -> Counter[tuple[str, str]]:
        """Live bookings by hotel and night."""
        return Counter(
            (itinerary["hotel"]["hotel_code"], night["date"])
            for itinerary in self.itineraries()
            if itinerary["state"] == "confirmed"
            for night in itinerary["nights"]
        )

    def _quote(self, itinerary: Json) -> Json:
        if itinerary["state"] == "cancelled":
            raise Refusal(409, "ALREADY_CANCELLED", "取り消し済みです。", cancellation=itinerary["cancellation"])
        now = self._world.clock.now()
        last = at(date.fromisoformat(itinerary["check_out"]), itinerary["hotel"]["check_out_by"])
        if now >= last:
            raise Refusal(409, "TOO_LATE", "チェックアウトの時刻を過ぎたため、取り消しできません。")
        term = next(
            term for term in itinerary["terms"] if term["until"] is None or now < datetime.fromisoformat(term["until"])
        )
        ends = datetime.fromisoformat(term["until"]) if term["until"] else last
        quote = {name: term[name] for name in ("fee_yen", "percent", "note")}
        return quote | {"valid_until": min(now + QUOTE, ends).isoformat()}

    def _new_id(self, now: datetime) -> str:
        itineraries = self._world.state.table(TABLE)
        serial = len(itineraries)
        while True:
            number = f"YN{now:%y%m%d}{dice(self._world.state.seed, 'itinerary', serial) % 10**6:06d}"
            if number not in itineraries:
                return number
            serial += 1


def _authenticate(request: Request) -> None:
    if not hmac.compare_digest(request.headers.get("x-api-key", "").encode(), API_KEY.encode()):
        raise Refusal(401, "UNAUTHORIZED", "APIキーが正しくありません。")


def _tax_payment(hotel: Row, payment: str) -> str:
    """Mostly the guest pays local taxes at the desk although the room is billed; one hotel in five bills them too."""
    return "corporate_billing" if payment == "CB" and dice(0, "taxes", hotel["hotel_code"]) % 5 == 0 else "onsite"


def _night(night: Night) -> Json:
    return {
        "date": night.date.isoformat(),
        "room_yen": night.room_yen,
        "breakfast_yen": night.breakfast_yen,
        "price_yen": night.price_yen,
        "stay_tax_yen": night.stay_tax_yen,
        "bathing_tax_yen": night.bathing_tax_yen,
    }


def _terms(steps: list[Step], room_yen: int, now: datetime) -> list[Json]:
    return [
        {
            "until": step.until and step.until.isoformat(),
            "percent": step.percent,
            "fee_yen": rounded(room_yen * step.percent, 100),
            "note": step.note if step.percent == 0 else f"{step.note}: 室料の{step.percent}%",
        }
        for step in steps
        if step.until is None or now < step.until
    ]
