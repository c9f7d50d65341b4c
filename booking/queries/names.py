"""What objects of this room are called in the log."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from booking.models import Connection, Disruption, Feed, Reservation, Trip
from lib import jst


def trip_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Trips by number and destination."""
    rows = Trip.objects.filter(public_id__in=list(ids)).values_list("public_id", "number", "destination_name")
    return {public_id: f"{number} {destination}" for public_id, number, destination in rows}


def reservation_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Reservations by title."""
    return dict(Reservation.objects.filter(public_id__in=list(ids)).values_list("public_id", "title"))


def feed_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Feeds by file name."""
    return dict(Feed.objects.filter(public_id__in=list(ids)).values_list("public_id", "file_name"))


def connection_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Connections by name."""
    return dict(Connection.objects.filter(public_id__in=list(ids)).values_list("public_id", "name"))


def disruption_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Disruptions by train or flight and day."""
    rows = Disruption.objects.filter(public_id__in=list(ids))
    return {each.public_id: f"{each.service} {jst.short_day(each.day)}" for each in rows}
