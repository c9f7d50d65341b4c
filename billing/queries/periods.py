"""Periods as the desk sees them: where each office stands, what stops or delays its closing."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, DateField, Exists, F, Max, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts import queries as accounts
from billing.models import Invoice, Period, PeriodState
from billing.queries.collecting import draft_lines, homeless_charges, open_charges, with_membership
from billing.queries.faces import Draft, draft_invoice
from billing.queries.invoices import ShownLine
from billing.rules.days import DAY, marks, month_end, period_name
from booking.models import Charge, Nature, Reservation, ReservationState, Segment, Settlement, StayNight
from lib import clock
from lib.actor import Actor

HOMELESS = "所属が未設定"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way of a closing: it `stops` it, or only warns. `amount` in yen, None where nobody knows it."""

    word: str
    detail: str
    count: int
    amount: int | None
    stops: bool


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """One office's period: sums of its invoice, or of what closing it now would take."""

    period: Period
    name: str
    office_name: str
    count: int
    amount: int
    invoice: Invoice | None
    obstacles: Sequence[Obstacle]

    @property
    def is_over(self) -> bool:
        """Whether the last day has passed."""
        return self.period.last_day < clock.today()

    @property
    def is_closable(self) -> bool:
        """Whether closing would be accepted."""
        return self.period.state == PeriodState.OPEN and self.is_over and not self.stopped

    @property
    def own_obstacles(self) -> Sequence[Obstacle]:
        """Those of this office alone; what concerns all offices is left out."""
        return [obstacle for obstacle in self.obstacles if obstacle.word != HOMELESS]

    @property
    def stopped(self) -> bool:
        return any(obstacle.stops for obstacle in self.obstacles)


@dataclass(slots=True)
class _Sums:
    """Open charges of one office and billing day."""

    day: dt.date
    count: int
    amount: int
    unset: int
    unset_amount: int


def period_rows(actor: Actor, month: dt.date) -> Sequence[PeriodRow]:
    """Every office's period that ends in the month, in the order of offices (a fixed number of queries)."""
    found = Period.objects.visible_to(actor).filter(last_day__range=(month.replace(day=1), month_end(month)))
    return _rows(list(_with_invoice(found).order_by("office__position", "last_day")))


def period_row(period: Period) -> PeriodRow:
    """One period with its sums and obstacles."""
    return _rows(list(_with_invoice(Period.objects.filter(pk=period.pk))))[0]


def preview(period: Period) -> Draft:
    """The invoice that closing the period today would make, from the same function that closing uses."""
    return draft_invoice(period, draft_lines(period), clock.today())


def default_month() -> dt.date:
    """The month that wants work: the past one while something of it is not closed, else the present one."""
    past = clock.today().replace(day=1) - DAY
    waiting = Period.objects.filter(last_day__range=(past.replace(day=1), past)).exclude(state=PeriodState.CLOSED)
    return (past if waiting.exists() else clock.today()).replace(day=1)


def period_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """本社 2026年11月利用分, by public id."""
    found = list(Period.objects.filter(public_id__in=list(ids)).select_related("office"))
    offices = accounts.office_names({period.office.public_id for period in found})
    return {
        period.public_id: f"{offices.get(period.office.public_id, period.office.code)} {period_name(period.last_day)}"
        for period in found
    }


def _with_invoice(periods: Any) -> Any:
    return periods.select_related("office", "invoice").annotate(line_count=Count("invoice__lines"))


def _rows(periods: Sequence[Any]) -> list[PeriodRow]:
    if not periods:
        return []
    last_day = max(period.last_day for period in periods)
    names = accounts.office_names({period.office.public_id for period in periods})
    sums, homeless = _open_sums(last_day), _homeless(last_day)
    unsettled, earlier = _unsettled(last_day), _earlier_open(periods)
    rows = []
    for period in periods:
        invoice = getattr(period, "invoice", None)
        due = [row for row in sums.get(period.office_id, []) if row.day <= period.last_day]
        is_closed = period.state == PeriodState.CLOSED
        obstacles = (
            []
            if is_closed
            else [
                *_earlier_obstacle(due, earlier.get(period.office_id)),
                *_unset_obstacle(due),
                *_unsettled_obstacles(unsettled.get(period.office_id, []), period.last_day),
                *homeless,
            ]
        )
        count = period.line_count if is_closed else sum(row.count for row in due)
        total = (invoice.total if invoice else 0) if is_closed else sum(row.amount for row in due)
        rows.append(
            PeriodRow(
                period=period,
                name=period_name(period.last_day),
                office_name=names.get(period.office.public_id, period.office.code),
                count=count,
                amount=total,
                invoice=invoice,
                obstacles=obstacles,
            )
        )
    return rows


def _open_sums(last_day: dt.date) -> dict[int, list[_Sums]]:
    unset = Q(nature=Nature.UNSET)
    grouped = (
        with_membership(open_charges().filter(billing_on__lte=last_day))
        .order_by()
        .values("office", "billing_on")
        .annotate(
            count=Count("pk"),
            total=Sum("amount"),
            unset=Count("pk", filter=unset),
            unset_total=Coalesce(Sum("amount", filter=unset), 0),
        )
    )
    sums: dict[int, list[_Sums]] = {}
    for row in grouped:
        day = _Sums(row["billing_on"], row["count"], row["total"], row["unset"], row["unset_total"])
        sums.setdefault(row["office"], []).append(day)
    return sums


def _homeless(last_day: dt.date) -> list[Obstacle]:
    found = homeless_charges(last_day).aggregate(count=Count("pk"), total=Sum("amount"))
    if not found["count"]:
        return []
    detail = "利用日に所属がない利用者の費用です。所属を登録すると、その拠点の次の請求に入ります（全拠点の合計）。"
    return [Obstacle(HOMELESS, detail, found["count"], found["total"], stops=False)]


def _unsettled(last_day: dt.date) -> dict[int, list[tuple[dt.date, str, int]]]:
    """Reservations whose money is not known yet, per office of their first day: (day, state, count)."""
    segment = Segment.objects.filter(reservation=OuterRef("pk")).order_by("travel_on").values("travel_on")[:1]
    night = StayNight.objects.filter(reservation=OuterRef("pk")).order_by("date").values("date")[:1]
    priced = Charge.objects.filter(reservation=OuterRef("pk"))
    bought = [ReservationState.TICKETED, ReservationState.USED]
    rows = (
        Reservation.objects.filter(settlement=Settlement.LUMP)
        .filter(Q(state=ReservationState.UNKNOWN) | Q(~Exists(priced), state__in=bought))
        .annotate(day=Coalesce(Subquery(segment), Subquery(night), output_field=DateField()))
        .filter(day__lte=last_day, trip__traveller__memberships__valid__contains=F("day"))
        .order_by()
        .values("state", "day", office=F("trip__traveller__memberships__department__office"))
        .annotate(count=Count("pk"))
    )
    found: dict[int, list[tuple[dt.date, str, int]]] = {}
    for row in rows:
        found.setdefault(row["office"], []).append((row["day"], row["state"], row["count"]))
    return found


def _earlier_open(periods: Sequence[Period]) -> dict[int, dt.date]:
    """Per office the last day of the latest open period before the earliest of these."""
    first = min(period.first_day for period in periods)
    rows = Period.objects.filter(last_day__lt=first).exclude(state=PeriodState.CLOSED).order_by()
    return dict(rows.values("office").annotate(last=Max("last_day")).values_list("office", "last"))


def _earlier_obstacle(due: Sequence[_Sums], earlier: dt.date | None) -> list[Obstacle]:
    before = [row for row in due if earlier and row.day <= earlier]
    if not before:
        return []
    count, amount = sum(row.count for row in before), sum(row.amount for row in before)
    return [Obstacle("前の期間が未締め", "古い期間から順に締めてください。", count, amount, stops=True)]


def _unset_obstacle(due: Sequence[_Sums]) -> list[Obstacle]:
    count, amount = sum(row.unset for row in due), sum(row.unset_amount for row in due)
    detail = "手配先の取扱い（自社売上・立替金・媒介者交付特例）を設定してください。"
    return [Obstacle("取扱いが未設定", detail, count, amount, stops=True)] if count else []


def _unsettled_obstacles(rows: Sequence[tuple[dt.date, str, int]], last_day: dt.date) -> list[Obstacle]:
    unknown = sum(n for day, state, n in rows if day <= last_day and state == ReservationState.UNKNOWN)
    unpriced = sum(n for day, state, n in rows if day <= last_day and state != ReservationState.UNKNOWN)
    found = []
    if unknown:
        found.append(
            Obstacle("手配先に確認中の予約", "結果が分かると、次の請求に入ります。", unknown, None, stops=False)
        )
    if unpriced:
        detail = "利用実績を取り込むか、金額を記録すると請求に入ります。"
        found.append(Obstacle("金額が未確定の予約", detail, unpriced, None, stops=False))
    return found


def has_earlier_open(period: Period) -> bool:
    """Whether an earlier period of the office is still open and has charges to take."""
    earlier = (
        Period.objects.filter(office=period.office_id, last_day__lt=period.first_day)
        .exclude(state=PeriodState.CLOSED)
        .aggregate(last=Max("last_day"))["last"]
    )
    if earlier is None:
        return False
    due = with_membership(open_charges().filter(billing_on__lte=earlier))
    return due.filter(office=period.office_id).exists()


@dataclass(frozen=True, slots=True)
class ShownObstacle:
    """An obstacle with the office that it concerns; `office` is empty for what concerns all."""

    number: int
    office: str
    period: Period | None
    obstacle: Obstacle


def shown_obstacles(rows: Sequence[PeriodRow]) -> Sequence[ShownObstacle]:
    """The obstacles of a month, numbered, those that stop first; what concerns all offices stands once."""
    found: dict[tuple[str, Obstacle], Period | None] = {}
    for row in rows:
        for obstacle in row.obstacles:
            is_common = obstacle.word == HOMELESS
            found.setdefault(("" if is_common else row.office_name, obstacle), None if is_common else row.period)
    ordered = sorted(found.items(), key=lambda item: not item[0][1].stops)
    return [
        ShownObstacle(number, office, period, obstacle)
        for number, ((office, obstacle), period) in enumerate(ordered, 1)
    ]


def preview_lines(period: Period, draft: Draft) -> Sequence[ShownLine]:
    """The lines of a preview with their marks."""
    return [ShownLine(line, marks(line.amount, line.billing_on, period.first_day)) for line in draft.lines]
