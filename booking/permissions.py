"""Actions on bookings; the table of roles stands in accounts."""

READ_TRIP = "booking.trip.read"
ARRANGE_TRIP = "booking.trip.arrange"
SEARCH = "booking.search"
RECORD = "booking.reservation.record"
IMPORT_FEED = "booking.feed.import"
READ_FEED = "booking.feed.read"
HANDLE_DISRUPTION = "booking.disruption.handle"
