"""Quotes of several cancellations for one page: what each costs now, or why its supplier does not say."""

from collections.abc import Iterable, Mapping

from booking.errors import SupplierAway
from booking.models import Reservation
from booking.services.driving import quote_cancel
from booking.suppliers.types import CancelQuote
from lib.verbs import driver


@driver
def quote_cancels(reservations: Iterable[Reservation]) -> Mapping[int, CancelQuote | str]:
    """By the reservation's key: what cancelling costs now, asked one after the other; or the words to show instead."""
    found: dict[int, CancelQuote | str] = {}
    for reservation in reservations:
        try:
            found[reservation.pk] = quote_cancel(reservation)
        except SupplierAway as away:
            found[reservation.pk] = away.message
    return found
