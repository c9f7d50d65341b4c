"""Rows for everything that the world changes: valid from a day to a day, with a source, never two at once.

The day range is half-open in the database ([first, next)); people see first and last day, both inclusive.
"""

import datetime as dt
from typing import Any, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange

from lib import clock, jst


class Confidence(models.TextChoices):
    HIGH = "high", "高"
    MEDIUM = "medium", "中"
    LOW = "low", "低"


class DatedQuerySet(models.QuerySet[Any]):
    def on(self, day: dt.date) -> Self:
        """Rows valid on the day."""
        return self.filter(valid__contains=day)

    def touching(self, first: dt.date, last: dt.date) -> Self:
        """Rows valid on any day of the range, both ends inclusive."""
        return self.filter(valid__overlap=between(first, last))


class DatedRow(models.Model):
    """Abstract base of dated rows. A concrete model adds `no_overlap(...)` over the columns that name its subject."""

    valid = DateRangeField("有効期間")
    source = models.CharField("出典", max_length=400, blank=True)
    confidence = models.CharField("確度", max_length=6, choices=Confidence, default=Confidence.HIGH)

    objects = DatedQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def first_day(self) -> dt.date | None:
        """First valid day; None when it has always been so."""
        return self.valid.lower  # type: ignore[no-any-return]

    @property
    def last_day(self) -> dt.date | None:
        """Last valid day, inclusive; None when open."""
        upper = self.valid.upper
        return upper - dt.timedelta(days=1) if upper else None

    @property
    def days(self) -> str:
        """2026年4月1日(水)–2027年3月31日(水); without an end 現在まで, or から when it has yet to begin."""
        first = jst.long_day(self.first_day) if self.first_day else "はじめ"
        if self.last_day:
            return f"{first}–{jst.long_day(self.last_day)}"
        coming = self.first_day is not None and self.first_day > clock.today()
        return f"{first}から" if coming else f"{first}–現在まで"


def between(first: dt.date | None, last: dt.date | None = None) -> DateRange:
    """The range of days from `first` to `last`, both inclusive; None leaves an end open."""
    return DateRange(first, last + dt.timedelta(days=1) if last else None, "[)")


def no_overlap(*columns: str, name: str, condition: models.Q | None = None) -> ExclusionConstraint:
    """Refuses two rows of one subject whose days overlap (needs the extension btree_gist)."""
    return ExclusionConstraint(
        name=name,
        expressions=[("valid", RangeOperators.OVERLAPS), *((column, RangeOperators.EQUAL) for column in columns)],
        condition=condition,
        violation_error_message="同じ対象の有効期間が重なっています。開始日か終了日を直してください。",
    )
