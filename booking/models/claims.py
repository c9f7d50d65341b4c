"""Money owed: what a supplier is to give back of a booking, since when, and how that ended."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q

from booking.models.reservations import Reservation
from booking.states import ClaimReason, ClaimState
from lib import clock, jst
from lib.actor import Actor, Scope
from lib.dated import DatedRow, no_overlap
from lib.ids import uuid7


class RefundLimit(DatedRow):
    """After how many days without a refund the desk is told, by supplier; without a row of the day it is not."""

    supplier = models.CharField("手配先", max_length=20)
    wait_days = models.PositiveSmallIntegerField("日数")

    class Meta:
        verbose_name = "返金を待つ日数"
        constraints = [no_overlap("supplier", name="refund_limit_no_overlap")]


class RefundClaimQuerySet(models.QuerySet["RefundClaim"]):
    def visible_to(self, actor: Actor, action: str = "booking.refund.read") -> "RefundClaimQuerySet":
        """Everything for those who may do this everywhere, else nothing."""
        return self if actor.scope(action) is Scope.ALL else self.none()

    def waiting(self) -> "RefundClaimQuerySet":
        """Those whose money has not come."""
        return self.filter(state=ClaimState.OPEN)


class RefundClaim(models.Model):
    """What a supplier owes for a reservation, until its refund is booked or two people say why none comes.

    `charged` (yen) stood in the ledger when it was last said anew, `expected` of it is to come back. It is void when the
    booking is kept after all. `note` and `said_by` tell why none, or another sum, came.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="refund_claims")
    state = models.CharField("状態", max_length=8, choices=ClaimState, default=ClaimState.OPEN)
    charged = models.PositiveIntegerField("計上した額")
    expected = models.PositiveIntegerField("戻る予定の額")
    opened_at = models.DateTimeField("発生")
    ended_at = models.DateTimeField("終了", null=True)
    reason = models.CharField("返金なしの理由", max_length=10, choices=ClaimReason, blank=True)
    note = models.CharField("理由の説明", max_length=400, blank=True)
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = RefundClaimQuerySet.as_manager()

    class Meta:
        verbose_name = "返金待ち"
        ordering = ["opened_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["reservation"], condition=Q(state="open"), name="one_open_claim_per_reservation"
            ),
            models.CheckConstraint(name="claim_state_known", condition=Q(state__in=ClaimState.values)),
            models.CheckConstraint(
                name="claim_ended_has_time",
                condition=Q(state="open", ended_at__isnull=True) | (~Q(state="open") & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="claim_closed_says_why_and_by_whom",
                condition=Q(state="closed", reason__in=ClaimReason.values, said_by__isnull=False) & ~Q(note="")
                | Q(state="settled", reason="", said_by__isnull=False) & ~Q(note="")
                | ~Q(state="closed") & Q(reason="", note="", said_by__isnull=True),
            ),
        ]

    @property
    def age(self) -> int:
        """Whole days in Japan from its opening to its end, or to today."""
        last: dt.date = jst.day_of(self.ended_at) if self.ended_at else clock.today()
        return (last - jst.day_of(self.opened_at)).days
