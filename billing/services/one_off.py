"""Invoices of sums that belong to no traveller (一時費用, such as 初期費用): one operator asks, another agrees."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

from accounts.models import Office
from accounts.queries import open_confirmation
from accounts.services import ask_confirmation, give_confirmation
from audit.services import record
from billing.errors import DueDatePassed, NotAsked
from billing.models import Invoice, InvoiceKind, OneOffRequest
from billing.permissions import ISSUE_INVOICES
from billing.queries import draft_one_off, numbered, with_payer
from billing.queries.one_off import ONE_OFF, preview_request
from billing.rules.one_off import OneOffLine
from billing.services.invoicing import issue_invoice, write_lines
from booking.models import Charge
from booking.services.fees import charge_one_off
from lib import clock, jst, yen
from lib.actor import Actor
from lib.errors import NotPermitted
from lib.verbs import inside, verb


@verb
def ask_one_off(
    actor: Actor,
    *,
    office: Office,
    lines: Sequence[OneOffLine],
    day: dt.date,
    due_on: dt.date,
    reference: str,
    reason: str,
) -> OneOffRequest:
    """Ask for an invoice of these lines to an office; the second person sees the paper that was seen here.

    Raises NotPermitted, NothingToBill (a sum of zero or below), DueDatePassed, PortalError without an issuer.
    """
    if not actor.may(ISSUE_INVOICES):
        raise NotPermitted
    _refuse_late(due_on)
    wish = OneOffRequest.objects.create(
        office=office,
        day=day,
        due_on=due_on,
        lines=[asdict(line) for line in lines],
        reference=reference,
        reason=reason,
        asked_at=clock.now(),
    )
    seen = preview_request(wish)
    ask_confirmation(
        actor,
        kind=ONE_OFF,
        subject=wish,
        title=f"{office.name} 一時費用の請求 {yen.text(wish.total)}",
        facts=[
            ("拠点", office.name),
            ("取引日", jst.long_day(day)),
            ("支払期限", jst.long_day(due_on)),
            *((line.content, yen.text(line.amount)) for line in lines),
            ("ご請求金額", yen.text(wish.total)),
        ],
        payload={"lines": len(lines), "total": wish.total},
        digest=seen.digest,
        reason=reason,
    )
    return wish


@verb
def issue_one_off(actor: Actor, wish: OneOffRequest) -> Invoice:
    """Agree, as the second person, to a one-off invoice, and issue it: charges, lines and number in one transaction.

    Its number is of the fiscal year in which it is issued. Raises NotPermitted, NotAsked, DueDatePassed, SamePerson,
    Changed (what would be printed, since it was asked).
    """
    if not actor.may(ISSUE_INVOICES):
        raise NotPermitted
    locked = OneOffRequest.objects.select_for_update(of=("self",)).select_related("office").get(pk=wish.pk)
    asked = open_confirmation(ONE_OFF, locked.public_id)
    if asked is None:
        raise NotAsked
    _refuse_late(locked.due_on)
    give_confirmation(actor, asked, digest=preview_request(locked).digest)
    invoice = _issue(actor, locked)
    OneOffRequest.objects.filter(pk=locked.pk).update(invoice=invoice)
    record(actor, "billing.one_off.issued", objects=[locked, invoice], data={"number": invoice.number})
    return invoice


@inside
def _issue(actor: Actor, wish: OneOffRequest) -> Invoice:
    charged = [
        charge_one_off(
            actor,
            office=wish.office,
            amount=line.amount,
            tax_class=line.tax_class,
            day=wish.day,
            description=line.content,
            reference=wish.reference,
        ).pk
        for line in wish.entries
    ]
    today = clock.today()
    key, _ = write_lines(numbered(with_payer(Charge.objects.filter(pk__in=charged)), wish.day))
    return issue_invoice(
        actor,
        key,
        kind=InvoiceKind.ONE_OFF,
        period=None,
        numbered_on=today,
        draft=lambda tallies: draft_one_off(wish.office, tallies, today, wish.due_on, wish.day),
    )


def _refuse_late(due_on: dt.date) -> None:
    if due_on < clock.today():
        raise DueDatePassed(field="due_on")
