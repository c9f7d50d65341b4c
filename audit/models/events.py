"""Events: append-only for everybody. The bytes are what is sealed and verified; the other columns are copies to search by."""

from django.db import models
from django.db.models import Func

from lib.actor import Actor, Scope


class TransactionIdField(models.BigIntegerField):  # type: ignore[type-arg]
    """PostgreSQL's xid8: the transaction that wrote the row, so that seals can leave out what may still be preceded."""

    def db_type(self, connection: object) -> str:  # noqa: ARG002
        return "xid8"


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, actor: Actor) -> "EventQuerySet":
        """Everything for those who may read the log, else nothing."""
        return self if actor.scope("audit.event.read") is Scope.ALL else self.none()


class Event(models.Model):
    """One thing that happened, as versioned canonical bytes made of ids and codes, without names."""

    seq = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(unique=True, editable=False)
    xid = TransactionIdField(db_default=Func(function="pg_current_xact_id"), editable=False)
    version = models.PositiveSmallIntegerField(default=1)
    code = models.CharField("種別", max_length=80)
    at = models.DateTimeField("日時", help_text="business clock")
    db_at = models.DateTimeField(help_text="the database's own clock")
    actor_kind = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    service = models.CharField(max_length=40, blank=True)
    acting_for = models.UUIDField(null=True)
    channel = models.CharField(max_length=10)
    because = models.UUIDField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    canonical = models.BinaryField()

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = "記録"
        ordering = ["-seq"]
        indexes = [
            models.Index(fields=["code", "-seq"], name="event_code"),
            models.Index(fields=["actor_id", "-seq"], name="event_actor"),
            models.Index(fields=["at"], name="event_at"),
        ]


class EventObject(models.Model):
    """An object that the event is about; findable from both sides."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="about")
    position = models.PositiveSmallIntegerField()
    type = models.CharField(max_length=40)
    object_id = models.UUIDField()

    class Meta:
        ordering = ["event_id", "position"]
        constraints = [models.UniqueConstraint(fields=["event", "position"], name="event_object_position")]
        indexes = [models.Index(fields=["object_id", "-event"], name="event_object_id")]


class PersonalValues(models.Model):
    """Personal values of an event, beside its bytes: their salted hash is in the bytes, so they can be erased later."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="personal", primary_key=True)
    salt = models.BinaryField(max_length=16)
    values = models.JSONField()
