"""Outgoing mail: an outbox (committed with the change that asks for it) that is also the mail log."""

from django.db import models
from django.db.models import Q

from lib.actor import Actor, Scope
from lib.durable import Claimable
from lib.ids import uuid7


class MailState(models.TextChoices):
    QUEUED = "queued", "送信待ち"
    SENT = "sent", "送信済"
    FAILED = "failed", "送信できず"


class MailQuerySet(models.QuerySet["OutgoingMail"]):
    def visible_to(self, actor: Actor) -> "MailQuerySet":
        """Everything for those who may read the mail log, else nothing."""
        return self if actor.scope("audit.mail.read") is Scope.ALL else self.none()


class OutgoingMail(Claimable):
    """One mail to one person."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    kind = models.CharField("種類", max_length=60)
    to_person = models.UUIDField(null=True)
    to_address = models.EmailField("宛先")
    subject = models.CharField("件名", max_length=200)
    body = models.TextField("本文")
    about_type = models.CharField(max_length=40, blank=True)
    about_id = models.UUIDField(null=True)
    state = models.CharField("状態", max_length=10, choices=MailState, default=MailState.QUEUED)
    created_at = models.DateTimeField("作成")
    sent_at = models.DateTimeField("送信", null=True)
    message_id = models.CharField(max_length=200, blank=True)
    error = models.CharField("理由", max_length=500, blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name = "送信メール"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="mail_state_known", condition=Q(state__in=MailState.values)),
            models.CheckConstraint(name="mail_sent_has_time", condition=~Q(state="sent") | Q(sent_at__isnull=False)),
            models.CheckConstraint(
                name="mail_queued_has_next_try", condition=~Q(state="queued") | Q(next_try_at__isnull=False)
            ),
        ]
