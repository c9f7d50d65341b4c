"""Usage feeds (利用実績): files of a supplier, row by row."""

from django.conf import settings
from django.db import models

from booking.models.connections import Connection
from booking.models.reservations import Reservation
from lib.actor import Actor
from lib.durable import Claimable
from lib.ids import uuid7


class FeedState(models.TextChoices):
    WAITING = "waiting", "取込待ち"
    DONE = "done", "取込済"
    REFUSED = "refused", "取込不可"


class FeedRowState(models.TextChoices):
    MATCHED = "matched", "一致"
    ADDED = "added", "金額を計上"
    REPEATED = "repeated", "取込済みの行"
    SUPERSEDED = "superseded", "差し替え"
    OUTDATED = "outdated", "古い行"
    UNMATCHED = "unmatched", "要確認"
    BAD = "bad", "読めない行"


# A row that stands for its fact. What is repeated, replaced by a newer row, outdated or unreadable counts not at all.
COUNTING = (FeedRowState.MATCHED, FeedRowState.ADDED, FeedRowState.UNMATCHED)


class FeedQuerySet(models.QuerySet["Feed"]):
    def visible_to(self, actor: Actor) -> "FeedQuerySet":
        """Everything for those who may read feeds, else nothing."""
        return self if actor.may("booking.feed.read") else self.none()


class Feed(Claimable):
    """One uploaded file; the same file twice changes nothing."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField("ファイル名", max_length=120)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    state = models.CharField("状態", max_length=10, choices=FeedState, default=FeedState.WAITING)
    problem = models.CharField(max_length=300, blank=True)
    imported_at = models.DateTimeField(null=True)

    objects = FeedQuerySet.as_manager()

    class Meta:
        verbose_name = "利用実績"
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["connection", "sha256"], name="feed_once")]


class FeedRow(models.Model):
    """One line of a feed and what became of it.

    `digest` names the fact, without its amount: equal rows, in one file or two, are one; another amount under the same
    digest corrects the latest known by `issued_at`, the time when the supplier issued the row (of the upload, where the
    file does not say).
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="rows")
    line = models.PositiveIntegerField("行")
    digest = models.CharField(max_length=64, db_index=True)
    fields = models.JSONField(default=dict)
    operation = models.CharField("操作", max_length=20, blank=True)
    number = models.CharField("番号", max_length=30, blank=True)
    used_on = models.DateField("利用日", null=True)
    amount = models.IntegerField("金額", null=True)
    issued_at = models.DateTimeField("発行日時", null=True)
    state = models.CharField("結果", max_length=10, choices=FeedRowState)
    reason = models.CharField("理由", max_length=300, blank=True)
    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["line"]
        constraints = [
            models.UniqueConstraint(fields=["feed", "line"], name="feed_row_line"),
            models.CheckConstraint(name="feed_row_state_known", condition=models.Q(state__in=FeedRowState.values)),
            # The fact counts once over all files.
            models.UniqueConstraint(fields=["digest"], condition=models.Q(state__in=COUNTING), name="feed_fact_once"),
        ]
