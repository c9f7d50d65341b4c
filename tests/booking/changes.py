"""Changing in tests: a booking, a search for something else instead, the choice, and what then stands."""

import datetime as dt
from typing import Any

from accounts.models import User
from booking.models import Change, Charge, Reservation, Search, Segment, Trip
from booking.services import driving
from booking.services.changing import confirm_change, propose_change
from booking.services.handoff import enter_number
from booking.services.searching import ask_supplier, open_search, wish_instead
from booking.services.trips import read_picks
from booking.suppliers.types import offer_from_json
from booking.tasks import BOOKER
from tests.factories import acting
from tests.world import drafted, searched, submitted, token, work_off

FLEX = "ビジネスフレックス"


def ticketed(traveller: User, has: str = FLEX, part: str = "out", supplier: str = "jal_online") -> Reservation:
    """A flight (or a train to be bought) of a trip of its own, arranged as far as it goes."""
    search = searched(traveller)
    chosen = {part: token(search, part, supplier, has=has)}
    trip = submitted(traveller, drafted(traveller, search, **chosen))
    work_off()
    return trip.reservations.get()


def looked(
    traveller: User, reservation: Reservation, *, days: int = 0, nights: int = 0, air: bool = True, rail: bool = True
) -> Search:
    """A search for something else instead, with all answers in; `days` later than the booking."""
    ride, night = reservation.segments.first(), reservation.nights.first()
    first = ride.travel_on if ride else night.date if night else reservation.trip.first_day
    day = first + dt.timedelta(days=days)
    wish = wish_instead(reservation, day=day, nights=nights, air=air, rail=rail)
    search = open_search(acting(traveller), wish)
    for answer in search.answers.all():
        ask_supplier(BOOKER, answer.pk)
    return search


def proposed(traveller: User, search: Search, part: str = "out", **which: Any) -> Change:
    """The n-th fitting offer of the search, chosen."""
    supplier = which.pop("supplier", "jal_online")
    picks = read_picks(search, {part: token(search, part, supplier, **which)})
    return propose_change(acting(traveller), search, pick=picks[0])


def other_flight(traveller: User, flight: Reservation, *, has: str = FLEX, n: int = 2, days: int = 0) -> Change:
    """Another flight than this one, chosen."""
    return proposed(traveller, looked(traveller, flight, days=days), has=has, n=n)


def confirmed(traveller: User, change: Change) -> Change:
    """The change, confirmed at what the supplier quotes."""
    quote = driving.quote_change(change.reservation, offer_from_json(change.offer))
    confirm_change(acting(traveller), change, max_cost=quote.cost, max_fee=quote.fee)
    change.refresh_from_db()
    return change


def live(trip: Trip) -> list[tuple[str, str]]:
    """The rides of a trip that stand for something, with the state of their booking."""
    return sorted(
        Segment.objects.filter(reservation__trip=trip, live=True).values_list("service", "reservation__state")
    )


def yen_of(reservation: Reservation) -> list[int]:
    """What the ledger says of a booking, in the order of recording."""
    return [charge.amount for charge in Charge.objects.filter(reservation=reservation).order_by("pk")]


def bought_train(traveller: User, *, price: int | None = 23_280) -> Reservation:
    """A train bought at the supplier's own site under number 2001; without a price when the person did not know it."""
    ride = ticketed(traveller, has="", part="back", supplier="ex")
    enter_number(acting(traveller), ride, number="2001", price=price)
    ride.refresh_from_db()
    return ride
