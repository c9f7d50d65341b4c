"""ヤドネット, a hotel wholesaler, over the portal's own contract (sandbox/openapi.yaml).

Booked at once and idempotent by our reference; money is due at check-out.
"""

import datetime as dt
from typing import Any, Literal

from booking.suppliers.answers import choice, code, day, expect, items, moment, optional, whole, words, yen
from booking.suppliers.http import SupplierHttp, reading, writing
from booking.suppliers.types import (
    Booked,
    BookWish,
    Cancelled,
    CancelQuote,
    CancelStep,
    Found,
    Link,
    Night,
    Offer,
    StayAsk,
)
from lib import clock, jst

PREFIX = "/yado-net/v1"
NUMBER, TOKEN, INVOICE = r"YN\d{12}", r"[\x21-\x7e]{1,400}", r"T\d{13}"
PAYMENTS = frozenset({"corporate_billing", "onsite"})
STATES = frozenset({"confirmed", "cancelled"})
SMOKING = {"non_smoking_only": "禁煙", "booth": "禁煙（喫煙ブースあり）", "separate_rooms": "禁煙室・喫煙室あり"}
# As long as the wholesaler keeps a rate (20 minutes of real time), less a little for the way there.
OFFER_LIFE = dt.timedelta(minutes=19)


def offers_from_wire(body: dict[str, Any], ask: StayAsk) -> list[Offer]:
    """Plans billed to the agency (一括請求); what is paid on the spot is not booked here."""
    return [
        _offer(hotel, plan, ask)
        for hotel in items(body, "hotels")
        for plan in items(hotel, "plans")
        if choice(plan, "payment", PAYMENTS) == "corporate_billing"
    ]


def _offer(hotel: dict[str, Any], plan: dict[str, Any], ask: StayAsk) -> Offer:
    on_the_spot = _on_the_spot(plan)
    nights = [_night(night, on_the_spot=on_the_spot) for night in items(plan, "nights")]
    wanted = [ask.check_in + dt.timedelta(days=number) for number in range(ask.nights)]
    expect([night.day for night in nights] == wanted, "other nights")
    steps = [
        CancelStep(optional(term, "until", moment), yen(term, "fee_yen"), words(term, "note", most=120))
        for term in items(plan, "terms")
    ]
    expect(bool(steps), "no terms")
    rooms = whole(hotel, "rooms_left", least=1, most=9)
    return Offer(
        supplier="yado_net",
        title=words(hotel, "name"),
        detail=f"{words(plan, 'plan_name')} {SMOKING[choice(hotel, 'smoking', SMOKING)]}",
        price=_price(plan),
        token=code(plan, "rate_token", TOKEN),
        valid_until=clock.wall() + OFFER_LIFE,
        nights=nights,
        steps=steps,
        cancel_words=_words(steps),
        seats="空室 あり" if rooms >= 9 else f"空室 残り{rooms}",
        place=f"{words(hotel, 'nearest_station')}駅 徒歩{whole(hotel, 'walk_minutes', most=600)}分",
        ticket_form="予約番号のみ",
        invoice_number=optional(hotel, "invoice_registration_no", lambda of, name: code(of, name, INVOICE)) or "",
        reversible=steps[0].fee == 0,
    )


def _night(night: dict[str, Any], *, on_the_spot: bool) -> Night:
    return Night(
        day=day(night, "date"),
        room=yen(night, "price_yen"),
        stay_tax=yen(night, "stay_tax_yen"),
        bathing_tax=yen(night, "bathing_tax_yen"),
        tax_on_the_spot=on_the_spot,
    )


def _on_the_spot(plan: dict[str, Any]) -> bool:
    return choice(plan, "local_tax_payment", PAYMENTS) == "onsite"


def _price(plan: dict[str, Any]) -> int:
    """What the agency is billed: without the local taxes where the guest pays them."""
    rooms, total = yen(plan, "price_yen"), yen(plan, "total_yen")
    taxes = yen(plan, "stay_tax_yen") + yen(plan, "bathing_tax_yen")
    expect(rooms + taxes == total, "a total that is no sum")
    expect(sum(yen(night, "price_yen") for night in items(plan, "nights")) == rooms, "nights that are not the price")
    return rooms if _on_the_spot(plan) else total


def _words(steps: list[CancelStep]) -> str:
    free = [step for step in steps if step.fee == 0 and step.until]
    if free and free[-1].until:
        return f"{jst.short_moment(free[-1].until)} まで無料"
    return f"予約後 {steps[0].fee:,}円"


class YadoNet:
    """The adapter."""

    costs_at: Literal["ticket", "book", "stay"] = "stay"

    def __init__(self, link: Link) -> None:
        self.http = SupplierHttp(link, {"X-Api-Key": link.credentials.get("api_key", "")})

    def search_stays(self, ask: StayAsk) -> list[Offer]:
        """Hotels and plans of the areas for the nights."""
        body = {
            "area_codes": list(ask.areas),
            "check_in": ask.check_in.isoformat(),
            "nights": ask.nights,
            "adults": 1,
            "payment": "corporate_billing",
        }
        answer = self.http.read("POST", f"{PREFIX}/availability", body)
        return reading(lambda wire: offers_from_wire(wire, ask), answer)

    def book(self, wish: BookWish) -> Booked:
        """Book the room."""
        body = {
            "rate_token": wish.offer.token,
            "guest": {"name_kana": wish.kana, "name": wish.name},
            "reference": wish.reference,
        }
        answer = self.http.write(f"{PREFIX}/itineraries", body)
        return writing(lambda wire: _confirmed(wish.reference, wire), answer)

    def find(self, reference: str) -> list[Found]:
        """Bookings under our reference."""
        body = self.http.read("GET", f"{PREFIX}/itineraries?reference={reference}")
        return reading(
            lambda answer: [_found(reference, itinerary) for itinerary in items(answer, "itineraries")], body
        )

    def quote_cancel(self, number: str) -> CancelQuote:
        """What cancelling costs now."""
        return reading(_quote, self.http.read("POST", f"{PREFIX}/itineraries/{number}/cancel-quote", {}))

    def cancel(self, number: str, *, max_fee: int) -> Cancelled:
        """Cancel at a fee of at most `max_fee` yen."""
        answer = self.http.write(f"{PREFIX}/itineraries/{number}/cancel", {"max_fee_yen": max_fee})
        return writing(_cancelled, answer)


def _booked(reference: str, body: dict[str, Any]) -> Booked:
    expect(code(body, "reference", ".+") == reference, "a booking of another reference")
    choice(body, "state", STATES)
    return Booked(code(body, "itinerary_id", NUMBER), _price(body))


def _confirmed(reference: str, body: dict[str, Any]) -> Booked:
    """What has just been booked; asked twice, it may be one that was cancelled since."""
    booked = _booked(reference, body)
    expect(body["state"] == "confirmed", "booked, but cancelled")
    return booked


def _quote(body: dict[str, Any]) -> CancelQuote:
    # Nothing has been paid before check-out, so nothing comes back.
    return CancelQuote(yen(body, "fee_yen"), 0, moment(body, "valid_until"))


def _cancelled(body: dict[str, Any]) -> Cancelled:
    return Cancelled(yen(body, "fee_yen"), 0, moment(body, "cancelled_at"))


def _found(reference: str, body: dict[str, Any]) -> Found:
    booked = _booked(reference, body)
    cancelled = optional(body, "cancellation", lambda of, name: _cancelled(of[name]))
    expect((body["state"] == "cancelled") == (cancelled is not None), "cancelled, but not when")
    return Found("cancelled" if cancelled else "held", booked, None, cancelled)
