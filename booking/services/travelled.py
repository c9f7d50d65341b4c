"""What happens when the day has come: stays are settled at check-out, rides become used."""

from audit.changes import advance
from booking.models import ChargeSource, Reservation, ReservationState, StayNight, Trip
from booking.services.arranging import close_trip_if_over
from booking.services.following import follow_change
from booking.services.ledger import charge_nights
from booking.states import RESERVATION_MOVES
from booking.suppliers.registry import KINDS
from lib import clock
from lib.actor import Actor
from lib.verbs import verb

STAYS = [supplier for supplier, kind in KINDS.items() if kind == "stay"]


def stays_to_settle() -> list[Reservation]:
    """Booked stays whose check-out day has come."""
    staying = StayNight.objects.filter(date__gte=clock.today()).values("reservation")
    found = Reservation.objects.filter(state=ReservationState.BOOKED, supplier__in=STAYS, nights__isnull=False)
    return list(found.exclude(pk__in=staying).select_related("trip__traveller", "connection").distinct()[:200])


@verb
def settle_stay(actor: Actor, reservation: Reservation) -> None:
    """Check-out: each night and its taxes become charges, billed by the night."""
    Trip.objects.locked(reservation.trip_id)
    source = ChargeSource.OPERATOR if reservation.way == "operator" else ChargeSource.SUPPLIER
    advance(
        reservation,
        ReservationState.USED,
        code="booking.reservation.used",
        allowed=RESERVATION_MOVES,
        actor=actor,
        about=[reservation.trip],
    )
    charge_nights(actor, reservation, source=source)
    follow_change(actor, reservation)
    close_trip_if_over(actor, reservation.trip)
