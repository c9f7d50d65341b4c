"""What a reservation is for."""

from booking.models import Reservation, TripItem


def part_of(reservation: Reservation) -> TripItem:
    """The wish that a reservation serves: that of its first ride or night."""
    first = reservation.segments.select_related("item").first() or reservation.nights.select_related("item").first()
    if first is None:
        raise LookupError(f"reservation {reservation.pk} has neither ride nor night")
    return first.item
