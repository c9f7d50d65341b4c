"""Downloads of usage data: who took what, with how many rows."""

from django.conf import settings
from django.db import models

from lib.ids import uuid7


class UsageDownload(models.Model):
    """One download of 利用状況; the file itself is streamed and not kept."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    first_day = models.DateField()
    last_day = models.DateField()
    encoding = models.CharField(max_length=10)
    rows = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = "利用状況のダウンロード"
        ordering = ["-pk"]
