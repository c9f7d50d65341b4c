"""Acts that take two people: what was asked, by whom, and what a second person decided."""

from django.db import models
from django.db.models import F, Q

from accounts.models.people import User
from accounts.states import ConfirmationState
from lib import clock, registry
from lib.actor import Actor, Scope
from lib.ids import uuid7

DECIDED = [ConfirmationState.GIVEN, ConfirmationState.REFUSED]


class ConfirmationQuerySet(models.QuerySet["Confirmation"]):
    def visible_to(self, actor: Actor) -> "ConfirmationQuerySet":
        """Those of the kinds whose action the actor may do everywhere: a confirmation knows no office."""
        kinds = registry.confirmation_kinds.values()
        return self.filter(kind__in=[kind.code for kind in kinds if actor.scope(kind.action) is Scope.ALL])


class Confirmation(models.Model):
    """One request that needs a second person. What is shown and what will be carried out are fixed when it is asked.

    `subject` is the public id of the object, `subject_type` its type as in the log; `facts` are pairs (label, value) to
    show; `payload` holds codes, numbers and ids that the room carries out; `digest` is the fingerprint of what the asker
    saw. `decided_at` is set whenever it ends, `decided_by` only when a second person ended it.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    kind = models.CharField("種類", max_length=60)
    subject_type = models.CharField(max_length=60)
    subject = models.UUIDField()
    title = models.CharField("内容", max_length=120)
    facts = models.JSONField(default=list)
    payload = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)
    reason = models.CharField("理由", max_length=400, blank=True)
    state = models.CharField("状態", max_length=10, choices=ConfirmationState, default=ConfirmationState.ASKED)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name="依頼した人")
    asked_at = models.DateTimeField("依頼", default=clock.now, editable=False)
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="確かめた人"
    )
    decided_at = models.DateTimeField("確認", null=True)
    note = models.CharField("差戻しの理由", max_length=400, blank=True)

    objects = ConfirmationQuerySet.as_manager()

    class Meta:
        verbose_name = "二人確認"
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(state=ConfirmationState.ASKED), name="one_open_confirmation"
            ),
            models.CheckConstraint(name="confirmation_state_known", condition=Q(state__in=ConfirmationState.values)),
            models.CheckConstraint(
                name="confirmation_decided_has_decider",
                condition=Q(state__in=DECIDED, decided_by__isnull=False)
                | (~Q(state__in=DECIDED) & Q(decided_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="confirmation_ended_has_time",
                condition=Q(state=ConfirmationState.ASKED, decided_at__isnull=True)
                | (~Q(state=ConfirmationState.ASKED) & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(name="confirmation_takes_two", condition=~Q(decided_by=F("asked_by"))),
            models.CheckConstraint(
                name="confirmation_refused_says_why", condition=~Q(state=ConfirmationState.REFUSED) | ~Q(note="")
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def url(self) -> str:
        """The page of the room on which it is decided."""
        return registry.confirmation_kinds[self.kind].url(self.subject, self.public_id)
