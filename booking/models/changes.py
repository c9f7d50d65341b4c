"""Changes: another ride or stay instead of one that was booked, decided while the old one lives."""

from django.db import models
from django.db.models import Q

from booking.models.reservations import Reservation
from booking.models.search import Search, SearchAnswer
from booking.states import ChangeKind, ChangeState
from lib.actor import Actor
from lib.ids import uuid7


class ChangeQuerySet(models.QuerySet["Change"]):
    def visible_to(self, actor: Actor, action: str = "booking.trip.read") -> "ChangeQuerySet":
        """Changes of the reservations that the actor may reach."""
        return self.filter(reservation__in=Reservation.objects.visible_to(actor, action))

    def under_way(self) -> "ChangeQuerySet":
        """Those that were confirmed and are not at their end."""
        return self.filter(state=ChangeState.CONFIRMED)


class Change(models.Model):
    """What shall stand instead of `reservation`, and at what cost.

    An exchange stays one booking at the supplier; otherwise `replacement` is the new booking. `max_cost` (yen, may be
    negative: money comes back) is the highest sum of difference and fee that the person confirmed, `max_fee` the highest
    fee within it: of the change, or of cancelling the old booking.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="changes")
    replacement = models.OneToOneField(Reservation, on_delete=models.PROTECT, null=True, related_name="instead_of")
    kind = models.CharField(max_length=8, choices=ChangeKind)
    state = models.CharField("状態", max_length=9, choices=ChangeState, default=ChangeState.DRAFT)
    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="changes")
    answer = models.ForeignKey(SearchAnswer, on_delete=models.PROTECT, related_name="+")
    offer = models.JSONField()
    old_price = models.PositiveIntegerField(null=True)
    max_cost = models.IntegerField(null=True)
    max_fee = models.PositiveIntegerField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = "変更"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["reservation"],
                condition=Q(state__in=["draft", "confirmed"]),
                name="one_open_change_per_reservation",
                violation_error_message="この予約は、ほかの変更の途中です。",
            ),
            models.CheckConstraint(name="change_state_known", condition=Q(state__in=ChangeState.values)),
            models.CheckConstraint(name="change_kind_known", condition=Q(kind__in=ChangeKind.values)),
            models.CheckConstraint(
                name="change_confirmed_has_cost",
                condition=~Q(state__in=["confirmed", "done", "refused"])
                | Q(max_cost__isnull=False, max_fee__isnull=False, confirmed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="change_of_booking_has_replacement",
                condition=~Q(kind__in=["rebook", "replace"])
                | Q(state__in=["draft", "dropped"])
                | Q(replacement__isnull=False),
            ),
            models.CheckConstraint(
                name="change_done_has_time", condition=~Q(state__in=["done", "refused"]) | Q(done_at__isnull=False)
            ),
        ]
