"""Supplier calls: the row says what is in flight before the first byte leaves."""

from django.db import models
from django.db.models import Q

from booking.models.reservations import Reservation
from booking.states import CallState, CallVerb
from lib.actor import Actor, Scope
from lib.durable import Claimable
from lib.ids import uuid7


class CallQuerySet(models.QuerySet["SupplierCall"]):
    def visible_to(self, actor: Actor, action: str = "booking.call.read") -> "CallQuerySet":
        """Everything for those to whom the action reaches everywhere, else nothing."""
        return self if actor.scope(action) is Scope.ALL else self.none()


class SupplierCall(Claimable):
    """One writing call. Open, until the answer is recorded; asking, while its outcome is unknown."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="calls")
    verb = models.CharField(max_length=8, choices=CallVerb)
    state = models.CharField(max_length=8, choices=CallState, default=CallState.OPEN)
    state_before = models.CharField(max_length=12)
    max_yen = models.IntegerField(
        help_text="the highest price, fee or cost of a change that is accepted; negative: comes back"
    )
    because = models.UUIDField(null=True, help_text="the event that asked for it")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, help_text="wall time, set before the first byte leaves")
    turned_away = models.BooleanField(
        default=False,
        help_text="an earlier try was answered with no before its time: it may have been taken all the same",
    )
    asks = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=20, blank=True)
    exchanges = models.JSONField(default=list, help_text="redacted requests and answers")
    done_at = models.DateTimeField(null=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name = "手配先への要求"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["reservation"], condition=~Q(state="done"), name="one_open_call_per_reservation"
            ),
            models.CheckConstraint(
                name="open_call_has_next_try", condition=Q(state="done") | Q(next_try_at__isnull=False)
            ),
        ]
