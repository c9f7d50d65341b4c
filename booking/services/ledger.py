"""The ledger: adding and reversing charges. Money is due when it is due; nothing is ever edited."""

import datetime as dt
from typing import Any

from accounts.models import User
from audit.services import record
from booking.models import (
    Charge,
    ChargeKind,
    FeedRow,
    Nature,
    Reservation,
    Segment,
    StayNight,
    SupplierNature,
    TaxClass,
    TaxRule,
)
from lib import clock, yen
from lib.actor import Actor
from lib.verbs import inside


def tax_class_on(kind: str, day: dt.date) -> str:
    """The tax class of a kind of charge on the day; 10 % inclusive when no row says otherwise."""
    row = TaxRule.objects.on(day).filter(kind=kind).values_list("tax_class", flat=True).first()
    return row or TaxClass.STANDARD


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
    person: User,
    kind: str,
    amount: int,
    used_on: dt.date,
    billing_on: dt.date,
    rule: str,
    description: str,
    source: str,
    issued_on: dt.date | None = None,
    reservation: Reservation | None = None,
    segment: Segment | None = None,
    night: StayNight | None = None,
    feed_row: FeedRow | None = None,
    reverses: Charge | None = None,
) -> Charge:
    """Write one fact of money (signed yen, not zero). `rule` is a key of `BILLING_RULES`."""
    supplier = reservation.supplier if reservation else ""
    charge = Charge.objects.create(
        person=person,
        kind=kind,
        amount=amount,
        tax_class=reverses.tax_class if reverses else tax_class_on(kind, used_on),
        nature=reverses.nature if reverses else nature_on(supplier, used_on),
        supplier=supplier,
        used_on=used_on,
        occurred_on=clock.today(),
        issued_on=issued_on,
        billing_on=billing_on,
        rule=rule,
        description=description,
        reservation=reservation,
        segment=segment,
        night=night,
        source=source,
        feed_row=feed_row,
        reverses=reverses,
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
    about: list[Any] = [charge, *([reservation, reservation.trip] if reservation else []), person]
    record(actor, "booking.charge.reversed" if reverses else "booking.charge.added", objects=about, data=data)
    return charge


@inside
def charge_fare(
    actor: Actor,
    reservation: Reservation,
    *,
    total: int,
    source: str,
    issued_on: dt.date | None = None,
    kind: str = ChargeKind.FARE,
    feed_row: FeedRow | None = None,
) -> list[Charge]:
    """A fare over the rides of a reservation: equal parts, odd yen to the first, each billed by its ride's day."""
    segments = list(reservation.segments.order_by("departs"))
    parts = yen.split(total, len(segments))
    return [
        add_charge(
            actor,
            person=reservation.trip.traveller,
            kind=kind,
            amount=amount,
            used_on=segment.travel_on,
            billing_on=segment.travel_on,
            rule="ride_date",
            description=f"{segment.service} {segment.from_name}→{segment.to_name}",
            source=source,
            issued_on=issued_on,
            reservation=reservation,
            segment=segment,
            feed_row=feed_row,
        )
        for segment, amount in zip(segments, parts, strict=True)
        if amount
    ]


@inside
def charge_flight(
    actor: Actor,
    reservation: Reservation,
    *,
    total: int,
    psfc: int,
    source: str,
    issued_on: dt.date | None = None,
) -> list[Charge]:
    """A fare of which the supplier states `psfc` yen apart as 旅客施設使用料: the fare is the rest, both per flight.

    Without such a statement (0) the whole is fare, and so it is when the statement passes the total.
    """
    stated = psfc if psfc <= total else 0
    added = charge_fare(actor, reservation, total=total - stated, source=source, issued_on=issued_on)
    segments = list(reservation.segments.order_by("departs"))
    for segment, amount in zip(segments, yen.split(stated, len(segments)), strict=True):
        if amount:
            charge = add_charge(
                actor,
                person=reservation.trip.traveller,
                kind=ChargeKind.PSFC,
                amount=amount,
                used_on=segment.travel_on,
                billing_on=segment.travel_on,
                rule="ride_date",
                description=f"旅客施設使用料 {segment.service} {segment.from_name}→{segment.to_name}"[:120],
                source=source,
                issued_on=issued_on,
                reservation=reservation,
                segment=segment,
            )
            added.append(charge)
    return added


@inside
def charge_nights(actor: Actor, reservation: Reservation, *, source: str) -> list[Charge]:
    """Room and taxes of each night, at check-out; taxes that the traveller pays at the desk are never billed."""
    added = []
    for night in reservation.nights.order_by("date"):
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
                        billing_on=night.date,
                        rule="night",
                        description=f"{reservation.title} {word}"[:120],
                        source=source,
                        reservation=reservation,
                        night=night,
                    )
                )
    return added


@inside
def reverse_charges(actor: Actor, reservation: Reservation, *, source: str, feed_row: FeedRow | None = None) -> int:
    """Take back every charge of a reservation that still stands; how many yen that was. A reversal keeps its billing day."""
    standing = reservation.charges.filter(reverses=None, reversed_by=None).exclude(
        kind__in=[ChargeKind.REFUND_FEE, ChargeKind.CANCEL_FEE]
    )
    total = 0
    for charge in list(standing.select_related("person", "segment", "night")):
        add_charge(
            actor,
            person=charge.person,
            kind=ChargeKind.REFUND,
            amount=-charge.amount,
            used_on=charge.used_on,
            billing_on=charge.billing_on,
            rule="as_original",
            description=f"払戻 {charge.description}"[:120],
            source=source,
            issued_on=charge.issued_on,
            reservation=reservation,
            segment=charge.segment,
            night=charge.night,
            feed_row=feed_row,
            reverses=charge,
        )
        total += charge.amount
    return total


@inside
def charge_cancellation(
    actor: Actor, reservation: Reservation, *, fee: int, source: str, feed_row: FeedRow | None = None
) -> None:
    """The fee of a cancellation: by the planned day of use while that lies ahead, else by the day it happened.

    Airlines and hotels keep damages (不課税 取消手数料); railways take a service fee (課税 払戻手数料).
    """
    if not fee:
        return
    planned = _planned_day(reservation)
    ahead = planned >= clock.today()
    rail = reservation.supplier == "ex"
    add_charge(
        actor,
        person=reservation.trip.traveller,
        kind=ChargeKind.REFUND_FEE if rail else ChargeKind.CANCEL_FEE,
        amount=fee,
        used_on=planned,
        billing_on=planned if ahead else clock.today(),
        rule="planned_date" if ahead else "happened_on",
        description=f"{'払戻手数料' if rail else '取消手数料'} {reservation.title}"[:120],
        source=source,
        reservation=reservation,
        feed_row=feed_row,
    )


def _planned_day(reservation: Reservation) -> dt.date:
    segment = reservation.segments.order_by("departs").first()
    night = reservation.nights.order_by("date").first()
    if segment:
        return segment.travel_on
    return night.date if night else reservation.trip.first_day


def known_total(reservation: Reservation, *kinds: str) -> int:
    """What the ledger says of a reservation under these kinds, in yen."""
    return sum(reservation.charges.filter(kind__in=kinds).values_list("amount", flat=True))
