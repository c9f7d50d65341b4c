"""The client's seven offices and their departments."""

import datetime as dt
from typing import Any, Self

from django.db import models

from lib.dated import DatedRow, no_overlap
from lib.ids import uuid7


class OfficeQuerySet(models.QuerySet["Office"]):
    def with_details(self, day: dt.date) -> Self:
        """Each office with its name and address of the day as `detail[0]` (one extra query)."""
        return self.prefetch_related(
            models.Prefetch("details", OfficeDetails.objects.on(day), to_attr="detail"),
        )


class Office(models.Model):
    """One of the seven offices; invoices go to it. Name and address are dated rows."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField("コード", max_length=20, unique=True)
    position = models.PositiveSmallIntegerField(unique=True)
    approval_required = models.BooleanField("承認を使う", default=False)

    objects = OfficeQuerySet.as_manager()
    detail: list["OfficeDetails"]

    class Meta:
        verbose_name = "拠点"
        ordering = ["position"]

    def details_on(self, day: dt.date) -> "OfficeDetails":
        """Name and address as of the day."""
        found: OfficeDetails = OfficeDetails.objects.on(day).get(office=self)
        return found

    @property
    def name(self) -> str:
        """Today's name; needs `with_details`, else it asks the database."""
        rows: list[Any] = getattr(self, "detail", None) or list(self.details.order_by("-valid")[:1])
        return rows[0].name if rows else self.code


class OfficeDetails(DatedRow):
    """Name, address and mailing facts of an office, dated."""

    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="details")
    name = models.CharField("名称", max_length=80)
    kana = models.CharField("よみ", max_length=120, blank=True)
    postcode = models.CharField("郵便番号", max_length=8)
    address = models.CharField("住所", max_length=200)
    prefecture = models.CharField("都道府県", max_length=10)
    nearest_station = models.CharField("最寄駅", max_length=40, blank=True)
    nearest_airport = models.CharField("最寄空港", max_length=3, blank=True)

    class Meta:
        verbose_name = "拠点の名称・住所"
        constraints = [no_overlap("office", name="office_details_no_overlap")]


class Department(models.Model):
    """A department of one office. A department that moves to another office is a new department."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField("コード", max_length=20, unique=True)
    name = models.CharField("名称", max_length=80)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="departments")

    class Meta:
        verbose_name = "所属"
        ordering = ["office__position", "code"]
