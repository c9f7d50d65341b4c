"""Bookings that an operator recorded, ticketed or booked, without a supplier to talk to."""

import datetime as dt

from accounts.models import User
from booking.models import Connection, Reservation, Settlement, Way
from booking.services.recording import Purchase, record_reservation
from booking.services.reference import load_reference_table
from booking.suppliers.types import Night, Ride
from lib import clock, jst
from lib.actor import Actor
from tests import factories
from tests.factories import SETUP, acting, person

WAYS = {"ex": Way.HANDOFF, "jal_online": Way.API, "yado_net": Way.API}


def load_rules() -> None:
    """The contract, tax classes, and what each supplier's sales are."""
    factories.contract()
    for table in ("tax_rules", "natures"):
        load_reference_table(SETUP, table)


def bought(
    traveller: User | None = None,
    *,
    supplier: str = "ex",
    days: int = 14,
    price: int = 14400,
    settlement: str = Settlement.LUMP,
    by: Actor | None = None,
) -> Reservation:
    """A ride, flight or night in `days` days, recorded by an operator (`by`)."""
    day = clock.today() + dt.timedelta(days=days)
    trip = factories.trip(traveller or person(), day=day)
    way = Connection.objects.filter(supplier=supplier).first() or factories.connection(supplier, WAYS[supplier])
    stay = supplier == "yado_net"
    ride = Ride("のぞみ21号", "新横浜", "博多", jst.at(day, 10, 40), jst.at(day, 15, 20))
    purchase = Purchase(
        "stay" if stay else "out",
        way,
        "2001",
        price,
        "ホテル博多" if stay else ride.service,
        settlement=settlement,
        rides=[] if stay else [ride],
        nights=[Night(day, price)] if stay else [],
    )
    return record_reservation(by or acting(person("operator")), trip, purchase)


def booked_money(reservation: Reservation) -> list[tuple[str, int]]:
    """The charges of a reservation by kind, in the order of recording."""
    return list(reservation.charges.order_by("pk").values_list("kind", "amount"))
