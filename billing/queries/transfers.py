"""Moves that were keyed in after closing: lines whose person belonged elsewhere on the day of use, as is known now.

Compared at closing, once, with the final state: what moved to and fro before it leaves nothing.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Sum

from billing.models import InvoiceKind, InvoiceLine, Period
from billing.queries.lines import DraftLine
from billing.rules.days import late_period
from booking.models import Charge, ChargeKind, Relation
from lib import clock, jst


def _moved(last_day: dt.date) -> QuerySet[Any]:
    """Lines billed to another office than the one where the person belonged, with `now_office`, `now_code`, `now_name`.

    A line is left alone when its charge was transferred already, or when nobody knows where the person belonged.
    """
    transferred = Charge.objects.filter(origin=OuterRef("charge"), relation=Relation.TRANSFER_OUT)
    member = FilteredRelation(
        "charge__person__memberships",
        condition=Q(charge__person__memberships__valid__contains=F("charge__used_on")),
    )
    return (
        InvoiceLine.objects.filter(
            ~Exists(transferred), invoice__kind=InvoiceKind.REGULAR, charge__office=None, billing_on__lte=last_day
        )
        .annotate(
            member=member,
            now_office=F("member__department__office"),
            now_code=F("member__department__code"),
            now_name=F("member__department__name"),
        )
        .filter(now_office__isnull=False)
        .exclude(now_office=F("invoice__office"))
    )


def moved_lines(period: Period) -> QuerySet[Any]:
    """Lines that closing the period transfers, from its office or to it."""
    mine = Q(invoice__office=period.office_id) | Q(now_office=period.office_id)
    return _moved(period.last_day).filter(mine).select_related("invoice__office", "charge__segment").order_by("pk")


def transfer_sums(last_day: dt.date) -> Mapping[int, Sequence[tuple[dt.date, int, int]]]:
    """Per office what transfers will add: (billing day, lines, yen); one query for all offices."""
    rows = _moved(last_day).order_by().values_list("invoice__office", "now_office", "billing_on")
    sums: dict[int, list[tuple[dt.date, int, int]]] = {}
    for billed, now, day, count, amount in rows.annotate(n=Count("pk"), total=Sum("amount")):
        sums.setdefault(billed, []).append((day, count, -amount))
        sums.setdefault(now, []).append((day, count, amount))
    return sums


def transfer_lines(period: Period) -> Sequence[DraftLine]:
    """The lines that closing the period will add for `moved_lines`: taken back here, or charged here."""
    offices_periods = Period.objects.filter(office=period.office_id).order_by("last_day")
    ends = list(offices_periods.values_list("first_day", "last_day"))
    return [
        _half(line, period, is_out=line.invoice.office_id == period.office_id, periods=ends)
        for line in moved_lines(period)
    ]


def _half(line: Any, period: Period, *, is_out: bool, periods: Sequence[tuple[dt.date, dt.date]]) -> DraftLine:
    service = line.charge.segment.service if line.charge.segment else ""
    words = " ".join(filter(None, ["付替", str(ChargeKind(line.kind).label), service]))
    facts = {name: getattr(line, name) for name in DraftLine.__slots__ if name != "charge_id"}
    return replace(
        DraftLine(charge_id=None, **facts),
        relation=Relation.TRANSFER_OUT if is_out else Relation.TRANSFER_IN,
        amount=-line.amount if is_out else line.amount,
        part=jst.fiscal_year(line.billing_on),
        occurred_on=clock.today(),
        rule="as_original",
        late_for=late_period(line.billing_on, period.first_day, periods),
        department_code=line.department_code if is_out else line.now_code,
        department_name=line.department_name if is_out else line.now_name,
        content=f"{words}（元 {line.invoice.number}）",
    )
