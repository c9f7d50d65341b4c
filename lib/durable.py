"""Rows that are work: claimed under a lease, so that a worker may die at any moment and another goes on.

Leases live by wall time: a shift of business time must not end them.
"""

import datetime as dt
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lib import clock


class Claimable(models.Model):
    """Abstract base of rows that a worker takes: claim, release; `next_try_at` empty means nothing is to be done."""

    claim_token = models.UUIDField(null=True, editable=False)
    claimed_until = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False)
    next_try_at = models.DateTimeField(null=True, db_index=True, editable=False)

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=Claimable)


def claim(rows: models.QuerySet[Row], pk: int, *, lease: dt.timedelta | None = None) -> UUID | None:
    """Take the row if nobody holds it; the token proves the claim later. None: somebody else has it, or it is not due.

    The lease is LEASE_SECONDS of the settings unless the caller needs longer.
    """
    token, wall = uuid4(), clock.wall()
    free = Q(claimed_until=None) | Q(claimed_until__lt=wall)
    taken = rows.filter(free, pk=pk, next_try_at__lte=wall).update(
        claim_token=token, claimed_until=wall + (lease or _lease()), attempts=F("attempts") + 1
    )
    return token if taken else None


def release(
    rows: models.QuerySet[Row], pk: int, token: UUID, *, next_try_at: dt.datetime | None, **fields: Any
) -> bool:
    """Give the row back, with what became of it; False when the claim was lost meanwhile, and nothing was written."""
    return (
        rows.filter(pk=pk, claim_token=token).update(
            claim_token=None, claimed_until=None, next_try_at=next_try_at, **fields
        )
        == 1
    )


def overdue(rows: models.QuerySet[Row], *, limit: int = 200) -> list[int]:
    """Primary keys of rows that are due and held by nobody: their hint was lost, or their worker died."""
    wall = clock.wall()
    free = Q(claimed_until=None) | Q(claimed_until__lt=wall)
    return list(rows.filter(free, next_try_at__lte=wall).order_by("next_try_at").values_list("pk", flat=True)[:limit])


def _lease() -> dt.timedelta:
    return dt.timedelta(seconds=settings.LEASE_SECONDS)
