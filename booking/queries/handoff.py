"""The hand-off page: values to copy, the limit, the supplier's site."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.queries import member_number_on
from booking.models import Reservation
from booking.suppliers.base import HandsOff
from booking.suppliers.registry import adapter_for
from booking.suppliers.types import CopyValue, Link, Offer, offer_from_json
from lib import clock


@dataclass(frozen=True, slots=True)
class HandoffPage:
    """Everything on the page."""

    offer: Offer
    values: Sequence[CopyValue]
    number_label: str
    number_hint: str
    site_url: str
    limit: int | None


def handoff_page(reservation: Reservation, *, offer: Offer | None = None) -> HandoffPage:
    """What the person carries over to the supplier's own site: the booking, or what it shall be changed to (`offer`)."""
    connection, trip = reservation.connection, reservation.trip
    adapter = adapter_for(reservation.supplier, Link("", connection.site_url), HandsOff)
    offer = offer or offer_from_json(reservation.offer)
    member = member_number_on(trip.traveller, reservation.supplier, clock.today())
    others = trip.reservations.exclude(pk=reservation.pk).exclude(
        state__in=["failed", "expired", "cancelled", "withdrawn"]
    )
    spent = sum(price or 0 for price in others.values_list("price", flat=True))
    return HandoffPage(
        offer=offer,
        values=adapter.values(offer, trip_number=trip.number, member=member, name=trip.traveller.name),
        number_label=adapter.number_label,
        number_hint=adapter.number_hint,
        site_url=connection.site_url,
        limit=trip.authorised_total - spent if trip.authorised_total is not None else None,
    )
