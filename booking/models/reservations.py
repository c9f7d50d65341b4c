"""Reservations: one booking at one supplier, with its rides or nights."""

from typing import TypeVar

from django.db import models
from django.db.models import Q

from booking.models.connections import Connection
from booking.models.search import SearchAnswer
from booking.models.trips import Trip, TripItem
from booking.states import LIVE, ReservationState, Settlement, Way
from lib.actor import Actor
from lib.ids import uuid7

PartOfReservation = TypeVar("PartOfReservation", bound=models.Model)
HOLDS_PLACE = ["booked", "ticketing", "ticketed", "changing", "cancelling", "used", "no_show"]


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def visible_to(self, actor: Actor, action: str = "booking.trip.read") -> "ReservationQuerySet":
        """Reservations of the trips that the actor may reach."""
        return self.filter(trip__in=Trip.objects.visible_to(actor, action))

    def live(self) -> "ReservationQuerySet":
        """Those that still stand for something at a supplier, or may."""
        return self.filter(state__in=LIVE)


class Reservation(models.Model):
    """One booking at one supplier. Its key (`reference`) is fixed before the first call and travels to the supplier."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    trip = models.ForeignKey(Trip, on_delete=models.PROTECT, related_name="reservations")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    supplier = models.CharField(max_length=20)
    way = models.CharField(max_length=10, choices=Way)
    state = models.CharField("状態", max_length=12, choices=ReservationState, default=ReservationState.DRAFT)
    settlement = models.CharField("支払", max_length=4, choices=Settlement, default=Settlement.LUMP)
    reference = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=80)
    detail = models.CharField(max_length=120, blank=True)
    member_index = models.CharField(max_length=64, blank=True, editable=False)
    number = models.CharField("予約番号", max_length=30, blank=True)
    ticket_number = models.CharField("航空券番号", max_length=30, blank=True)
    operated_on = models.DateField("購入・操作の日", null=True)
    price = models.PositiveIntegerField("金額", null=True)
    is_estimate = models.BooleanField("目安", default=False)
    offer = models.JSONField(default=dict)
    answer = models.ForeignKey(SearchAnswer, on_delete=models.PROTECT, null=True, related_name="+")
    terms = models.JSONField("取消条件", default=list)
    waiting_since = models.DateTimeField("待ち始め", null=True)
    not_before = models.DateTimeField("予約を始めるとき", null=True)
    hold_until = models.DateTimeField("確保の期限", null=True)
    booked_at = models.DateTimeField(null=True)
    ticketed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancel_fee = models.PositiveIntegerField("取消にかかった額", null=True)
    problem = models.CharField(max_length=300, blank=True)
    deliver_to = models.CharField("届け先", max_length=20, blank=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = "予約"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="reservation_state_known", condition=Q(state__in=ReservationState.values)),
            models.CheckConstraint(
                name="reservation_held_has_number", condition=~Q(state__in=HOLDS_PLACE) | ~Q(number="")
            ),
            models.CheckConstraint(
                name="reservation_ticketed_has_time",
                condition=~Q(state__in=["ticketed", "no_show"]) | Q(ticketed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="reservation_cancelled_has_time", condition=~Q(state="cancelled") | Q(cancelled_at__isnull=False)
            ),
            # It waits for a moment, or for a person who is told why.
            models.CheckConstraint(
                name="reservation_scheduled_knows_for_what",
                condition=~Q(state="scheduled") | Q(not_before__isnull=False) | ~Q(problem=""),
            ),
            # A supplier's number is never unique alone: EX gives the same four digits to others, and again later.
            models.UniqueConstraint(
                fields=["supplier", "member_index", "number", "operated_on"],
                condition=~Q(number=""),
                name="reservation_supplier_key",
                violation_error_message="この予約番号は、すでに登録されています。番号を確かめてください。",
            ),
        ]
        indexes = [models.Index(fields=["state"], name="reservation_state")]

    def __str__(self) -> str:
        return self.title


class StandingManager(models.Manager[PartOfReservation]):
    """Rides or nights as they stand now; those that a change has replaced are only in `everything`."""

    def get_queryset(self) -> models.QuerySet[PartOfReservation]:
        return super().get_queryset().filter(superseded=False)


class Segment(models.Model):
    """One ride or flight. `live` follows the reservation's state by a trigger; one live segment per item and position.

    A change within the same booking leaves the old ride behind as `superseded`: money facts go on pointing to it.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="segments")
    item = models.ForeignKey(TripItem, on_delete=models.PROTECT, related_name="segments")
    position = models.PositiveSmallIntegerField(default=0)
    service = models.CharField("便・列車", max_length=40)
    from_name = models.CharField(max_length=40)
    to_name = models.CharField(max_length=40)
    departs = models.DateTimeField()
    arrives = models.DateTimeField()
    travel_on = models.DateField("利用日")
    live = models.BooleanField(default=False)
    outgoing = models.BooleanField(default=False)
    superseded = models.BooleanField(default=False)

    objects = StandingManager["Segment"]()
    everything = models.Manager["Segment"]()

    class Meta:
        ordering = ["departs"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "position", "outgoing"], condition=Q(live=True), name="one_live_segment"
            ),
        ]
        indexes = [models.Index(fields=["travel_on"], name="segment_travel_on")]


class StayNight(models.Model):
    """One night. `tax_on_the_spot` means that the traveller pays the 宿泊税 at the desk, and it is never billed."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="nights")
    item = models.ForeignKey(TripItem, on_delete=models.PROTECT, related_name="nights")
    date = models.DateField("宿泊日")
    room_price = models.PositiveIntegerField("室料")
    stay_tax = models.PositiveIntegerField("宿泊税", default=0)
    bathing_tax = models.PositiveIntegerField("入湯税", default=0)
    tax_on_the_spot = models.BooleanField(default=False)
    live = models.BooleanField(default=False)
    outgoing = models.BooleanField(default=False)

    class Meta:
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(fields=["item", "date", "outgoing"], condition=Q(live=True), name="one_live_night")
        ]
