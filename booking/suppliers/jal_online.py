"""JALオンライン over the portal's own contract (sandbox/openapi.yaml): the airline publishes no such interface.

Held at booking without cost, ticketed until `hold_until`, then money is due. Booking is not idempotent: our reference
travels in 備考 and can be searched for, so a repeat is only made after asking.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

from booking.suppliers.answers import (
    MOST_YEN,
    choice,
    code,
    day,
    expect,
    fields,
    flag,
    items,
    moment,
    optional,
    whole,
    words,
    yen,
)
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
PNR, TICKET, TOKEN = r"[A-Z0-9]{6}", r"131\d{10}", r"[\x21-\x7e]{1,400}"
FLIGHT, AIRPORT, FARE = r"JL\d{3,4}", r"[A-Z]{3}", r"[A-Z0-9]{1,20}"
STATES = frozenset({"held", "ticketed", "cancelled", "expired"})
SEATS = {"Y": "普通席", "J": "クラスJ", "F": "ファーストクラス"}
# An offer lives for 20 minutes of real time; a little less is promised, for the way there.
OFFER_LIFE = dt.timedelta(minutes=19)


def offers_from_wire(body: dict[str, Any], ask: MoveAsk) -> list[Offer]:
    """Offers of an availability answer; fares without a seat are left out."""
    return [
        _offer(flight, fare, ask)
        for flight in items(body, "flights")
        for fare in items(flight, "fares")
        if whole(fare, "seats_left", most=9) > 0
    ]


def _offer(flight: dict[str, Any], fare: dict[str, Any], ask: MoveAsk) -> Offer:
    seats = whole(fare, "seats_left", most=9)
    steps = [_step(term) for term in items(fare, "terms")]
    expect(bool(steps), "no terms")
    departs, arrives = moment(flight, "departs_at"), moment(flight, "arrives_at")
    expect(departs < arrives and departs.astimezone(clock.JST).date() == ask.day, "a flight of another day")
    ends = (code(flight, "origin", AIRPORT), code(flight, "destination", AIRPORT))
    expect(ends == (ask.origin, ask.destination), "a flight between other airports")
    price, psfc = yen(fare, "price_yen"), yen(fare, "psfc_yen")
    expect(psfc <= price, "a charge above the price")
    ride = Ride(
        service=_service(flight),
        from_name=ask.origin_name,
        to_name=ask.destination_name,
        departs=departs,
        arrives=arrives,
    )
    return Offer(
        supplier="jal_online",
        title=ride.service,
        detail=_detail(fare),
        price=price,
        psfc=psfc,
        token=code(fare, "offer_id", TOKEN),
        valid_until=clock.wall() + OFFER_LIFE,
        rides=[ride],
        steps=steps,
        change_words=f"変更 {words(fare, 'change_rule')}",
        cancel_words="取消 出発前 無料" if steps[0].fee == 0 else f"取消 {steps[0].fee:,}円から",
        seats="空席 あり" if seats >= 9 else f"空席 残り{seats}",
        ticket_form="チケットレス",
        changeable=flag(fare, "changeable"),
        family=code(fare, "fare_code", FARE),
    )


def _detail(fare: dict[str, Any]) -> str:
    return f"{words(fare, 'fare_name')} {SEATS[choice(fare, 'seat_class', SEATS)]}"


def _service(flight: Mapping[str, Any]) -> str:
    return f"JAL {int(code(flight, 'flight_no', FLIGHT)[2:])}"


def _step(term: dict[str, Any]) -> CancelStep:
    return CancelStep(optional(term, "until", moment), yen(term, "fee_yen"), words(term, "note", most=120))


class JalOnline:
    """The adapter."""

    costs_at: Literal["ticket", "book", "stay"] = "ticket"

    def __init__(self, link: Link) -> None:
        self.http = SupplierHttp(
            link,
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
        answer = self.http.write(f"{PREFIX}/bookings", body)
        return writing(lambda wire: _held(wish.reference, wire), answer)

    def ticket(self, number: str, *, max_yen: int) -> Ticketed:
        """Ticket what is held; money is due."""
        answer = self.http.write(f"{PREFIX}/bookings/{number}/ticket", {"max_price_yen": max_yen})
        return writing(lambda wire: _ticketed(number, wire), answer)

    def find(self, reference: str) -> list[Found]:
        """Bookings under our reference."""
        body = self.http.read("GET", f"{PREFIX}/bookings?reference={reference}")
        return reading(lambda answer: [_found(reference, booking) for booking in items(answer, "bookings")], body)

    def quote_change(self, number: str, offer: Offer) -> ChangeQuote:
        """What changing to another flight of the same fare costs now; JAL takes no fee beside the difference."""
        body = self.http.read("POST", f"{PREFIX}/bookings/{number}/change-quote", {"offer_id": offer.token})
        return reading(_change_quote, body)

    def change(self, number: str, offer: Offer, *, max_cost: int) -> Changed:
        """Change to the offer, at a cost of at most `max_cost` yen; a ticket is exchanged for a new one."""
        wanted = {"offer_id": offer.token, "max_cost_yen": max_cost}
        answer = self.http.write(f"{PREFIX}/bookings/{number}/change", wanted)
        return writing(lambda wire: _changed(number, offer.rides[0], wire), answer)

    def quote_cancel(self, number: str) -> CancelQuote:
        """What cancelling costs now."""
        body = self.http.read("POST", f"{PREFIX}/bookings/{number}/cancel-quote", {})
        return reading(_quote, body)

    def cancel(self, number: str, *, max_fee: int) -> Cancelled:
        """Cancel at a fee of at most `max_fee` yen."""
        return writing(_cancelled, self.http.write(f"{PREFIX}/bookings/{number}/cancel", {"max_fee_yen": max_fee}))


def _booked(reference: str, body: dict[str, Any]) -> Booked:
    expect(code(body, "reference", ".+") == reference, "a booking of another reference")
    choice(body, "state", STATES)
    hold = optional(body, "hold_until", moment)
    return Booked(code(body, "pnr", PNR), yen(body, "price_yen"), hold, psfc=yen(body, "psfc_yen"))


def _held(reference: str, body: dict[str, Any]) -> Booked:
    """What has just been booked."""
    booked = _booked(reference, body)
    expect(body["state"] == "held" and booked.hold_until is not None, "booked, but not held")
    expect(booked.hold_until is None or booked.hold_until > clock.now(), "held until some time ago")
    return booked


def _ticketed(number: str, body: dict[str, Any]) -> Ticketed:
    return Ticketed(number, code(body, "ticket_no", TICKET), yen(body, "price_yen"), day(body, "issued_on"))


def _quote(body: dict[str, Any]) -> CancelQuote:
    return CancelQuote(yen(body, "fee_yen"), yen(body, "refund_yen"), moment(body, "valid_until"))


def _change_quote(body: dict[str, Any]) -> ChangeQuote:
    cost = whole(body, "cost_yen", least=-MOST_YEN, most=MOST_YEN)
    expect(cost == yen(body, "new_price_yen") - yen(body, "old_price_yen"), "a cost that is no difference")
    return ChangeQuote(cost, 0, moment(body, "valid_until"))


def _changed(number: str, ride: Ride, body: dict[str, Any]) -> Changed:
    """What has just been changed; it stands, with its ticket or held for some time to come."""
    expect(code(body, "pnr", PNR) == number, "another booking")
    changed = _standing(number, body)
    expect((changed.service, changed.departs) == (ride.service, ride.departs), "changed to another flight")
    expect(choice(body, "state", STATES) in {"held", "ticketed"}, "changed, but gone")
    expect((body["state"] == "ticketed") == (changed.ticketed is not None), "a ticket only when ticketed")
    expect(changed.hold_until is None or changed.hold_until > clock.now(), "held until some time ago")
    return changed


def _standing(number: str, body: dict[str, Any]) -> Changed:
    flight = fields(body.get("flight"), "flight")
    price, psfc = yen(body, "price_yen"), yen(body, "psfc_yen")
    expect(psfc <= price, "a charge above the price")
    return Changed(
        service=_service(flight),
        departs=moment(flight, "departs_at"),
        detail=_detail(body),
        price=price,
        psfc=psfc,
        hold_until=moment(body, "hold_until") if choice(body, "state", STATES) == "held" else None,
        ticketed=optional(body, "ticket", lambda of, name: _ticketed(number, of[name])),
    )


def _cancelled(body: dict[str, Any]) -> Cancelled:
    return Cancelled(yen(body, "fee_yen"), yen(body, "refund_yen"), moment(body, "cancelled_at"))


def _found(reference: str, body: dict[str, Any]) -> Found:
    booked = _booked(reference, body)
    standing = _standing(booked.number, body)
    cancelled = optional(body, "cancellation", lambda of, name: _cancelled(of[name]))
    expect((body["state"] == "cancelled") == (cancelled is not None), "cancelled, but not when")
    expect(body["state"] != "ticketed" or standing.ticketed is not None, "ticketed without a ticket")
    # A hold that ran out is as gone as a cancelled one.
    state = "cancelled" if body["state"] == "expired" else str(body["state"])
    return Found(state, booked, standing.ticketed, cancelled, standing)
