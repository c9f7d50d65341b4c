"""Connections to suppliers: a row each; two hotel contracts are two connections."""

import json
from typing import Any

from django.db import models
from django.db.models import Q

from booking.states import Way
from lib.durable import Claimable
from lib.encrypted import unseal
from lib.ids import uuid7

PLACE = "booking_connection.credentials"


class Rest(models.TextChoices):
    AWAY = "away", "応答なし"
    BUSY = "busy", "混雑"


class Connection(Claimable):
    """How a supplier is reached: over HTTP, by handing the person over to its site, or by an operator.

    While it rests (`rests_since`), nothing is sent until `next_try_at`; whoever then claims the row sends the one call that
    probes. `attempts` counts the probes of this rest, and `failures` what went wrong in a row before it.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    supplier = models.CharField("手配先", max_length=20)
    code = models.CharField("コード", max_length=30, unique=True)
    name = models.CharField("名称", max_length=60)
    way = models.CharField("接続のしかた", max_length=10, choices=Way)
    base_url = models.URLField("アドレス", max_length=200, blank=True)
    site_url = models.URLField("予約サイト", max_length=200, blank=True)
    credentials = models.TextField(blank=True, editable=False)
    active = models.BooleanField("使用中", default=True)
    paused_because = models.CharField("停止の理由", max_length=200, blank=True)
    paused_at = models.DateTimeField("停止の時刻", null=True, editable=False)
    quiet_seconds = models.PositiveIntegerField(
        "確定を待つ時間（秒）", default=120, help_text="how long after sending a supplier may still commit"
    )
    contact = models.CharField("時間外の連絡先", max_length=120, blank=True)
    failures = models.PositiveIntegerField(default=0, editable=False)
    rests_since = models.DateTimeField("休止の開始", null=True, editable=False)
    rests_because = models.CharField("休止の理由", max_length=4, choices=Rest, blank=True, editable=False)
    last_failure = models.CharField("最後の失敗", max_length=200, blank=True, editable=False)
    last_failure_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "手配先の接続"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="connection_way_known", condition=Q(way__in=Way.values)),
            models.CheckConstraint(name="connection_api_has_address", condition=~Q(way="api") | ~Q(base_url="")),
            models.CheckConstraint(name="connection_handoff_has_site", condition=~Q(way="handoff") | ~Q(site_url="")),
            models.CheckConstraint(
                name="connection_rest_has_end_and_reason",
                condition=Q(rests_since=None, next_try_at=None, claim_token=None, rests_because="")
                | Q(rests_since__isnull=False, next_try_at__isnull=False, rests_because__in=Rest.values),
            ),
        ]

    def open_credentials(self) -> dict[str, Any]:
        """The credentials in clear; never logged. Raises CannotDecrypt."""
        if not self.credentials:
            return {}
        opened: dict[str, Any] = json.loads(unseal(self.credentials, place=PLACE, row=self.public_id))
        return opened
