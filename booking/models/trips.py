"""Trips and what they consist of: the wish."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Membership, Proxy
from booking.models.places import Place
from booking.models.search import Search
from booking.states import TripState
from lib import clock
from lib.actor import Actor, Scope
from lib.ids import uuid7

USER = settings.AUTH_USER_MODEL


class TripQuerySet(models.QuerySet["Trip"]):
    def visible_to(self, actor: Actor, action: str = "booking.trip.read") -> "TripQuerySet":
        """Trips that the actor may reach for `action`: own, as proxy, of their offices, or all."""
        scope = actor.scope(action)
        if scope is Scope.ALL:
            return self
        if scope is Scope.NONE or actor.id is None:
            return self.none()
        today = clock.today()
        principals = Proxy.objects.on(today).filter(deputy__public_id=actor.id).values("principal")
        mine = Q(traveller__public_id=actor.id) | Q(traveller__in=principals)
        if scope is Scope.OFFICE:
            offices = Membership.objects.on(today).filter(department__office__public_id__in=actor.offices)
            mine |= Q(traveller__in=offices.values("user"))
        return self.filter(mine)

    def locked(self, pk: int) -> "Trip":
        """The row, held to the end of the transaction: what becomes of a trip's bookings comes one after the other."""
        return self.select_for_update(no_key=True).get(pk=pk)


class Trip(models.Model):
    """A business trip of one traveller. Every edit after submission raises `version`."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    number = models.CharField("出張番号", max_length=12, unique=True)
    traveller = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", verbose_name="出張者")
    applicant = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", verbose_name="申請者")
    search = models.OneToOneField(Search, on_delete=models.PROTECT, null=True, related_name="trip")
    purpose = models.CharField("用務", max_length=120)
    destination_name = models.CharField("用務地", max_length=60)
    first_day = models.DateField("開始日")
    last_day = models.DateField("終了日")
    state = models.CharField("状態", max_length=10, choices=TripState, default=TripState.DRAFT)
    version = models.PositiveIntegerField(default=1)
    authorised_total = models.PositiveIntegerField("上限額", null=True)
    budget_code = models.CharField("予算区分", max_length=40, blank=True)
    project_code = models.CharField("事業コード", max_length=40, blank=True)
    order_number = models.CharField("発注番号", max_length=40, blank=True)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    consented_at = models.DateTimeField("取引条件への同意", null=True)

    objects = TripQuerySet.as_manager()

    class Meta:
        verbose_name = "出張"
        ordering = ["first_day", "pk"]
        constraints = [
            models.CheckConstraint(
                name="trip_has_purpose",
                condition=~Q(purpose=""),
                violation_error_message="用務を入力してください。私用の旅行は扱いません。",
            ),
            models.CheckConstraint(name="trip_days_in_order", condition=Q(first_day__lte=F("last_day"))),
            models.CheckConstraint(name="trip_state_known", condition=Q(state__in=TripState.values)),
            models.CheckConstraint(
                name="trip_released_has_total_and_consent",
                condition=~Q(state__in=["released", "closed"])
                | Q(authorised_total__isnull=False, consented_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["traveller", "first_day"], name="trip_traveller"),
            models.Index(fields=["state", "first_day"], name="trip_state"),
        ]


class ItemKind(models.TextChoices):
    MOVE = "move", "移動"
    STAY = "stay", "宿泊"


class TripItem(models.Model):
    """One wish of a trip: a move from place to place on a day, or nights at a place."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    trip = models.ForeignKey(Trip, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=4, choices=ItemKind)
    part = models.CharField(max_length=4)
    from_name = models.CharField(max_length=60, blank=True)
    to_name = models.CharField(max_length=60)
    from_place = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="+")
    to_place = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="+")
    first_day = models.DateField()
    last_day = models.DateField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["trip", "part"], name="trip_item_part_once"),
            models.CheckConstraint(name="trip_item_days_in_order", condition=Q(first_day__lte=F("last_day"))),
        ]


class TripNumber(models.Model):
    """The last trip number of a month; taken in the trip's own transaction."""

    month = models.CharField(max_length=4, unique=True)
    last = models.PositiveIntegerField(default=0)
