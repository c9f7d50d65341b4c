"""Two ways into the portal: over HTTP with a browser's session and forms, and through the same verbs directly."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

import httpx
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.test import Client
from django.urls import reverse

from accounts.models import User
from booking.models import Change, ChangeKind, ChargeSource, Reservation, Search, Trip
from booking.services import arranging, cancelling, changing, driving, handoff, scheduling
from booking.services.searching import Wish, open_search, wish_instead
from booking.services.trips import draft_total, draft_trip, read_picks, submit_trip
from booking.suppliers.types import offer_from_json
from lib.errors import PortalError
from tests.factories import acting
from tests.signin import sign_in

# What a person answers by trying again: the server is away, or its database.
AWAY = (OperationalError, InterfaceError, httpx.TransportError)
GIVE_UP = "予約をやめた"


class Away(Exception):
    """A page of the portal that says: later."""


class Refused(Exception):
    """The portal said no, in words."""


class Door(Protocol):
    """What a person can do."""

    def search(self, wish: Wish) -> UUID: ...
    def choose(self, search: UUID, tokens: Mapping[str, str]) -> UUID: ...
    def confirm(self, trip: UUID) -> None: ...
    def ticket(self, reservation: Reservation, price: int | None) -> None: ...
    def go_on(self, reservation: Reservation) -> None: ...
    def stop_waiting(self, reservation: Reservation) -> None: ...
    def enter_number(self, reservation: Reservation, number: str, price: int | None) -> None: ...
    def give_up(self, reservation: Reservation) -> None: ...
    def cancel(self, reservation: Reservation) -> None: ...
    def refunded(self, reservation: Reservation, fee: int) -> None: ...
    def look_instead(self, reservation: Reservation, day: dt.date, nights: int, kind: str) -> UUID: ...
    def propose(self, search: UUID, tokens: Mapping[str, str]) -> UUID: ...
    def change(self, change: UUID) -> None: ...
    def drop(self, change: UUID) -> None: ...
    def changed_at_the_site(self, change: UUID, number: str, price: int) -> None: ...


class Services:
    """The verbs, as a view calls them."""

    def __init__(self, user: User) -> None:
        self.user = user

    def search(self, wish: Wish) -> UUID:
        return open_search(acting(self.user), wish).public_id

    def choose(self, search: UUID, tokens: Mapping[str, str]) -> UUID:
        asked = Search.objects.get(public_id=search)
        return draft_trip(acting(self.user), asked, picks=read_picks(asked, tokens)).public_id

    def confirm(self, trip: UUID) -> None:
        row = Trip.objects.get(public_id=trip)
        if row.state == "draft":
            submit_trip(acting(self.user), row, version=row.version, total=draft_total(row))

    def ticket(self, reservation: Reservation, price: int | None) -> None:
        if price is None:
            arranging.ticket_reservation(acting(self.user), reservation)
        else:
            arranging.accept_price(acting(self.user), reservation, price=price)

    def go_on(self, reservation: Reservation) -> None:
        scheduling.accept_wish(acting(self.user), reservation, price=reservation.price or 0)

    def stop_waiting(self, reservation: Reservation) -> None:
        scheduling.withdraw_wish(acting(self.user), reservation)

    def enter_number(self, reservation: Reservation, number: str, price: int | None) -> None:
        handoff.enter_number(acting(self.user), reservation, number=number, price=price)

    def give_up(self, reservation: Reservation) -> None:
        handoff.give_up(acting(self.user), reservation, why=GIVE_UP)

    def cancel(self, reservation: Reservation) -> None:
        quote = driving.quote_cancel(reservation)
        cancelling.claim_cancellation(acting(self.user), reservation, max_fee=quote.fee)

    def refunded(self, reservation: Reservation, fee: int) -> None:
        cancelling.record_own_cancellation(acting(self.user), reservation, fee=fee, source=ChargeSource.ENTERED)

    def look_instead(self, reservation: Reservation, day: dt.date, nights: int, kind: str) -> UUID:
        asked = wish_instead(reservation, day=day, nights=nights, air=kind == "air", rail=kind == "rail")
        return open_search(acting(self.user), asked).public_id

    def propose(self, search: UUID, tokens: Mapping[str, str]) -> UUID:
        asked = Search.objects.get(public_id=search)
        return changing.propose_change(acting(self.user), asked, pick=read_picks(asked, tokens)[0]).public_id

    def change(self, change: UUID) -> None:
        row = Change.objects.select_related("reservation__trip__traveller", "reservation__connection").get(
            public_id=change
        )
        old, offer = row.reservation, offer_from_json(row.offer)
        if row.kind == ChangeKind.EXCHANGE:
            quote = driving.quote_change(old, offer)
            cost, fee = quote.difference + quote.fee, quote.fee
        elif row.kind == ChangeKind.REBOOK:
            fee = driving.quote_cancel(old).fee
            cost = (offer.price or 0) - (old.price or 0) + fee
        elif row.kind == ChangeKind.OWN:
            cost, fee = (offer.price or 0) - (old.price or 0), 0
        else:
            cost, fee = offer.price or 0, 0
        changing.confirm_change(acting(self.user), row, max_cost=cost, max_fee=fee)

    def drop(self, change: UUID) -> None:
        changing.drop_change(acting(self.user), Change.objects.get(public_id=change))

    def changed_at_the_site(self, change: UUID, number: str, price: int) -> None:
        row = Change.objects.select_related("reservation__trip__traveller", "reservation__connection")
        changing.record_own_change(acting(self.user), row.get(public_id=change), number=number, price=price)


class Browser:
    """Pages and forms over HTTP. A form's token and hidden fields come from its page, as in a browser."""

    def __init__(self, user: User, origin: str) -> None:
        self.user = user
        session = sign_in(Client(), user).cookies[settings.SESSION_COOKIE_NAME].value
        self.client = httpx.Client(base_url=origin, timeout=15, headers={"Referer": f"{origin}/"})
        self.client.cookies.set(settings.SESSION_COOKIE_NAME, session)

    def page(self, address: str) -> str:
        """A page's text; raises Away for one that says later, Refused for a way that leads elsewhere."""
        answer = self.client.get(address)
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Away(f"{answer.status_code} {address}")
        if answer.status_code != 200:
            raise Refused(f"{answer.status_code} {address}")
        return answer.text

    def send(self, page: str, address: str, fields: Mapping[str, str | list[str]]) -> str:
        """A form of a page, sent; where it led to."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None, page[:500]
        answer = self.client.post(address, data={"csrfmiddlewaretoken": token[1], **fields})
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Away(f"{answer.status_code} {address}")
        if answer.status_code != 303:
            raise Refused(f"{answer.status_code} {address}")
        return answer.headers["location"]

    def search(self, wish: Wish) -> UUID:
        address = reverse("booking:search")
        days = {f"out_on_{part}": str(getattr(wish.out_on, name)) for part, name in PARTS}
        if wish.back_on:
            days |= {f"back_on_{part}": str(getattr(wish.back_on, name)) for part, name in PARTS}
        fields: dict[str, str | list[str]] = {
            "traveller": str(wish.traveller.public_id),
            "purpose": wish.purpose,
            "origin": wish.origin.name,
            "destination": wish.destination.name,
            "trip_type": "round" if wish.back_on else "one_way",
            "nights": str(wish.nights),
            "kinds": [kind for kind in ("air", "rail") if getattr(wish, kind)],
            **days,
        }
        return _id_in(self.send(self.page(address), address, fields))

    def choose(self, search: UUID, tokens: Mapping[str, str]) -> UUID:
        page = self.page(reverse("booking:results", args=[search]))
        return _id_in(self.send(page, reverse("booking:choose", args=[search]), tokens))

    def confirm(self, trip: UUID) -> None:
        address = reverse("booking:confirm", args=[trip])
        answer = self.client.get(address)
        if answer.status_code == 303:
            return
        page = self.page(address)
        shown = dict(re.findall(r'name="(version|total)" value="(\d+)"', page))
        self.send(page, address, {**shown, "consent": "on"})

    def _trip_page(self, reservation: Reservation) -> str:
        return self.page(reverse("booking:trip", args=[reservation.trip.public_id]))

    def ticket(self, reservation: Reservation, price: int | None) -> None:
        fields = {} if price is None else {"price": str(price)}
        address = reverse("booking:ticket", args=[reservation.public_id])
        self.send(self._trip_page(reservation), address, fields)

    def go_on(self, reservation: Reservation) -> None:
        address = reverse("booking:go_on", args=[reservation.public_id])
        self.send(self._trip_page(reservation), address, {"price": str(reservation.price)})

    def stop_waiting(self, reservation: Reservation) -> None:
        self.send(self._trip_page(reservation), reverse("booking:stop_waiting", args=[reservation.public_id]), {})

    def enter_number(self, reservation: Reservation, number: str, price: int | None) -> None:
        address = reverse("booking:handoff", args=[reservation.public_id])
        fields = {"number": number, "price": "" if price is None else str(price)}
        self.send(self.page(address), address, fields)

    def give_up(self, reservation: Reservation) -> None:
        page = self.page(reverse("booking:handoff", args=[reservation.public_id]))
        self.send(page, reverse("booking:give_up", args=[reservation.public_id]), {"why": GIVE_UP})

    def cancel(self, reservation: Reservation) -> None:
        address = reverse("booking:cancel", args=[reservation.public_id])
        page = self.page(address)
        fee = re.search(r'name="max_fee" value="(\d+)"', page)
        if fee is None:
            raise Refused("no fee on the page")
        self.send(page, address, {"max_fee": fee[1]})

    def refunded(self, reservation: Reservation, fee: int) -> None:
        address = reverse("booking:cancel", args=[reservation.public_id])
        self.send(self.page(address), address, {"fee": str(fee)})

    def look_instead(self, reservation: Reservation, day: dt.date, nights: int, kind: str) -> UUID:
        address = reverse("booking:change", args=[reservation.public_id])
        fields: dict[str, str | list[str]] = {f"day_{part}": str(getattr(day, name)) for part, name in PARTS}
        fields |= {"nights": str(nights)} if nights else {"kinds": [kind]}
        return _id_in(self.send(self.page(address), address, fields))

    def propose(self, search: UUID, tokens: Mapping[str, str]) -> UUID:
        return self.choose(search, tokens)

    def change(self, change: UUID) -> None:
        address = reverse("booking:change_page", args=[change])
        page = self.page(address)
        shown = {name: re.search(rf'name="{name}" value="(-?\d+)"', page) for name in ("max_cost", "max_fee")}
        if not all(shown.values()):
            raise Refused("no cost on the page")
        self.send(page, address, {name: found[1] for name, found in shown.items() if found})

    def drop(self, change: UUID) -> None:
        page = self.page(reverse("booking:change_page", args=[change]))
        self.send(page, reverse("booking:change_drop", args=[change]), {})

    def changed_at_the_site(self, change: UUID, number: str, price: int) -> None:
        page = self.page(reverse("booking:change_page", args=[change]))
        address = reverse("booking:change_number", args=[change])
        self.send(page, address, {"number": number, "price": str(price)})


PARTS = (("y", "year"), ("m", "month"), ("d", "day"))
NO = (PortalError, Refused)


def _id_in(address: str) -> UUID:
    found = re.search(r"/(?:search|trips|changes)/([0-9a-f-]{36})/", address)
    if found is None:
        raise Refused(f"led to {address}")
    return UUID(found[1])
