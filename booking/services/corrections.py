"""What changes a charge afterwards: corrections, transfers between offices, and how far an office is invoiced."""

import datetime as dt

from accounts.models import Office
from booking.models import Charge, ChargeKind, ChargeSource, FeedRow, LedgerLock, Relation
from booking.services.ledger import add_charge
from lib.actor import Actor
from lib.verbs import inside


@inside
def correct_charge(
    actor: Actor,
    charge: Charge,
    *,
    difference: int,
    reason: str,
    kind: str = ChargeKind.CORRECTION,
    source: str = ChargeSource.OPERATOR,
    occurred_on: dt.date | None = None,
    feed_row: FeedRow | None = None,
) -> Charge:
    """Add `difference` yen to a charge that was recorded wrongly.

    It goes the way of its original: the same day, tax class, nature, ride or night; if that day is invoiced already, it
    stands on the next invoice, marked with its month.
    """
    return add_charge(
        actor,
        person=charge.person,
        office=charge.office,
        kind=kind,
        amount=difference,
        used_on=charge.used_on,
        occurred_on=occurred_on,
        billing_on=charge.billing_on,
        rule="as_original",
        description=f"訂正 {charge.description}（{reason}）",
        source=source,
        issued_on=charge.issued_on,
        reference=charge.reference,
        reservation=charge.reservation,
        segment=charge.segment,
        night=charge.night,
        feed_row=feed_row,
        origin=charge,
        relation=Relation.CORRECTION,
    )


@inside
def transfer_charge(actor: Actor, charge: Charge, *, billed: Office) -> tuple[Charge, Charge]:
    """Take a charge back from the office that was billed, and charge it anew to the one where the person belonged.

    For moves that were keyed in after closing. Kind, day, tax class and nature stay; each charge is transferred once, its
    second half may be again. Returns (taken back, charged anew).
    """
    out, back = (
        add_charge(
            actor,
            person=charge.person,
            office=billed if relation == Relation.TRANSFER_OUT else None,
            kind=charge.kind,
            amount=-charge.amount if relation == Relation.TRANSFER_OUT else charge.amount,
            used_on=charge.used_on,
            billing_on=charge.billing_on,
            rule="as_original",
            description=charge.description,
            source=ChargeSource.RULE,
            issued_on=charge.issued_on,
            reference=charge.reference,
            reservation=charge.reservation,
            segment=charge.segment,
            night=charge.night,
            origin=charge,
            relation=relation,
        )
        for relation in (Relation.TRANSFER_OUT, Relation.TRANSFER_IN)
    )
    return out, back


@inside
def lock_ledger(office: Office, *, through: dt.date) -> None:
    """Say that an office is invoiced up to the day (inclusive); it never goes back."""
    lock, _ = LedgerLock.objects.select_for_update().get_or_create(office=office, defaults={"last_day": through})
    if lock.last_day < through:
        lock.last_day = through
        lock.save(update_fields=["last_day"])
