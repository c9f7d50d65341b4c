"""When suppliers take bookings: hours of the day, maintenance, and the moment at which sale opens."""

from django.db import models
from django.db.models import Q

from lib.dated import DatedRow, no_overlap

TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"


class HoursKind(models.TextChoices):
    OPEN = "open", "受付時間"
    CLOSED = "closed", "保守（受付しない時間）"


class SupplierHours(DatedRow):
    """A window of each day of the row, from `begins` to `ends` in Japan; an end that is not later is that of the next day.

    A supplier with windows in which it is open is closed outside them. Without any row nothing is known, and nothing waits.
    """

    supplier = models.CharField("手配先", max_length=20)
    kind = models.CharField("種類", max_length=6, choices=HoursKind)
    begins = models.CharField("始まり", max_length=5)
    ends = models.CharField("終わり", max_length=5)

    class Meta:
        verbose_name = "受付時間・保守"
        constraints = [
            no_overlap("supplier", "kind", "begins", name="supplier_hours_no_overlap"),
            models.CheckConstraint(name="supplier_hours_kind_known", condition=Q(kind__in=HoursKind.values)),
            models.CheckConstraint(
                name="supplier_hours_are_times",
                condition=Q(begins__regex=f"^{TIME}$", ends__regex=f"^{TIME}$"),
                violation_error_message="時刻は 05:30 のように入力してください。",
            ),
        ]


class SaleOpening(DatedRow):
    """How long before the day of use a supplier begins to sell it, and at what time; valid by the day of the sale."""

    supplier = models.CharField("手配先", max_length=20)
    days_before = models.PositiveSmallIntegerField("何日前", null=True, blank=True)
    months_before = models.PositiveSmallIntegerField("何か月前", null=True, blank=True)
    opens = models.CharField("時刻", max_length=5)

    class Meta:
        verbose_name = "発売開始"
        constraints = [
            no_overlap("supplier", name="sale_opening_no_overlap"),
            models.CheckConstraint(
                name="sale_opening_days_or_months",
                condition=Q(days_before__isnull=False, months_before=None)
                | Q(days_before=None, months_before__isnull=False),
                violation_error_message="何日前か何か月前のどちらか一方を入力してください。",
            ),
            models.CheckConstraint(
                name="sale_opening_is_a_time",
                condition=Q(opens__regex=f"^{TIME}$"),
                violation_error_message="時刻は 05:30 のように入力してください。",
            ),
        ]
