"""Charges beside the fare: changes, deliveries, the agency's own fees, one-off sums."""

import datetime as dt
from collections.abc import Sequence

from accounts.models import DeliverySplit, Office, User
from accounts.queries import contract_terms_on, membership_on
from booking.models import (
    AgencyFee,
    BillingSubject,
    Charge,
    ChargeKind,
    ChargeSource,
    FeeService,
    Reservation,
    Segment,
    StayNight,
)
from booking.queries.billing_days import basis_on, planned_day
from booking.services.ledger import add_charge
from lib import clock, yen
from lib.actor import Actor
from lib.verbs import inside

TEN = 10
# What an operator arranges, by the kind of its supplier.
HANDLED_AS = {"air": FeeService.ARRANGE_AIR, "rail": FeeService.ARRANGE_RAIL, "stay": FeeService.ARRANGE_STAY}


@inside
def charge_change_fee(
    actor: Actor, reservation: Reservation, *, fee: int, source: str, occurred_on: dt.date | None = None
) -> Charge:
    """The fee of a change (yen), billed by the day of the new ride or night: call it when that stands."""
    segment: Segment | None = reservation.segments.order_by("departs").first()
    night: StayNight | None = None if segment else reservation.nights.order_by("date").first()
    day = planned_day(reservation)
    return add_charge(
        actor,
        person=reservation.trip.traveller,
        kind=ChargeKind.CHANGE_FEE,
        amount=fee,
        used_on=day,
        occurred_on=occurred_on,
        billing_on=day,
        rule="ride_date" if segment else "night",
        description=f"変更手数料 {reservation.title}",
        source=source,
        reservation=reservation,
        segment=segment,
        night=night,
    )


@inside
def charge_delivery(
    actor: Actor, *, travellers: Sequence[User], amount: int, dispatched_on: dt.date, reference: str
) -> list[Charge]:
    """A consignment's fee (yen) to the offices of the travellers whose tickets are inside, by the day of dispatch.

    Shared equally by office, odd yen to the first ones in the order of `travellers`; or by traveller, if the contract
    says so. A share of an office stands on the first of its travellers; of somebody without an office on that day, on
    that person. `reference` is the consignment's number.
    """
    payers = list(dict.fromkeys(travellers))
    if contract_terms_on(dispatched_on).delivery_split == DeliverySplit.BY_OFFICE:
        first_of: dict[object, User] = {}
        for traveller in payers:
            membership = membership_on(traveller, dispatched_on)
            first_of.setdefault(membership.department.office_id if membership else traveller, traveller)
        payers = list(first_of.values())
    return [
        add_charge(
            actor,
            person=payer,
            kind=ChargeKind.DELIVERY,
            amount=share,
            used_on=dispatched_on,
            occurred_on=dispatched_on,
            billing_on=dispatched_on,
            rule="dispatch_date",
            description=f"配送料 {reference}",
            source=ChargeSource.RULE,
            reference=reference,
        )
        for payer, share in zip(payers, yen.split(amount, len(payers)), strict=True)
        if share
    ]


@inside
def charge_handling(actor: Actor, reservation: Reservation, *, service: str) -> Charge | None:
    """The agency's own fee for a service (`FeeService`) on a booking, by the table of the day; None where it has no row.

    A percentage is of the booking's price, cut below 10 yen. Billed with what it is for, unless the contract says otherwise.
    """
    today = clock.today()
    row = AgencyFee.objects.on(today).filter(service=service).first()
    if row is None:
        return None
    fee = row.yen if row.yen is not None else yen.cut(yen.part(reservation.price or 0, row.percent, 100), TEN)
    if not fee:
        return None
    used_on = planned_day(reservation)
    rule = basis_on(BillingSubject.HANDLING, used_on)
    return add_charge(
        actor,
        person=reservation.trip.traveller,
        kind=ChargeKind.HANDLING,
        amount=fee,
        used_on=used_on,
        billing_on=used_on if rule == "with_subject" else today,
        rule=rule,
        description=f"取扱手数料 {row.get_service_display()} {reservation.title}",
        source=ChargeSource.RULE,
        reservation=reservation,
    )


@inside
def charge_one_off(
    actor: Actor, *, office: Office, amount: int, tax_class: str, day: dt.date, description: str, reference: str
) -> Charge:
    """A sum that belongs to no traveller, such as 初期費用: the office that pays is named, the day was agreed."""
    return add_charge(
        actor,
        person=None,
        office=office,
        kind=ChargeKind.ONE_OFF,
        amount=amount,
        tax_class=tax_class,
        used_on=day,
        billing_on=day,
        rule="agreed_date",
        description=description,
        source=ChargeSource.OPERATOR,
        reference=reference,
    )
