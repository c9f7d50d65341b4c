"""States of a closing period of one office, kinds of invoices and of their papers."""

from collections.abc import Mapping

from django.db import models


class PeriodState(models.TextChoices):
    OPEN = "open", "未締め"
    CLOSING = "closing", "締め処理中"
    CLOSED = "closed", "締め済"


PERIOD_MOVES: Mapping[str, frozenset[str]] = {
    PeriodState.OPEN: frozenset({PeriodState.CLOSING}),
    PeriodState.CLOSING: frozenset({PeriodState.CLOSED, PeriodState.OPEN}),
}


class InvoiceKind(models.TextChoices):
    REGULAR = "regular", "利用分"
    ONE_OFF = "one_off", "一時費用"


class DocumentKind(models.TextChoices):
    ORIGINAL = "original", "原本"
    COPY = "copy", "写し"
    CORRECTION = "correction", "修正"
