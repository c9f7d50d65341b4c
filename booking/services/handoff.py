"""Hand-off: the person buys on the supplier's own site and comes back with the number, later or never."""

from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.models.members import member_index
from accounts.queries import member_number_on
from accounts.services import acting_on
from audit.changes import advance
from booking.errors import BadNumber, CannotWithdraw, NumberTaken
from booking.models import ChargeSource, Reservation, ReservationState, Trip
from booking.queries.numbers import stands_elsewhere
from booking.services.calls import admit_price, committed_total
from booking.services.following import follow_change
from booking.services.ledger import charge_fare
from booking.states import RESERVATION_MOVES
from booking.suppliers.base import HandsOff
from booking.suppliers.errors import Refused
from booking.suppliers.registry import adapter_for
from booking.suppliers.types import Link
from lib import clock
from lib.actor import Actor
from lib.verbs import inside, verb

R = ReservationState


def supplier_key_of(traveller: User, supplier: str) -> str:
    """The blind index of the traveller's member number, part of the key under which the supplier's numbers are one."""
    card = member_number_on(traveller, f"{supplier}_card", clock.today()) or member_number_on(
        traveller, supplier, clock.today()
    )
    return member_index(supplier, card) if card else f"person:{traveller.public_id.hex}"


def checked_number(reservation: Reservation, number: str) -> str:
    """The supplier's number without separators. Raises BadNumber for one that cannot be, NumberTaken for another booking's."""
    adapter = adapter_for(reservation.supplier, Link("", reservation.connection.site_url), HandsOff)
    try:
        checked = adapter.check_number(number)
    except Refused as refusal:
        raise BadNumber(refusal.message, field="number") from refusal
    if stands_elsewhere(reservation, checked):
        raise NumberTaken(field="number")
    return checked


@verb
def enter_number(actor: Actor, reservation: Reservation, *, number: str, price: int | None) -> None:
    """The person bought it: number and, when known, the sum. Without a sum no charge is made; the feed brings it.

    Raises NoProxy, BadNumber for a number that cannot be, NumberTaken for one that stands elsewhere, and AboveAuthorised
    when the sum passes what was confirmed. A train whose price was unknown then raises the total by what was paid.
    """
    actor = acting_on(actor, reservation.trip.traveller.public_id)
    checked = checked_number(reservation, number)
    trip = Trip.objects.locked(reservation.trip_id)
    if price is not None:
        others = committed_total(trip, instead={reservation.pk: price}) - price
        admit_price(actor, trip, others=others, price=price, is_known=bool(reservation.price))
    enter_purchase(actor, reservation, number=checked, price=price, source=ChargeSource.ENTERED)


@inside
def enter_purchase(actor: Actor, reservation: Reservation, *, number: str, price: int | None, source: str) -> None:
    """Move to ticketed with the number; charge the fare when the sum is known. Raises NumberTaken."""
    fields: dict[str, Any] = {
        "number": number,
        "member_index": supplier_key_of(reservation.trip.traveller, reservation.supplier),
        "operated_on": clock.today(),
        "booked_at": clock.now(),
        "ticketed_at": clock.now(),
        "price": price if price is not None else reservation.price,
        "is_estimate": price is None,
        "problem": "",
    }
    try:
        with transaction.atomic():
            advance(
                reservation,
                R.TICKETED,
                code="booking.reservation.ticketed",
                allowed=RESERVATION_MOVES,
                actor=actor,
                about=[reservation.trip],
                data={"number": number, "price": price, "source": str(source)},
                **fields,
            )
    except IntegrityError as error:
        raise NumberTaken(field="number") from error
    if price:
        charge_fare(actor, reservation, total=price, source=source, issued_on=clock.today())
    follow_change(actor, reservation)


@verb
def give_up(actor: Actor, reservation: Reservation, *, why: str) -> None:
    """The person came back without having bought: 料金が違う, 席がない, サイトに入れない, 予約をやめる.

    Raises NoProxy, and CannotWithdraw when its number was entered or it was given up before.
    """
    actor = acting_on(actor, reservation.trip.traveller.public_id)
    Trip.objects.locked(reservation.trip_id)
    reservation.refresh_from_db()
    if reservation.state != R.HANDED_OFF:
        raise CannotWithdraw("この予約は、すでに番号が登録されているか、取りやめになっています。")
    advance(
        reservation,
        R.WITHDRAWN,
        code="booking.reservation.withdrawn",
        allowed=RESERVATION_MOVES,
        actor=actor,
        why=why,
        about=[reservation.trip],
        problem=why[:300],
    )
    follow_change(actor, reservation)
