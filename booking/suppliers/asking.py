"""What a supplier holds under our own key, asked before something is sent."""

from booking.suppliers.base import Books
from booking.suppliers.errors import NotSent, Refused
from booking.suppliers.types import Found


def held_under(adapter: Books, reference: str) -> list[Found]:
    """The bookings under a reference. Raises SupplierError, and NotSent for a no: to a question it answers no wish."""
    try:
        return adapter.find(reference)
    except Refused as refusal:
        raise NotSent(refusal.message, detail=refusal.code) from refusal
