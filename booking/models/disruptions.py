"""Suppliers' trouble: a train or flight that does not run as sold, and the bookings whose people were told of it."""

import datetime as dt
import re
import unicodedata

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from booking.models.reservations import Reservation
from lib import clock
from lib.actor import Actor
from lib.ids import uuid7


def service_key(text: str) -> str:
    """The comparison form of a train or flight: width, blanks, leading zeros, 号 and 便 make no difference."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
    return re.sub(r"(?<!\d)0+(?=\d)", "", plain.removesuffix("号").removesuffix("便"))


class DisruptionKind(models.TextChoices):
    STOPPED = "stopped", "運休"
    CANCELLED = "cancelled", "欠航"
    PARTIAL = "partial", "区間運休"
    DELAYED = "delayed", "大幅な遅れ"


STOPS = frozenset({DisruptionKind.STOPPED, DisruptionKind.CANCELLED})


class DisruptionQuerySet(models.QuerySet["Disruption"]):
    def visible_to(self, actor: Actor) -> "DisruptionQuerySet":
        """All for the desk; travellers see what concerns them on their trips only."""
        return self if actor.may("booking.disruption.handle") else self.none()

    def standing(self) -> "DisruptionQuerySet":
        """Those that were not withdrawn."""
        return self.filter(withdrawn_at=None)


class Disruption(models.Model):
    """One train or flight of one day, as an operator entered it, with the supplier's rules of that day.

    `free_refund_until` and `free_change_until` are the last days (inclusive) on which that costs nothing; None where the
    supplier offers none. Each correction raises `version`, and is told again.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    supplier = models.CharField(max_length=20)
    service = models.CharField("便・列車", max_length=40)
    service_key = models.CharField(max_length=40, editable=False)
    day = models.DateField("運行日")
    kind = models.CharField("内容", max_length=9, choices=DisruptionKind)
    source = models.CharField("発表", max_length=120)
    announced_at = models.DateTimeField("発表の日時")
    free_refund_until = models.DateField("無料の払戻", null=True)
    free_change_until = models.DateField("無料の変更", null=True)
    message = models.CharField("知らせる文", max_length=600)
    version = models.PositiveIntegerField(default=1)
    withdrawn_at = models.DateTimeField(null=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()

    objects = DisruptionQuerySet.as_manager()

    class Meta:
        verbose_name = "運休・欠航"
        ordering = ["-day", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "service_key", "day"],
                name="disruption_once",
                violation_error_message="この便・列車のこの日は、すでに登録されています。",
            ),
            models.CheckConstraint(name="disruption_kind_known", condition=Q(kind__in=DisruptionKind.values)),
            models.CheckConstraint(
                name="disruption_says_what_and_where", condition=~Q(service_key="") & ~Q(source="") & ~Q(message="")
            ),
        ]
        indexes = [models.Index(fields=["day"], name="disruption_day")]

    def __str__(self) -> str:
        return self.service

    @property
    def stops_it(self) -> bool:
        """Whether nobody can travel with it at all."""
        return self.kind in STOPS

    def is_refund_free(self, today: dt.date | None = None) -> bool:
        """Whether the rule of that day gives the whole money back today."""
        return self._holds(self.free_refund_until, today)

    def is_change_free(self, today: dt.date | None = None) -> bool:
        """Whether the rule of that day lets people take another train or flight without a fee today."""
        return self._holds(self.free_change_until, today)

    def _holds(self, until: dt.date | None, today: dt.date | None) -> bool:
        return self.withdrawn_at is None and until is not None and (today or clock.today()) <= until


class AffectedBooking(models.Model):
    """A booking on a disrupted train or flight: which version its people were told, and what came of it.

    `stated_fee` (yen) is what a supplier asked for although the rule of that day says free: the desk has to see to it,
    until a follow-up later than `stated_at`.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    disruption = models.ForeignKey(Disruption, on_delete=models.PROTECT, related_name="bookings")
    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="disruptions")
    told_version = models.PositiveIntegerField()
    told_at = models.DateTimeField()
    stated_fee = models.PositiveIntegerField("手配先が示した額", null=True)
    stated_at = models.DateTimeField(null=True)
    followed_up_at = models.DateTimeField(null=True)
    followed_up_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField("連絡の内容", max_length=200, blank=True)

    class Meta:
        verbose_name = "運休・欠航の対象"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["disruption", "reservation"], name="affected_booking_once"),
            models.CheckConstraint(
                name="affected_fee_has_time", condition=Q(stated_fee__isnull=True) | Q(stated_at__isnull=False)
            ),
            models.CheckConstraint(
                name="affected_follow_up_says_who",
                condition=Q(followed_up_at__isnull=True) | Q(followed_up_by__isnull=False) & ~Q(note=""),
            ),
        ]

    @property
    def stamp(self) -> str:
        """Which note stands; empty while there is none."""
        return self.followed_up_at.isoformat() if self.followed_up_at else ""

    @property
    def is_fee_open(self) -> bool:
        """Whether nobody has seen to the fee that the supplier stated."""
        if self.stated_at is None:
            return False
        return self.followed_up_at is None or self.followed_up_at < self.stated_at


def open_fees() -> Q:
    """Affected bookings whose stated fee nobody has seen to."""
    return Q(stated_fee__isnull=False) & (Q(followed_up_at__isnull=True) | Q(followed_up_at__lt=F("stated_at")))
