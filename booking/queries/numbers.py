"""Whose number at a supplier is whose."""

from django.db.models import Q

from booking.models import Reservation
from booking.states import LIVE
from lib import clock


def stands_elsewhere(reservation: Reservation, number: str) -> bool:
    """Whether another booking of the traveller that lies ahead has this number at the supplier, whenever it was made.

    Suppliers use a number again only once its ride is over; the database itself knows a number by the day of booking.
    """
    ahead = Q(segments__arrives__gt=clock.now()) | Q(nights__date__gte=clock.today())
    same = Reservation.objects.filter(supplier=reservation.supplier, number=number, state__in=LIVE)
    return same.filter(ahead, trip__traveller=reservation.trip.traveller_id).exclude(pk=reservation.pk).exists()
