"""Closing periods: one per office; the only row of closing that moves, and a trigger stops it once it is closed."""

from django.db import models
from django.db.models import F, Q

from accounts.models import Office
from billing.states import PeriodState
from lib.actor import Actor
from lib.dated import between
from lib.durable import Claimable
from lib.ids import uuid7


class PeriodQuerySet(models.QuerySet["Period"]):
    def visible_to(self, actor: Actor) -> "PeriodQuerySet":
        """Everything for those who may read closings, else nothing."""
        return self if actor.may("billing.period.read") else self.none()


class Period(Claimable):
    """Days (both inclusive) whose charges one office pays on one invoice."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    first_day = models.DateField("初日")
    last_day = models.DateField("末日")
    state = models.CharField("状態", max_length=10, choices=PeriodState, default=PeriodState.OPEN)
    requested_by = models.UUIDField(null=True)
    digest = models.CharField(max_length=64, blank=True, help_text="fingerprint of the sums that two people agreed on")
    problem = models.CharField("締められなかった理由", max_length=300, blank=True)
    closed_at = models.DateTimeField(null=True)

    objects = PeriodQuerySet.as_manager()

    class Meta:
        verbose_name = "締め"
        ordering = ["-last_day", "office__position"]
        constraints = [
            models.UniqueConstraint(fields=["office", "first_day"], name="period_office_first_day"),
            models.UniqueConstraint(fields=["office", "last_day"], name="period_office_last_day"),
            models.CheckConstraint(name="period_days_in_order", condition=Q(first_day__lte=F("last_day"))),
            models.CheckConstraint(name="period_state_known", condition=Q(state__in=PeriodState.values)),
            models.CheckConstraint(
                name="period_closed_has_time", condition=~Q(state="closed") | Q(closed_at__isnull=False)
            ),
        ]

    @property
    def days(self) -> object:
        """The days as a range."""
        return between(self.first_day, self.last_day)
