"""Closing a period of one office: one transaction from the charges to the invoice."""

from collections.abc import Mapping
from typing import Any

from accounts.models import Confirmation, Office
from accounts.queries import open_confirmation
from accounts.services import ask_confirmation, give_confirmation, lapse_confirmation
from audit.changes import advance
from billing.errors import EarlierPeriodOpen, NatureUnset, NotPrepared, PeriodNotOver, StillWaiting, SumsChanged
from billing.models import Invoice, InvoiceKind, Period, PeriodState
from billing.permissions import CLOSE_PERIODS
from billing.queries import (
    draft_invoice,
    due_lines,
    has_earlier_open,
    moved_lines,
    period_digest,
    period_row,
    unset_charges,
)
from billing.services.invoicing import issue_invoice, write_lines
from billing.states import PERIOD_MOVES
from booking.services.corrections import lock_ledger, transfer_charge
from lib import clock, durable, jobs, jst, yen
from lib.actor import Actor
from lib.errors import MoveNotAllowed, NotPermitted, PortalError
from lib.verbs import driver, inside, verb

CLOSE = "billing.close"
FREE: Mapping[str, Any] = {"claim_token": None, "claimed_until": None, "next_try_at": None}


@verb
def prepare_closing(actor: Actor, period: Period) -> Confirmation:
    """Say, as the first of two people, that the preview of a period is right and that it may be closed.

    A preparation that the office's charges have outrun lapses, and this one stands in its place. Raises NotPermitted,
    PeriodNotOver, EarlierPeriodOpen, NatureUnset, StillWaiting, MoveNotAllowed (closed, or being closed), AlreadyAsked.
    """
    locked = _lock(actor, period)
    if locked.state != PeriodState.OPEN:
        raise MoveNotAllowed("この期間は、もう締めてあるか、締めているところです。")
    _refuse_obstacles(locked)
    row, digest = period_row(locked), period_digest(locked)
    earlier = open_confirmation(CLOSE, locked.public_id)
    if earlier is not None and earlier.digest != digest:
        lapse_confirmation(actor, earlier, why="changed")
    facts = [
        ("拠点", row.office_name),
        ("期間", f"{jst.long_day(locked.first_day)}–{jst.short_day(locked.last_day)}"),
        ("明細", f"{row.count}件"),
        ("今回計", yen.text(row.amount)),
    ]
    return ask_confirmation(
        actor,
        kind=CLOSE,
        subject=locked,
        title=f"{row.office_name} {row.name}の締め",
        facts=facts,
        payload={"lines": row.count, "total": row.amount},
        digest=digest,
    )


@verb
def request_closing(actor: Actor, period: Period) -> None:
    """Agree, as the second person, to what was prepared; a worker carries it out. Asked twice while it runs, it stays one.

    Raises NotPermitted, PeriodNotOver, EarlierPeriodOpen, NatureUnset, StillWaiting, MoveNotAllowed (closed already),
    NotPrepared, SamePerson, Changed (the sums, since it was prepared).
    """
    locked = _lock(actor, period)
    if locked.state == PeriodState.CLOSING:
        return
    if locked.state == PeriodState.CLOSED:
        raise MoveNotAllowed("この期間は、もう締めてあります。")
    _refuse_obstacles(locked)
    prepared = open_confirmation(CLOSE, locked.public_id)
    if prepared is None:
        raise NotPrepared
    digest = period_digest(locked)
    give_confirmation(actor, prepared, digest=digest)
    advance(
        locked,
        PeriodState.CLOSING,
        code="billing.period.closing",
        allowed=PERIOD_MOVES,
        actor=actor,
        about=[locked.office],
        next_try_at=clock.wall(),
        requested_by=actor.id,
        digest=digest,
        problem="",
    )
    jobs.enqueue("billing.tasks.close", locked.pk)


@verb
def close_period(actor: Actor, *, office: Office, period: Period) -> Period:
    """Close an office's period that two people agreed on: lines, number, invoice, seal; a closed one comes back unchanged.

    Moves keyed in late are settled first; then it takes every charge without a line whose billing day is not later than
    the last day, of people who belonged to the office on the day of use. Without charges it is closed without an invoice.
    Raises NotPermitted, PeriodNotOver, EarlierPeriodOpen, NatureUnset, MoveNotAllowed (nobody asked for it), SumsChanged
    (since it was asked for); then nothing has changed.
    """
    if period.office_id != office.pk:
        raise ValueError("the period belongs to another office")
    locked = _lock(actor, period)
    if locked.state == PeriodState.CLOSED:
        return locked
    _refuse_early(locked)
    if locked.state != PeriodState.CLOSING:
        raise MoveNotAllowed("先に、締めの準備と確認をしてください。")
    _refuse_unset(locked)
    if locked.digest != period_digest(locked):
        raise SumsChanged
    for line in moved_lines(locked):
        transfer_charge(actor, line.charge, billed=line.invoice.office)
    invoice = _issue(actor, locked)
    lock_ledger(office, through=locked.last_day)
    count = invoice.face["count"] if invoice else 0
    advance(
        locked,
        PeriodState.CLOSED,
        code="billing.period.closed",
        allowed=PERIOD_MOVES,
        actor=actor,
        about=[office, *([invoice] if invoice else [])],
        data={
            "lines": count,
            "total": invoice.total if invoice else 0,
            **({"invoice": invoice.number} if invoice else {}),
        },
        closed_at=clock.now(),
        **FREE,
    )
    return locked


@inside
def _issue(actor: Actor, period: Period) -> Invoice | None:
    key, count = write_lines(due_lines(period))
    if not count:
        return None
    return issue_invoice(
        actor,
        key,
        kind=InvoiceKind.REGULAR,
        period=period,
        numbered_on=period.last_day,
        draft=lambda tallies: draft_invoice(period, tallies, clock.today()),
    )


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
        digest="",
        problem=why[:300],
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


def _refuse_unset(period: Period) -> None:
    count = unset_charges(period.office, period.last_day).count()
    if count:
        raise NatureUnset(f"取扱い・税区分が未設定の費用が{count}件あります。設定してから締めてください。")


def _refuse_obstacles(period: Period) -> None:
    """Refuse what stops a closing: always too early and unset natures, and what the contract says must not wait."""
    _refuse_early(period)
    _refuse_unset(period)
    stopping = [obstacle.word for obstacle in period_row(period).obstacles if obstacle.stops]
    if stopping:
        raise StillWaiting(f"{'、'.join(stopping)}があるため、締められません。")
