"""ヤドネット, a hotel wholesaler, over the portal's own contract (sandbox/openapi.yaml).

Booked at once and idempotent by our reference; money is due at check-out.
"""

import datetime as dt
from typing import Any, Literal

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
SMOKING = {"non_smoking_only": "禁煙", "booth": "禁煙（喫煙ブースあり）", "separate_rooms": "禁煙室・喫煙室あり"}
# As long as the wholesaler keeps a rate (20 minutes of real time), less a little for the way there.
OFFER_LIFE = dt.timedelta(minutes=19)


def offers_from_wire(body: dict[str, Any]) -> list[Offer]:
    """Plans billed to the agency (一括請求); what is paid on the spot is not booked here."""
    return [
        _offer(hotel, plan)
        for hotel in body["hotels"]
        for plan in hotel["plans"]
        if plan["payment"] == "corporate_billing"
    ]


def _offer(hotel: dict[str, Any], plan: dict[str, Any]) -> Offer:
    on_the_spot = plan["local_tax_payment"] == "onsite"
    nights = [
        Night(
            day=dt.date.fromisoformat(night["date"]),
            room=int(night["price_yen"]),
            stay_tax=int(night["stay_tax_yen"]),
            bathing_tax=int(night["bathing_tax_yen"]),
            tax_on_the_spot=on_the_spot,
        )
        for night in plan["nights"]
    ]
    steps = [
        CancelStep(
            dt.datetime.fromisoformat(step["until"]) if step["until"] else None, int(step["fee_yen"]), step["note"]
        )
        for step in plan["terms"]
    ]
    rooms = int(hotel["rooms_left"])
    return Offer(
        supplier="yado_net",
        title=str(hotel["name"]),
        detail=f"{plan['plan_name']} {SMOKING[hotel['smoking']]}",
        price=int(plan["price_yen"] if on_the_spot else plan["total_yen"]),
        token=str(plan["rate_token"]),
        valid_until=clock.wall() + OFFER_LIFE,
        nights=nights,
        steps=steps,
        cancel_words=_words(steps),
        seats="空室 あり" if rooms >= 9 else f"空室 残り{rooms}",
        place=f"{hotel['nearest_station']}駅 徒歩{hotel['walk_minutes']}分",
        ticket_form="予約番号のみ",
        invoice_number=str(hotel["invoice_registration_no"] or ""),
        reversible=steps[0].fee == 0,
    )


def _words(steps: list[CancelStep]) -> str:
    free = [step for step in steps if step.fee == 0 and step.until]
    if free and free[-1].until:
        return f"{jst.short_moment(free[-1].until)} まで無料"
    return f"予約後 {steps[0].fee:,}円"


class YadoNet:
    """The adapter."""

    costs_at: Literal["ticket", "book", "stay"] = "stay"

    def __init__(self, link: Link) -> None:
        self.http = SupplierHttp(link.base_url, {"X-Api-Key": link.credentials.get("api_key", "")})

    def search_stays(self, ask: StayAsk) -> list[Offer]:
        """Hotels and plans of the areas for the nights."""
        body = {
            "area_codes": list(ask.areas),
            "check_in": ask.check_in.isoformat(),
            "nights": ask.nights,
            "adults": 1,
            "payment": "corporate_billing",
        }
        return reading(offers_from_wire, self.http.read("POST", f"{PREFIX}/availability", body))

    def book(self, wish: BookWish) -> Booked:
        """Book the room."""
        body = {
            "rate_token": wish.offer.token,
            "guest": {"name_kana": wish.kana, "name": wish.name},
            "reference": wish.reference,
        }
        return writing(_booked, self.http.write(f"{PREFIX}/itineraries", body))

    def find(self, reference: str) -> list[Found]:
        """Bookings under our reference."""
        body = self.http.read("GET", f"{PREFIX}/itineraries?reference={reference}")
        return reading(lambda answer: [_found(itinerary) for itinerary in answer["itineraries"]], body)

    def quote_cancel(self, number: str) -> CancelQuote:
        """What cancelling costs now."""
        return reading(_quote, self.http.read("POST", f"{PREFIX}/itineraries/{number}/cancel-quote", {}))

    def cancel(self, number: str, *, max_fee: int) -> Cancelled:
        """Cancel at a fee of at most `max_fee` yen."""
        answer = self.http.write(f"{PREFIX}/itineraries/{number}/cancel", {"max_fee_yen": max_fee})
        return writing(_cancelled, answer)


def _booked(body: dict[str, Any]) -> Booked:
    on_the_spot = body["local_tax_payment"] == "onsite"
    return Booked(str(body["itinerary_id"]), int(body["price_yen"] if on_the_spot else body["total_yen"]))


def _quote(body: dict[str, Any]) -> CancelQuote:
    # Nothing has been paid before check-out, so nothing comes back.
    return CancelQuote(int(body["fee_yen"]), 0, dt.datetime.fromisoformat(body["valid_until"]))


def _cancelled(body: dict[str, Any]) -> Cancelled:
    return Cancelled(int(body["fee_yen"]), 0, dt.datetime.fromisoformat(body["cancelled_at"]))


def _found(body: dict[str, Any]) -> Found:
    cancelled = _cancelled(body["cancellation"]) if body["cancellation"] else None
    return Found("cancelled" if cancelled else "held", _booked(body), None, cancelled)
