"""Addresses of bookings; public ids only."""

from django.urls import path

from booking.views import (
    calls,
    cancelling,
    changing,
    confirming,
    connections,
    feeds,
    handoff,
    recording,
    refunds,
    searching,
    trips,
    waiting,
)

app_name = "booking"
urlpatterns = [
    path("places/", searching.places, name="places"),
    path("search/", searching.search, name="search"),
    path("search/<uuid:pk>/", searching.results, name="results"),
    path("search/<uuid:pk>/choose/", searching.choose, name="choose"),
    path("trips/", trips.trips, name="trips"),
    path("trips/<uuid:pk>/", trips.trip, name="trip"),
    path("trips/<uuid:pk>/confirm/", confirming.confirm, name="confirm"),
    path("trips/<uuid:pk>/withdraw/", trips.withdraw, name="withdraw"),
    path("reservations/<uuid:pk>/ticket/", trips.ticket, name="ticket"),
    path("reservations/<uuid:pk>/handoff/", handoff.handoff, name="handoff"),
    path("reservations/<uuid:pk>/give-up/", handoff.give_up, name="give_up"),
    path("reservations/<uuid:pk>/stop-waiting/", waiting.stop_waiting, name="stop_waiting"),
    path("reservations/<uuid:pk>/go-on/", waiting.go_on, name="go_on"),
    path("reservations/<uuid:pk>/cancel/", cancelling.cancel, name="cancel"),
    path("reservations/<uuid:pk>/change/", changing.look, name="change"),
    path("changes/<uuid:pk>/", changing.change, name="change_page"),
    path("changes/<uuid:pk>/number/", changing.number, name="change_number"),
    path("changes/<uuid:pk>/drop/", changing.drop, name="change_drop"),
    path("reservations/<uuid:pk>/refund/", refunds.refund, name="refund"),
    path("reservations/<uuid:pk>/no-show/", refunds.no_show, name="no_show"),
    path("record/", recording.record, name="record"),
    path("calls/", calls.calls, name="calls"),
    path("calls/<uuid:pk>/", calls.call, name="call"),
    path("calls/<uuid:pk>/ask/", calls.ask, name="call_ask"),
    path("calls/<uuid:pk>/settle/", calls.settle, name="call_settle"),
    path("connections/", connections.connections, name="connections"),
    path("connections/<uuid:pk>/resume/", connections.resume, name="resume_connection"),
    path("feeds/", feeds.feeds, name="feeds"),
    path("feeds/<uuid:pk>/", feeds.feed, name="feed"),
]
