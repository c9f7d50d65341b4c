"""Addresses of bookings; public ids only."""

from django.urls import path

from booking.views import (
    cancelling,
    changing,
    confirming,
    disruptions,
    feeds,
    handoff,
    recording,
    refunds,
    searching,
    trips,
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
    path("trips/<uuid:pk>/cancel/", cancelling.cancel_trip, name="cancel_trip"),
    path("reservations/<uuid:pk>/ticket/", trips.ticket, name="ticket"),
    path("reservations/<uuid:pk>/handoff/", handoff.handoff, name="handoff"),
    path("reservations/<uuid:pk>/give-up/", handoff.give_up, name="give_up"),
    path("reservations/<uuid:pk>/cancel/", cancelling.cancel, name="cancel"),
    path("reservations/<uuid:pk>/change/", changing.look, name="change"),
    path("changes/<uuid:pk>/", changing.change, name="change_page"),
    path("changes/<uuid:pk>/number/", changing.number, name="change_number"),
    path("changes/<uuid:pk>/drop/", changing.drop, name="change_drop"),
    path("reservations/<uuid:pk>/refund/", refunds.refund, name="refund"),
    path("reservations/<uuid:pk>/no-show/", refunds.no_show, name="no_show"),
    path("disruptions/", disruptions.disruptions, name="disruptions"),
    path("disruptions/new/", disruptions.enter, name="disruption_enter"),
    path("disruptions/<uuid:pk>/", disruptions.disruption, name="disruption"),
    path("disruptions/<uuid:pk>/correct/", disruptions.correct, name="disruption_correct"),
    path("disruptions/<uuid:pk>/withdraw/", disruptions.withdraw, name="disruption_withdraw"),
    path("disruptions/bookings/<uuid:pk>/", disruptions.follow_up, name="disruption_follow_up"),
    path("record/", recording.record, name="record"),
    path("feeds/", feeds.feeds, name="feeds"),
    path("feeds/<uuid:pk>/", feeds.feed, name="feed"),
]
