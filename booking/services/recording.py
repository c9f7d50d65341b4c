"""An operator books on the supplier's terminal, by phone or at a counter, and records what was bought."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from accounts.queries import membership_on
from audit.services import record
from booking.errors import BadWish, NumberTaken
from booking.models import (
    ChargeSource,
    Connection,
    Part,
    Reservation,
    ReservationState,
    Settlement,
    Trip,
    TripState,
    Way,
)
from booking.services.arranging import arrange_next
from booking.services.calls import committed_total, raise_total
from booking.services.fees import HANDLED_AS, charge_handling
from booking.services.handoff import supplier_key_of
from booking.services.ledger import charge_flight
from booking.services.trips import add_parts, item_for
from booking.suppliers.registry import KINDS
from booking.suppliers.types import Night, Offer, Ride
from lib import clock
from lib.actor import Actor
from lib.errors import NotPermitted
from lib.verbs import verb


@dataclass(frozen=True, slots=True)
class Purchase:
    """What was bought: for which part of the trip, where, under which number, for how many yen.

    `psfc` is the 旅客施設使用料 inside the price where it is stated apart; `tax_basis` says by which rule taxes of nights
    were counted that nobody stated.
    """

    part: str
    connection: Connection
    number: str
    price: int
    title: str
    detail: str = ""
    settlement: str = Settlement.LUMP
    rides: Sequence[Ride] = ()
    nights: Sequence[Night] = ()
    raises_total: bool = False
    psfc: int = 0
    tax_basis: str = ""


@verb
def record_reservation(actor: Actor, trip: Trip, purchase: Purchase) -> Reservation:
    """Enter a booking that an operator made; rides are ticketed (money is due), nights are booked until check-out.

    The agency's own fee is charged with it, where its table has one.

    Raises NotPermitted; BadWish with the form field when it is not inside the trip or passes the authorised total
    without the traveller's word (`raises_total`), or when another booking stands for the same part; NumberTaken;
    AboveAuthorised where more than the approved sum needs another approval.
    """
    if not actor.may("booking.reservation.record"):
        raise NotPermitted
    actor = actor.for_person(trip.traveller.public_id)
    trip = Trip.objects.locked(trip.pk)
    _check(trip, purchase)
    kind = KINDS[purchase.connection.supplier]
    stay = kind == "stay"
    offer = Offer(
        supplier=purchase.connection.supplier,
        title=purchase.title,
        detail=purchase.detail,
        price=purchase.price,
        psfc=purchase.psfc,
        rides=purchase.rides,
        nights=purchase.nights,
    )
    now = clock.now()
    try:
        with transaction.atomic():
            reservation = Reservation.objects.create(
                trip=trip,
                connection=purchase.connection,
                supplier=purchase.connection.supplier,
                way=Way.OPERATOR,
                state=ReservationState.BOOKED if stay else ReservationState.TICKETED,
                settlement=purchase.settlement,
                reference=f"{trip.number}-{trip.reservations.count() + 1:02d}",
                title=purchase.title,
                detail=purchase.detail,
                number=purchase.number,
                member_index=supplier_key_of(trip.traveller, purchase.connection.supplier),
                operated_on=clock.today(),
                price=purchase.price,
                offer=offer.as_json(),
                booked_at=now,
                ticketed_at=None if stay else now,
            )
            add_parts(reservation, item_for(trip, purchase.part, offer), offer)
    except IntegrityError as error:
        if "reservation_supplier_key" in str(error):
            raise NumberTaken(field="number") from error
        raise BadWish(
            "この区間・この日には、すでに別の予約があります。先にその予約を取り消してください。", field="part"
        ) from error
    data = {"number": purchase.number, "price": purchase.price, "way": str(Way.OPERATOR)}
    data |= {"tax_basis": purchase.tax_basis} if purchase.tax_basis else {}
    record(actor, "booking.reservation.recorded", objects=[reservation, trip], data=data)
    if purchase.raises_total:
        raise_total(actor, trip, to=committed_total(trip), price=purchase.price)
    if not stay:
        charge_flight(
            actor, reservation, total=purchase.price, psfc=purchase.psfc, source=ChargeSource.OPERATOR,
            issued_on=clock.today(),
        )  # fmt: skip
    charge_handling(actor, reservation, service=HANDLED_AS[kind])
    # What waited for this part goes on.
    arrange_next(actor, trip)
    return reservation


def _check(trip: Trip, purchase: Purchase) -> None:
    if trip.state != TripState.RELEASED or trip.authorised_total is None:
        raise BadWish("この出張は手配中ではありません。出張番号を確かめてください。", field="trip")
    if purchase.part not in Part.values:
        raise BadWish("区分を選んでください。", field="part")
    days = [ride.departs.astimezone(clock.JST).date() for ride in purchase.rides] + [n.day for n in purchase.nights]
    margin = dt.timedelta(days=1)
    if not days or not trip.first_day - margin <= min(days) <= max(days) <= trip.last_day + margin:
        raise BadWish("利用日が出張の期間から外れています。日を確かめてください。", field="day")
    if membership_on(trip.traveller, min(days)) is None:
        raise BadWish("利用日に出張者の所属がありません。所属を登録してから記録してください。", field="day")
    above = committed_total(trip) + purchase.price - trip.authorised_total
    if above > 0 and not purchase.raises_total:
        raise BadWish(
            f"確認済みの上限を{above:,}円超えます。出張者の了承を得たときは「上限を超えることを確かめた」を選んでください。",
            field="price",
        )
