"""One flight on its way: brought to the call in question, and looked at from both sides."""

from accounts.models import User
from booking.models import CallVerb, Charge, Reservation, SupplierCall
from booking.services import cancelling, driving
from booking.tasks import BOOKER
from tests.factories import acting
from tests.world import Sandbox, drafted, searched, submitted, token


def drafted_flight(traveller: User) -> Reservation:
    """A flight that is chosen and can be cancelled at a fee; JALオンライン knows no repeats: sent twice is booked twice."""
    search = searched(traveller)
    trip = drafted(traveller, search, out=token(search, "out", "jal_online", has="セイバー"))
    return trip.reservations.get()


def flight_before(traveller: User, verb: str) -> Reservation:
    """A confirmed flight whose call of this verb stands in its row, carried out by nobody."""
    flight = drafted_flight(traveller)
    submitted(traveller, flight.trip)
    while verb != CallVerb.BOOK:
        call = SupplierCall.objects.exclude(state="done").first()
        if call is None:
            flight.refresh_from_db()
            cancelling.claim_cancellation(acting(traveller), flight, max_fee=driving.quote_cancel(flight).fee)
            break
        if call.verb == verb:
            break
        driving.carry_out(BOOKER, call.pk)
    flight.refresh_from_db()
    return flight


def open_call(flight: Reservation) -> SupplierCall:
    """The one call that is under way."""
    return flight.calls.exclude(state="done").get()


def is_in(flight: Reservation, *states: str) -> bool:
    """Whether the portal has come to one of these states."""
    flight.refresh_from_db()
    return flight.state in states


def held(sandbox: Sandbox, flight: Reservation) -> list[str]:
    """The state of every booking that the supplier ever made under the flight's key; the truth."""
    return [row["state"] for row in sandbox.truth()["bookings"] if row["reference"] == flight.reference]


def sent(sandbox: Sandbox, operation: str) -> int:
    """How often the supplier was asked for an operation."""
    return int(sandbox.control("GET", "requests")["counts"].get(f"jal-online.{operation}", 0))


def charged(flight: Reservation) -> list[int]:
    """What the ledger says, in yen, in the order in which it was written."""
    return list(Charge.objects.filter(reservation=flight).order_by("pk").values_list("amount", flat=True))


def paid(flight: Reservation) -> list[int]:
    """What a ticket costs as the ledger writes it: the fare, then the 旅客施設使用料 of 羽田 (450) and 福岡 (110)."""
    assert flight.price is not None
    return [flight.price - 560, 560]
