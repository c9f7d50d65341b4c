"""Closing a period of one office: one transaction from the charges to the invoice."""

from collections.abc import Mapping
from typing import Any

from accounts.models import Office
from audit.changes import advance
from audit.services import record
from billing.errors import EarlierPeriodOpen, NatureUnset, PeriodNotOver
from billing.models import Invoice, InvoiceDocument, InvoiceLine, NumberSeries, Period, PeriodState
from billing.permissions import CLOSE_PERIODS
from billing.queries import Draft, draft_invoice, draft_lines, has_earlier_open, unset_charges
from billing.states import PERIOD_MOVES
from booking.models import Nature
from lib import clock, durable, jobs, jst
from lib.actor import Actor
from lib.errors import MoveNotAllowed, NotPermitted, PortalError
from lib.verbs import driver, verb

SERIES = "invoice"
BATCH = 1000
FREE: Mapping[str, Any] = {"claim_token": None, "claimed_until": None, "next_try_at": None}


@verb
def request_closing(actor: Actor, period: Period) -> None:
    """Ask for a closing; a worker carries it out. Asked twice while it runs, it stays one closing.

    Raises NotPermitted, PeriodNotOver, EarlierPeriodOpen, NatureUnset, MoveNotAllowed (closed already).
    """
    locked = _lock(actor, period)
    if locked.state == PeriodState.CLOSING:
        return
    if locked.state == PeriodState.CLOSED:
        raise MoveNotAllowed("この期間は、もう締めてあります。")
    _refuse_early(locked)
    _refuse_unset(unset_charges(locked.office, locked.last_day).count())
    _begin(actor, locked, next_try_at=clock.wall(), requested_by=actor.id)
    jobs.enqueue("billing.tasks.close", locked.pk)


@verb
def close_period(actor: Actor, *, office: Office, period: Period) -> Period:
    """Close an office's period: lines, number, invoice, seal; a period that is closed comes back unchanged.

    Takes every charge without a line whose billing day is not later than the last day, of people who belonged to the
    office on the day of use. Without charges it is closed without an invoice. Works from open, too.
    Raises NotPermitted, PeriodNotOver, EarlierPeriodOpen, NatureUnset; then nothing has changed.
    """
    if period.office_id != office.pk:
        raise ValueError("the period belongs to another office")
    locked = _lock(actor, period)
    if locked.state == PeriodState.CLOSED:
        return locked
    _refuse_early(locked)
    lines = draft_lines(locked)
    _refuse_unset(sum(line.nature == Nature.UNSET for line in lines))
    if locked.state == PeriodState.OPEN:
        _begin(actor, locked)
    invoice = _issue(actor, draft_invoice(locked, lines, clock.today())) if lines else None
    facts = {"lines": len(lines), "total": invoice.total if invoice else 0}
    advance(
        locked,
        PeriodState.CLOSED,
        code="billing.period.closed",
        allowed=PERIOD_MOVES,
        actor=actor,
        about=[office, *([invoice] if invoice else [])],
        data={**facts, **({"invoice": invoice.number} if invoice else {})},
        closed_at=clock.now(),
        **FREE,
    )
    return locked


@verb
def reopen_period(actor: Actor, period: Period, *, why: str) -> None:
    """Give up a closing that was asked for, since something stops it; the page says why. Raises Stale, MoveNotAllowed."""
    advance(
        period,
        PeriodState.OPEN,
        code="billing.period.reopened",
        allowed=PERIOD_MOVES,
        actor=actor,
        why=why,
        about=[period.office],
        **FREE,
    )


@driver
def carry_out_closing(actor: Actor, period_pk: int) -> None:
    """Carry out a closing that was asked for, if nobody else does. What stops it puts the period back to open.

    A worker that dies leaves the transaction undone; the lease runs out and the sweeper finds the period again.
    """
    if durable.claim(Period.objects.filter(state=PeriodState.CLOSING), period_pk) is None:
        return
    period = Period.objects.select_related("office").get(pk=period_pk)
    try:
        close_period(actor, office=period.office, period=period)
    except PortalError as error:
        reopen_period(actor, period, why=error.message)


def _lock(actor: Actor, period: Period) -> Period:
    """The row as it is now, locked together with the office's earlier ones: two closings of an office never overlap."""
    if not actor.may(CLOSE_PERIODS):
        raise NotPermitted
    earlier = Period.objects.filter(office=period.office_id, last_day__lte=period.last_day)
    open_ones = earlier.exclude(state=PeriodState.CLOSED, last_day__lt=period.last_day)
    list(open_ones.order_by("last_day").select_for_update().values_list("pk", flat=True))
    return Period.objects.select_related("office").get(pk=period.pk)


def _refuse_early(period: Period) -> None:
    if clock.today() <= period.last_day:
        raise PeriodNotOver(f"末日（{jst.short_day(period.last_day)}）が過ぎてから締めてください。")
    if has_earlier_open(period):
        raise EarlierPeriodOpen


def _refuse_unset(count: int) -> None:
    if count:
        raise NatureUnset(f"取扱いが未設定の費用が{count}件あります。手配先の取扱いを設定してから締めてください。")


def _begin(actor: Actor, period: Period, **fields: Any) -> None:
    advance(
        period,
        PeriodState.CLOSING,
        code="billing.period.closing",
        allowed=PERIOD_MOVES,
        actor=actor,
        about=[period.office],
        **fields,
    )


def _issue(actor: Actor, draft: Draft) -> Invoice:
    """Insert the invoice complete with number and face, its lines, and the wish for its PDF."""
    period = draft.period
    invoice = Invoice.objects.create(
        period=period,
        office=period.office,
        number=_next_number(period),
        issued_on=draft.issued_on,
        due_on=draft.due_on,
        total=draft.taxes.total,
        face=draft.face,
        created_at=clock.now(),
    )
    rows = (
        InvoiceLine(invoice=invoice, position=position, **line.facts()) for position, line in enumerate(draft.lines, 1)
    )
    InvoiceLine.objects.bulk_create(rows, batch_size=BATCH)
    document = InvoiceDocument.objects.create(invoice=invoice, next_try_at=clock.wall())
    record(
        actor,
        "billing.invoice.issued",
        objects=[invoice, period, period.office],
        data={"number": invoice.number, "total": invoice.total, "lines": len(draft.lines)},
    )
    jobs.enqueue("billing.tasks.make_document", document.pk)
    return invoice


def _next_number(period: Period) -> str:
    """The next number of the fiscal year in which the period ends: the row is locked until the invoice is committed."""
    year = jst.fiscal_year(period.last_day)
    NumberSeries.objects.get_or_create(series=SERIES, fiscal_year=year)
    series = NumberSeries.objects.select_for_update().get(series=SERIES, fiscal_year=year)
    series.last += 1
    series.save(update_fields=["last"])
    return f"{year}-{series.last:04d}"
