"""Nouns for screens and exports, and facts that other rooms ask for."""

from booking.queries.claims import CLAIM_END
from booking.queries.disruptions import own_disruptions
from booking.queries.names import connection_names, disruption_names, feed_names, reservation_names, trip_names
from booking.queries.trips import TripPage, backlog, coming_trips, trip_list, trip_page
from booking.queries.work import work_items

__all__ = [
    "CLAIM_END",
    "TripPage",
    "backlog",
    "coming_trips",
    "connection_names",
    "disruption_names",
    "feed_names",
    "own_disruptions",
    "reservation_names",
    "trip_list",
    "trip_names",
    "trip_page",
    "work_items",
]
