"""States of a closing period of one office."""

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
