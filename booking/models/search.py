"""What was asked and what was on the screen: evidence, kept while referenced."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Proxy
from booking.models.connections import Connection
from booking.models.places import Place
from lib import clock
from lib.actor import Actor, Scope
from lib.durable import Claimable
from lib.ids import uuid7

USER = settings.AUTH_USER_MODEL


class Part(models.TextChoices):
    OUT = "out", "行き"
    STAY = "stay", "宿泊"
    BACK = "back", "帰り"


class AnswerState(models.TextChoices):
    ASKED = "asked", "問い合わせ中"
    ANSWERED = "answered", "回答あり"
    FAILED = "failed", "回答なし"


class SearchQuerySet(models.QuerySet["Search"]):
    def visible_to(self, actor: Actor) -> "SearchQuerySet":
        """Searches that the actor made, travels by, or may book for as a proxy; everything for the desk."""
        if actor.scope("booking.trip.arrange") is Scope.ALL:
            return self
        principals = Proxy.objects.on(clock.today()).filter(deputy__public_id=actor.subject).values("principal")
        mine = Q(asked_by__public_id=actor.subject) | Q(traveller__public_id=actor.subject)
        return self.filter(mine | Q(traveller__in=principals))


class Search(models.Model):
    """One wish: who travels from where to where, when, with how many nights, for what."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    asked_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    traveller = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField("用務", max_length=120)
    origin = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+")
    destination = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+")
    out_on = models.DateField("行き")
    back_on = models.DateField("帰り", null=True)
    nights = models.PositiveSmallIntegerField("泊数", default=0)
    air = models.BooleanField(default=True)
    rail = models.BooleanField(default=True)
    stay = models.BooleanField(default=False)
    replaces = models.ForeignKey(
        "booking.Reservation", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="変更する予約"
    )
    wish_key = models.CharField(max_length=64, db_index=True)
    created_at = models.DateTimeField()

    objects = SearchQuerySet.as_manager()

    class Meta:
        verbose_name = "検索"
        constraints = [
            models.CheckConstraint(name="search_has_purpose", condition=~Q(purpose="")),
            models.CheckConstraint(
                name="search_back_not_before_out", condition=Q(back_on=None) | Q(back_on__gte=F("out_on"))
            ),
        ]


class SearchAnswer(Claimable):
    """One supplier's answer to one part of a search, with its offers as they were shown."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="answers")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=4, choices=Part)
    state = models.CharField(max_length=10, choices=AnswerState, default=AnswerState.ASKED)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    message = models.CharField(max_length=200, blank=True)
    offers = models.JSONField(default=list)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["search", "connection", "part"], name="answer_once"),
            models.CheckConstraint(
                name="answer_answered_has_time", condition=~Q(state="answered") | Q(answered_at__isnull=False)
            ),
        ]
