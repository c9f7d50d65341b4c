"""Periods as the desk sees them: where each office stands, what stops or delays its closing."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Count, Max

from accounts import queries as accounts
from accounts.models import Confirmation, Office
from accounts.queries import open_confirmations
from billing.models import Invoice, Period, PeriodState
from billing.queries.collecting import charges_due, draft_lines
from billing.queries.invoices import ShownLine, shown_line
from billing.queries.obstacles import (
    Obstacle,
    common_obstacles,
    earlier_open,
    office_obstacles,
    open_sums,
    unsettled,
)
from billing.queries.transfers import transfer_lines, transfer_sums
from billing.rules.days import DAY, month_end, period_name
from lib import clock
from lib.actor import Actor

SHOWN_LINES = 500


class StepState(StrEnum):
    """How far a step of a month is: not begun, to be done now, done, or not needed."""

    LATER = "later"
    NOW = "now"
    DONE = "done"
    NONE = "none"

    @classmethod
    def of(cls, *, done: bool, now: bool, needed: bool = True) -> "StepState":
        """The state from what is known of the step."""
        if not needed:
            return cls.NONE
        return cls.DONE if done else cls.NOW if now else cls.LATER


@dataclass(frozen=True, slots=True)
class Step:
    """One step of closing a month."""

    word: str
    state: StepState


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
    prepared: Confirmation | None
    sent_at: dt.datetime | None

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
        return [obstacle for obstacle in self.obstacles if not obstacle.is_common]

    @property
    def stopped(self) -> bool:
        return any(obstacle.stops for obstacle in self.obstacles)

    @property
    def steps(self) -> Sequence[Step]:
        """The way of a month: usage files in, open items settled, preview agreed, closed, sent."""
        is_closed = self.period.state == PeriodState.CLOSED
        has_feeds = not any(obstacle.is_feed for obstacle in self.obstacles)
        is_settled = not any(not obstacle.is_feed for obstacle in self.obstacles)
        is_prepared = self.prepared is not None or self.period.state != PeriodState.OPEN
        over = self.is_over
        return [
            Step("利用実績", StepState.of(done=is_closed or (over and has_feeds), now=over)),
            Step("確かめること", StepState.of(done=is_closed or (over and is_settled), now=over)),
            Step("準備", StepState.of(done=is_prepared, now=self.is_closable)),
            Step("締め", StepState.of(done=is_closed, now=is_prepared)),
            Step(
                "送付", StepState.of(done=self.sent_at is not None, now=self.invoice is not None, needed=self._is_sent)
            ),
        ]

    @property
    def _is_sent(self) -> bool:
        """Whether there is something to send: a period without charges has no invoice."""
        return self.invoice is not None or self.period.state != PeriodState.CLOSED


def period_rows(actor: Actor, month: dt.date) -> Sequence[PeriodRow]:
    """Every office's period that ends in the month, in the order of offices (a fixed number of queries)."""
    found = Period.objects.visible_to(actor).filter(last_day__range=(month.replace(day=1), month_end(month)))
    return _rows(list(_with_invoice(found).order_by("office__position", "last_day")))


def period_row(period: Period) -> PeriodRow:
    """One period with its sums and obstacles."""
    return _rows(list(_with_invoice(Period.objects.filter(pk=period.pk))))[0]


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
    return periods.select_related("office", "invoice").annotate(
        line_count=Count("invoice__lines", distinct=True), sent_at=Max("invoice__mailings__at")
    )


def _rows(periods: Sequence[Any]) -> list[PeriodRow]:
    if not periods:
        return []
    last_day = max(period.last_day for period in periods)
    terms = accounts.contract_terms_on(last_day)
    names = accounts.office_names({period.office.public_id for period in periods})
    sums, common = open_sums(last_day), common_obstacles(last_day, terms)
    prepared = open_confirmations("billing.close", [period.public_id for period in periods])
    waiting, earlier, moved = unsettled(last_day), earlier_open(periods), transfer_sums(last_day)
    rows = []
    for period in periods:
        invoice = getattr(period, "invoice", None)
        due = [row for row in sums.get(period.office_id, []) if row.day <= period.last_day]
        transfers = [row for row in moved.get(period.office_id, []) if row[0] <= period.last_day]
        is_closed = period.state == PeriodState.CLOSED
        own = office_obstacles(
            due, waiting.get(period.office_id, []), earlier.get(period.office_id), period.last_day, terms
        )
        rows.append(
            PeriodRow(
                period=period,
                name=period_name(period.last_day),
                office_name=names.get(period.office.public_id, period.office.code),
                count=period.line_count
                if is_closed
                else sum(row.count for row in due) + sum(n for _, n, _ in transfers),
                amount=(invoice.total if invoice else 0)
                if is_closed
                else sum(row.amount for row in due) + sum(amount for *_, amount in transfers),
                invoice=invoice,
                obstacles=[] if is_closed else [*own, *common],
                prepared=prepared.get(period.public_id),
                sent_at=period.sent_at,
            )
        )
    return rows


def has_earlier_open(period: Period) -> bool:
    """Whether an earlier period of the office is still open and has charges to take."""
    earlier = (
        Period.objects.filter(office=period.office_id, last_day__lt=period.first_day)
        .exclude(state=PeriodState.CLOSED)
        .aggregate(last=Max("last_day"))["last"]
    )
    return earlier is not None and charges_due(period.office, earlier).exists()


def has_something_open(office: Office, day: dt.date) -> bool:
    """Whether an office has money up to the day that is not invoiced, or bookings whose money is not known."""
    is_charged = charges_due(office, day).exists() or office.pk in transfer_sums(day)
    return is_charged or office.pk in unsettled(day)


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
            key = "" if obstacle.is_common else row.office_name
            found.setdefault((key, obstacle), None if obstacle.is_common else row.period)
    ordered = sorted(found.items(), key=lambda item: not item[0][1].stops)
    return [
        ShownObstacle(number, office, period, obstacle)
        for number, ((office, obstacle), period) in enumerate(ordered, 1)
    ]


def preview_lines(period: Period) -> Sequence[ShownLine]:
    """The first lines of a preview with their marks, in the order of the invoice; transfers stand first."""
    lines = [*transfer_lines(period), *draft_lines(period, limit=SHOWN_LINES)]
    return [shown_line(line) for line in islice(lines, SHOWN_LINES)]
