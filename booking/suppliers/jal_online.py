"""JALオンライン over the portal's own contract (sandbox/openapi.yaml): the airline publishes no such interface.

Held at booking without cost, ticketed until `hold_until`, then money is due. Booking is not idempotent: our reference
travels in 備考 and can be searched for, so a repeat is only made after asking.
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
    Changed,
    ChangeQuote,
    Found,
    Link,
    MoveAsk,
    Offer,
    Ride,
    Ticketed,
)
from lib import clock

PREFIX = "/jal-online/v1"
# 部課コード: three half-width alphanumerics (JALオンライン利用マニュアル); the portal uses one for the whole contract.
DEPARTMENT_CODE = "TRP"
SEATS = {"Y": "普通席", "J": "クラスJ", "F": "ファーストクラス"}
# An offer lives for 20 minutes of real time; a little less is promised, for the way there.
OFFER_LIFE = dt.timedelta(minutes=19)


def offers_from_wire(body: dict[str, Any], ask: MoveAsk) -> list[Offer]:
    """Offers of an availability answer; fares without a seat are left out."""
    return [
        _offer(flight, fare, ask) for flight in body["flights"] for fare in flight["fares"] if fare["seats_left"] > 0
    ]


def _offer(flight: dict[str, Any], fare: dict[str, Any], ask: MoveAsk) -> Offer:
    seats = int(fare["seats_left"])
    steps = [
        CancelStep(
            dt.datetime.fromisoformat(step["until"]) if step["until"] else None, int(step["fee_yen"]), step["note"]
        )
        for step in fare["terms"]
    ]
    ride = Ride(
        service=_service(flight),
        from_name=ask.origin_name,
        to_name=ask.destination_name,
        departs=dt.datetime.fromisoformat(flight["departs_at"]),
        arrives=dt.datetime.fromisoformat(flight["arrives_at"]),
    )
    return Offer(
        supplier="jal_online",
        title=ride.service,
        detail=_detail(fare),
        price=int(fare["price_yen"]),
        psfc=int(fare["psfc_yen"]),
        token=str(fare["offer_id"]),
        valid_until=clock.wall() + OFFER_LIFE,
        rides=[ride],
        steps=steps,
        change_words=f"変更 {fare['change_rule']}",
        cancel_words="取消 出発前 無料" if steps[0].fee == 0 else f"取消 {steps[0].fee:,}円から",
        seats="空席 あり" if seats >= 9 else f"空席 残り{seats}",
        ticket_form="チケットレス",
        changeable=bool(fare["changeable"]),
        family=str(fare["fare_code"]),
    )


def _detail(fare: dict[str, Any]) -> str:
    return f"{fare['fare_name']} {SEATS[fare['seat_class']]}"


def _service(flight: dict[str, Any]) -> str:
    return f"JAL {int(flight['flight_no'][2:])}"


class JalOnline:
    """The adapter."""

    costs_at: Literal["ticket", "book", "stay"] = "ticket"

    def __init__(self, link: Link) -> None:
        self.http = SupplierHttp(
            link.base_url,
            {
                "X-Corporate-Id": link.credentials.get("corporate_id", ""),
                "Authorization": f"Bearer {link.credentials.get('token', '')}",
            },
        )

    def search(self, ask: MoveAsk) -> list[Offer]:
        """Flights and fares of the day between two airports."""
        body = {"origin": ask.origin, "destination": ask.destination, "date": ask.day.isoformat()}
        if ask.member:
            body["member_no"] = ask.member
        answer = self.http.read("POST", f"{PREFIX}/availability", body)
        return reading(lambda wire: offers_from_wire(wire, ask), answer)

    def book(self, wish: BookWish) -> Booked:
        """Hold the flight; costs nothing yet."""
        body = {
            "offer_id": wish.offer.token,
            "passenger": {"name_kana": wish.kana, **({"member_no": wish.member} if wish.member else {})},
            "reference": wish.reference,
            "department_code": DEPARTMENT_CODE,
        }
        return writing(_booked, self.http.write(f"{PREFIX}/bookings", body))

    def ticket(self, number: str, *, max_yen: int) -> Ticketed:
        """Ticket what is held; money is due."""
        answer = self.http.write(f"{PREFIX}/bookings/{number}/ticket", {"max_price_yen": max_yen})
        return writing(lambda wire: _ticketed(number, wire), answer)

    def find(self, reference: str) -> list[Found]:
        """Bookings under our reference."""
        body = self.http.read("GET", f"{PREFIX}/bookings?reference={reference}")
        return reading(lambda answer: [_found(booking) for booking in answer["bookings"]], body)

    def quote_change(self, number: str, offer: Offer) -> ChangeQuote:
        """What changing to another flight of the same fare costs now; JAL takes no fee beside the difference."""
        body = self.http.read("POST", f"{PREFIX}/bookings/{number}/change-quote", {"offer_id": offer.token})
        return reading(_change_quote, body)

    def change(self, number: str, offer: Offer, *, max_cost: int) -> Changed:
        """Change to the offer, at a cost of at most `max_cost` yen; a ticket is exchanged for a new one."""
        wanted = {"offer_id": offer.token, "max_cost_yen": max_cost}
        return writing(_standing, self.http.write(f"{PREFIX}/bookings/{number}/change", wanted))

    def quote_cancel(self, number: str) -> CancelQuote:
        """What cancelling costs now."""
        body = self.http.read("POST", f"{PREFIX}/bookings/{number}/cancel-quote", {})
        return reading(_quote, body)

    def cancel(self, number: str, *, max_fee: int) -> Cancelled:
        """Cancel at a fee of at most `max_fee` yen."""
        return writing(_cancelled, self.http.write(f"{PREFIX}/bookings/{number}/cancel", {"max_fee_yen": max_fee}))


def _booked(body: dict[str, Any]) -> Booked:
    hold = body.get("hold_until")
    return Booked(
        str(body["pnr"]),
        int(body["price_yen"]),
        dt.datetime.fromisoformat(hold) if hold else None,
        psfc=int(body["psfc_yen"]),
    )


def _ticketed(number: str, body: dict[str, Any]) -> Ticketed:
    issued = dt.date.fromisoformat(body["issued_on"])
    return Ticketed(number, str(body["ticket_no"]), int(body["price_yen"]), issued)


def _quote(body: dict[str, Any]) -> CancelQuote:
    until = dt.datetime.fromisoformat(body["valid_until"])
    return CancelQuote(int(body["fee_yen"]), int(body["refund_yen"]), until)


def _change_quote(body: dict[str, Any]) -> ChangeQuote:
    return ChangeQuote(int(body["cost_yen"]), 0, dt.datetime.fromisoformat(body["valid_until"]))


def _standing(body: dict[str, Any]) -> Changed:
    hold = body["hold_until"] if body["state"] == "held" else None
    return Changed(
        service=_service(body["flight"]),
        departs=dt.datetime.fromisoformat(body["flight"]["departs_at"]),
        detail=_detail(body),
        price=int(body["price_yen"]),
        psfc=int(body["psfc_yen"]),
        hold_until=dt.datetime.fromisoformat(hold) if hold else None,
        ticketed=_ticketed(str(body["pnr"]), body["ticket"]) if body["ticket"] else None,
    )


def _cancelled(body: dict[str, Any]) -> Cancelled:
    return Cancelled(int(body["fee_yen"]), int(body["refund_yen"]), dt.datetime.fromisoformat(body["cancelled_at"]))


def _found(body: dict[str, Any]) -> Found:
    # A hold that ran out is as gone as a cancelled one.
    state = "cancelled" if body["state"] in {"cancelled", "expired"} else str(body["state"])
    ticketed = _ticketed(str(body["pnr"]), body["ticket"]) if body["ticket"] else None
    cancelled = _cancelled(body["cancellation"]) if body["cancellation"] else None
    return Found(state, _booked(body), ticketed, cancelled, _standing(body))
