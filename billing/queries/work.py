"""What waits for the desk: months that can be closed."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import Count
from django.urls import reverse

from billing.models import Period, PeriodState
from billing.permissions import CLOSE_PERIODS
from billing.queries.collecting import open_charges
from billing.rules.days import DAY, period_name
from lib import clock, jst
from lib.actor import Actor
from lib.registry import WorkItem


def work_items(actor: Actor) -> Sequence[WorkItem]:
    """Months over and not closed: the latest one, and older ones that still have charges (two queries)."""
    if not actor.may(CLOSE_PERIODS):
        return []
    over = Period.objects.filter(state=PeriodState.OPEN, last_day__lt=clock.today()).order_by()
    counts: list[tuple[dt.date, dt.date, int]] = list(
        over.values("first_day", "last_day")
        .annotate(n=Count("pk"))
        .order_by("last_day")
        .values_list("first_day", "last_day", "n")
    )
    if not counts:
        return []
    latest = counts[-1][1]
    charged = set(
        open_charges().filter(billing_on__lte=latest).order_by().values_list("billing_on", flat=True).distinct()
    )
    return [
        WorkItem(
            kind="closing",
            title=f"{period_name(last)}の締め",
            detail=f"未締め {n}拠点",
            url=f"{reverse('billing:periods')}?month={last:%Y-%m}",
            since=jst.at(last + DAY),
            verb="締める",
        )
        for first, last, n in counts
        if last == latest or any(first <= day <= last for day in charged)
    ]
