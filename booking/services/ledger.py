"""The ledger: adding and reversing charges. Money is due when it is due; nothing is ever edited."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from accounts.models import FareSplit, Office, User
from accounts.queries import contract_terms_on
from audit.services import record
from booking.models import (
    BillingSubject,
    Charge,
    ChargeKind,
    FeedRow,
    Nature,
    Relation,
    Reservation,
    Segment,
    StayNight,
    SupplierNature,
    TaxClass,
    TaxRule,
)
from booking.queries.billing_days import DAY, basis_on, cancellation_day, is_open, planned_day
from lib import clock, yen
from lib.actor import Actor
from lib.verbs import inside

EVENTS = {
    "": "booking.charge.added",
    Relation.REVERSAL: "booking.charge.reversed",
    Relation.CORRECTION: "booking.charge.corrected",
    Relation.TRANSFER_OUT: "booking.charge.transferred",
    Relation.TRANSFER_IN: "booking.charge.transferred",
}
FEES = frozenset({ChargeKind.REFUND_FEE, ChargeKind.CANCEL_FEE, ChargeKind.CHANGE_FEE, ChargeKind.HANDLING})


def tax_class_on(kind: str, day: dt.date) -> str:
    """The tax class of a kind of charge on the day; 未設定 when no row says, never a guess."""
    row = TaxRule.objects.on(day).filter(kind=kind).values_list("tax_class", flat=True).first()
    return row or TaxClass.UNSET


def nature_on(supplier: str, day: dt.date) -> str:
    """How the agency bills what the supplier sells; 未設定 when no row says, never a guess."""
    if not supplier:
        return Nature.OWN
    row = SupplierNature.objects.on(day).filter(supplier=supplier).values_list("nature", flat=True).first()
    return row or Nature.UNSET


@inside
def add_charge(
    actor: Actor,
    *,
    person: User | None,
    kind: str,
    amount: int,
    used_on: dt.date,
    billing_on: dt.date,
    rule: str,
    description: str,
    source: str,
    occurred_on: dt.date | None = None,
    issued_on: dt.date | None = None,
    tax_class: str = "",
    office: Office | None = None,
    reference: str = "",
    reservation: Reservation | None = None,
    segment: Segment | None = None,
    night: StayNight | None = None,
    feed_row: FeedRow | None = None,
    origin: Charge | None = None,
    relation: str = "",
) -> Charge:
    """Write one fact of money (signed yen, not zero). `rule` is a key of `BILLING_RULES`.

    What goes back to another charge (`origin`) has its tax class and nature; `occurred_on` is today unless told.
    """
    supplier = origin.supplier if origin else reservation.supplier if reservation else ""
    # Our own fees are our own sales, whosever ticket they are for.
    sold_by = "" if kind in {ChargeKind.HANDLING, ChargeKind.DELIVERY, ChargeKind.ONE_OFF} else supplier
    charge = Charge.objects.create(
        person=person,
        office=office,
        kind=kind,
        amount=amount,
        tax_class=tax_class or (origin.tax_class if origin else tax_class_on(kind, used_on)),
        nature=origin.nature if origin else nature_on(sold_by, used_on),
        supplier=supplier,
        used_on=used_on,
        occurred_on=occurred_on or clock.today(),
        issued_on=issued_on,
        billing_on=billing_on,
        rule=rule,
        description=description[:120],
        reference=reference,
        reservation=reservation,
        segment=segment,
        night=night,
        source=source,
        feed_row=feed_row,
        origin=origin,
        relation=relation,
        recorded_at=clock.now(),
    )
    data = {
        "kind": str(kind),
        "amount": amount,
        "used_on": used_on,
        "billing_on": billing_on,
        "rule": rule,
        "source": str(source),
    }
    about: list[Any] = [charge, *([reservation, reservation.trip] if reservation else [])]
    about += [payer for payer in (person, office, origin) if payer]
    record(actor, EVENTS[relation], objects=about, data=data)
    return charge


@inside
def charge_fare(
    actor: Actor,
    reservation: Reservation,
    *,
    total: int,
    source: str,
    issued_on: dt.date | None = None,
    occurred_on: dt.date | None = None,
    kind: str = ChargeKind.FARE,
    feed_row: FeedRow | None = None,
) -> list[Charge]:
    """A fare over the rides of a reservation, each part billed by its ride's day, or by the day of issue if so agreed.

    Split by the contract of the first ride's day: equal parts, odd yen to the first ones; or all on the first ride.
    """
    segments = list(reservation.segments.order_by("departs"))
    first_day = segments[0].travel_on
    if contract_terms_on(first_day).fare_split == FareSplit.FIRST:
        segments = segments[:1]
    by_issue = issued_on if issued_on and basis_on(BillingSubject.FARE, first_day) == "issue_date" else None
    return [
        add_charge(
            actor,
            person=reservation.trip.traveller,
            kind=kind,
            amount=amount,
            used_on=segment.travel_on,
            occurred_on=occurred_on,
            billing_on=by_issue or segment.travel_on,
            rule="issue_date" if by_issue else "ride_date",
            description=f"{segment.service} {segment.from_name}→{segment.to_name}",
            source=source,
            issued_on=issued_on,
            reservation=reservation,
            segment=segment,
            feed_row=feed_row,
        )
        for segment, amount in zip(segments, yen.split(total, len(segments)), strict=True)
        if amount
    ]


@inside
def charge_nights(actor: Actor, reservation: Reservation, *, source: str) -> list[Charge]:
    """Room and taxes of each night, at check-out; taxes that the traveller pays at the desk are never billed.

    Billed by the night, or all by the day of check-out if the contract of the first night says so.
    """
    added = []
    nights = list(reservation.nights.order_by("date"))
    basis = basis_on(BillingSubject.STAY, nights[0].date) if nights else "night"
    for night in nights:
        taxes = (
            []
            if night.tax_on_the_spot
            else [
                (ChargeKind.STAY_TAX, night.stay_tax, "宿泊税"),
                (ChargeKind.BATHING_TAX, night.bathing_tax, "入湯税"),
            ]
        )
        for kind, amount, word in [(ChargeKind.ROOM, night.room_price, reservation.detail), *taxes]:
            if amount:
                added.append(
                    add_charge(
                        actor,
                        person=reservation.trip.traveller,
                        kind=kind,
                        amount=amount,
                        used_on=night.date,
                        billing_on=nights[-1].date + DAY if basis == "check_out" else night.date,
                        rule=basis,
                        description=f"{reservation.title} {word}",
                        source=source,
                        reservation=reservation,
                        night=night,
                    )
                )
    return added


def standing_charges(reservation: Reservation) -> Sequence[Charge]:
    """What a reservation costs that nothing has taken back yet, fees and their corrections apart.

    A transfer between offices changes who pays, not what stands: its halves are left out.
    """
    charges = list(
        reservation.charges.exclude(relation__in=[Relation.TRANSFER_OUT, Relation.TRANSFER_IN])
        .select_related("person", "segment", "night", "origin")
        .order_by("pk")
    )
    reversed_ids = {charge.origin_id for charge in charges if charge.relation == Relation.REVERSAL}
    return [
        charge
        for charge in charges
        if charge.relation != Relation.REVERSAL and not _is_fee(charge) and charge.pk not in reversed_ids
    ]


def _is_fee(charge: Charge) -> bool:
    """Whether it is a fee, or corrects one, at any remove."""
    while charge.origin is not None and charge.kind == ChargeKind.CORRECTION:
        charge = charge.origin
    return charge.kind in FEES


@inside
def reverse_charges(
    actor: Actor,
    reservation: Reservation,
    *,
    source: str,
    occurred_on: dt.date | None = None,
    feed_row: FeedRow | None = None,
) -> int:
    """Take back every charge of a reservation that still stands; how many yen that was."""
    standing = standing_charges(reservation)
    for charge in standing:
        reverse_charge(actor, charge, source=source, occurred_on=occurred_on, feed_row=feed_row)
    return sum(charge.amount for charge in standing)


@inside
def reverse_charge(
    actor: Actor,
    charge: Charge,
    *,
    source: str,
    occurred_on: dt.date | None = None,
    feed_row: FeedRow | None = None,
) -> Charge:
    """Take one charge back, to the yen, with its tax class and nature; a second reversal is refused by the database.

    It keeps the billing day of its original while that lies ahead or in an open period of the traveller's office; once
    that is invoiced, it is billed by the day it happened.
    """
    happened = occurred_on or clock.today()
    kept = charge.person is None or charge.billing_on >= clock.today() or is_open(charge.person, charge.billing_on)
    return add_charge(
        actor,
        person=charge.person,
        office=charge.office,
        kind=ChargeKind.REFUND,
        amount=-charge.amount,
        used_on=charge.used_on,
        occurred_on=happened,
        billing_on=charge.billing_on if kept else happened,
        rule="as_original" if kept else "happened_on",
        description=f"払戻 {charge.description}",
        source=source,
        issued_on=charge.issued_on,
        reference=charge.reference,
        reservation=charge.reservation,
        segment=charge.segment,
        night=charge.night,
        feed_row=feed_row,
        origin=charge,
        relation=Relation.REVERSAL,
    )


@inside
def charge_cancellation(
    actor: Actor,
    reservation: Reservation,
    *,
    fee: int,
    source: str,
    occurred_on: dt.date | None = None,
    feed_row: FeedRow | None = None,
) -> None:
    """What a cancellation costs: by the planned day of use while that is ahead or open, else by the day it happened.

    Airlines and hotels keep damages (不課税 取消手数料); railways take a service fee (課税 払戻手数料): the row of the supplier
    says which.
    """
    if not fee:
        return
    planned = planned_day(reservation)
    person = reservation.trip.traveller
    billing_on, rule = cancellation_day(person, planned, occurred_on or clock.today())
    kind = ChargeKind(_kept_as(reservation.supplier, planned))
    add_charge(
        actor,
        person=person,
        kind=kind,
        amount=fee,
        used_on=planned,
        occurred_on=occurred_on,
        billing_on=billing_on,
        rule=rule,
        description=f"{kind.label} {reservation.title}",
        source=source,
        reservation=reservation,
        feed_row=feed_row,
    )


def _kept_as(supplier: str, day: dt.date) -> str:
    row = SupplierNature.objects.on(day).filter(supplier=supplier).values_list("kept_as", flat=True).first()
    return str(row or ChargeKind.CANCEL_FEE)


def known_total(reservation: Reservation, *kinds: str) -> int:
    """What the ledger says of a reservation under these kinds, in yen."""
    return sum(reservation.charges.filter(kind__in=kinds).values_list("amount", flat=True))
