"""Changing: quoted first, carried out with a highest cost; the old booking lives until the new one is sure."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.services import acting_on
from audit.changes import advance
from audit.services import record
from booking.errors import BadWish, CannotChange, ChangeTaken, NotReleased, NumberTaken, OfferGone
from booking.models import (
    CallVerb,
    Change,
    ChangeKind,
    ChangeState,
    ChargeSource,
    Reservation,
    ReservationState,
    Search,
    Segment,
    SupplierCall,
    Trip,
    TripState,
)
from booking.queries.changing import CHANGEABLE, REPLACEABLE, kind_of_change, may_change, what_became
from booking.queries.disruptions import still_running
from booking.queries.parts import part_of
from booking.services.arranging import arrange_next
from booking.services.calls import admit_price, claim_call, committed_total, raise_total, settle_call
from booking.services.disruptions import note_fee
from booking.services.fees import charge_change_fee
from booking.services.following import drop_change_of, finish_change
from booking.services.handoff import checked_number
from booking.services.ledger import charge_flight, reverse_charges
from booking.services.trips import Pick, add_parts, add_reservation
from booking.states import CHANGE_MOVES, RESERVATION_MOVES, moves_of
from booking.suppliers.types import Changed, Exchange, Offer, offer_from_json
from lib import clock
from lib.actor import Actor
from lib.verbs import inside, verb

R = ReservationState


def _is_same(one: Offer, other: Offer) -> bool:
    facts = [
        (each.title, each.detail, [ride.departs for ride in each.rides], [n.day for n in each.nights])
        for each in (one, other)
    ]
    return facts[0] == facts[1]


@verb
def propose_change(actor: Actor, search: Search, *, pick: Pick) -> Change:
    """Choose what shall stand instead of the booking that the search is for; nothing is sent and nothing costs yet.

    An earlier choice that was not confirmed is dropped. Raises NoProxy, CannotChange, OfferGone, and ChangeTaken while a
    confirmed change is under way.
    """
    if search.replaces is None:
        raise CannotChange
    old = _locked(search.replaces.pk)
    actor = acting_on(actor, old.trip.traveller.public_id)
    if not may_change(old, old.trip):
        raise CannotChange
    if pick.offer.is_gone:
        raise OfferGone
    if old.state in CHANGEABLE and _is_same(offer_from_json(old.offer), pick.offer):
        raise BadWish("いまの予約と同じものです。別の候補を選んでください。")
    _check_free(old)
    for earlier in old.changes.filter(state=ChangeState.DRAFT):
        drop_change_of(actor, earlier)
    if old.changes.under_way().exists():
        raise ChangeTaken("この予約の変更は、すでに手続き中です。終わるまでお待ちください。")
    change = Change.objects.create(
        reservation=old,
        kind=kind_of_change(old, pick.answer, pick.offer),
        search=search,
        answer=pick.answer,
        offer=pick.offer.as_json(),
        old_price=old.price,
        created_at=clock.now(),
    )
    record(actor, "booking.change.proposed", objects=[change, old, old.trip], data={"kind": str(change.kind)})
    return change


def _locked(pk: int) -> Reservation:
    rows = Reservation.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("trip__traveller", "connection").get(pk=pk)


def _check_free(old: Reservation) -> None:
    """What could not be had may have been replaced already, in another tab or by an operator."""
    item = part_of(old)
    others = item.segments.filter(live=True).exists() or item.nights.filter(live=True).exists()
    if old.state in REPLACEABLE and others:
        raise CannotChange("この区間には、すでに別の予約があります。")


@verb
def drop_change(actor: Actor, change: Change) -> None:
    """Give a change up that waits for its person: before it was confirmed, or before it was made at the supplier's site.

    Raises NoProxy, and ChangeTaken when it is being carried out.
    """
    actor = acting_on(actor, change.reservation.trip.traveller.public_id)
    change = _locked_change(change)
    if change.state != ChangeState.DRAFT and not (change.state, change.kind) == (ChangeState.CONFIRMED, ChangeKind.OWN):
        raise ChangeTaken(what_became(change))
    drop_change_of(actor, change)


def _locked_change(change: Change) -> Change:
    rows = Change.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("reservation__trip__traveller", "reservation__connection", "answer").get(pk=change.pk)


@verb
def confirm_change(actor: Actor, change: Change, *, max_cost: int, max_fee: int) -> None:
    """Carry the change out, at `max_cost` yen at most, of which `max_fee` is fee: as the person saw it.

    What is confirmed here raises the trip's authorised total. Raises NoProxy, NotReleased, ChangeTaken, CannotChange,
    OfferGone, and AboveAuthorised where more than the approved sum needs another approval.
    """
    old = change.reservation
    actor = acting_on(actor, old.trip.traveller.public_id)
    trip = Trip.objects.locked(old.trip_id)
    change = _locked_change(change)
    old = _locked(change.reservation_id)
    if change.state != ChangeState.DRAFT:
        raise ChangeTaken(what_became(change))
    if trip.state != TripState.RELEASED:
        raise NotReleased
    if not may_change(old, trip) or (old.state in REPLACEABLE and change.kind != ChangeKind.REPLACE):
        # What was given back meanwhile is not changed any more; another may be booked in its place.
        raise CannotChange
    _check_free(old)
    offer = offer_from_json(change.offer)
    if offer.is_gone or not still_running(change.answer.connection.supplier, [offer]):
        raise OfferGone
    note_fee(actor, old, fee=max_fee, changing=change.kind != ChangeKind.REBOOK)
    new = _chosen_anew(trip, change, offer) if change.kind in {ChangeKind.REBOOK, ChangeKind.REPLACE} else None
    facts = {"kind": str(change.kind), "max_cost": max_cost, "max_fee": max_fee}
    advance(
        change, ChangeState.CONFIRMED, code="booking.change.confirmed", allowed=CHANGE_MOVES, actor=actor,
        about=[old, trip], data=facts, max_cost=max_cost, max_fee=max_fee, confirmed_at=clock.now(), replacement=new,
    )  # fmt: skip
    more = 0 if new else max(max_cost, 0)
    raise_total(actor, trip, to=committed_total(trip) + more, price=max_cost)
    if new is not None:
        arrange_next(actor, trip)
    elif change.kind == ChangeKind.EXCHANGE:
        claim_call(actor, old, verb=CallVerb.CHANGE, max_yen=max_cost)


def _chosen_anew(trip: Trip, change: Change, offer: Offer) -> Reservation:
    """The new booking, still a draft; the old one is marked as going."""
    old = change.reservation
    if change.kind == ChangeKind.REBOOK:
        old.segments.update(outgoing=True)
        old.nights.update(outgoing=True)
        # What could not be done with a ticket before is behind its person; of what is held it is the price to decide on.
        Reservation.objects.filter(pk=old.pk, state=R.TICKETED).update(problem="")
    item = part_of(old)
    return add_reservation(trip, Pick(item.part, change.answer, offer), item=item)


@verb
def record_changed(
    actor: Actor, call: SupplierCall, changed: Changed, *, token: UUID, exchanges: Sequence[Exchange]
) -> None:
    """The supplier has changed the booking: another ride, another price, and of a ticket another ticket."""
    settle_call(call, token=token, outcome="changed", exchanges=exchanges)
    change = Change.objects.under_way().select_for_update(no_key=True).get(reservation=call.reservation)
    enter_change(
        actor,
        change,
        to=call.state_before,
        allowed_by=call.verb,
        price=changed.price,
        fee=changed.fee,
        psfc=changed.psfc,
        source=ChargeSource.SUPPLIER,
        hold_until=changed.hold_until,
        ticket_number=changed.ticketed.ticket_number if changed.ticketed else "",
    )


@inside
def enter_change(
    actor: Actor,
    change: Change,
    *,
    to: str,
    allowed_by: str,
    price: int,
    fee: int,
    source: str,
    psfc: int = 0,
    **fields: Any,
) -> None:
    """Let the new ride stand in the same booking; of a ticket the old fare is taken back and the new one charged."""
    old = Reservation.objects.select_related("trip__traveller", "connection").get(pk=change.reservation_id)
    offer = offer_from_json(change.offer)
    before = old.price or 0
    ticketed = to == R.TICKETED
    item = part_of(old)
    if ticketed:
        reverse_charges(actor, old, source=source)
    Segment.objects.filter(reservation=old).update(superseded=True)
    add_parts(old, item, offer)
    advance(
        old,
        to,
        code="booking.reservation.changed",
        allowed=moves_of(old.state, allowed_by),
        actor=actor,
        about=[old.trip],
        data={
            "service": offer.rides[0].service,
            "departs": offer.rides[0].departs,
            "price": price,
            "difference": price - before,
            "fee": fee,
            "ticket": str(fields.get("ticket_number", "")),
            "source": str(source),
        },
        title=offer.title,
        detail=offer.detail,
        price=price,
        is_estimate=False,
        offer=change.offer,
        answer=change.answer,
        terms=change.offer["steps"],
        problem="",
        **fields,
    )
    if ticketed:
        charge_flight(actor, old, total=price, psfc=psfc, source=source, issued_on=clock.today())
    if fee:
        charge_change_fee(actor, old, fee=fee, source=source)
    change.reservation = old
    finish_change(actor, change)


@verb
def record_own_change(actor: Actor, change: Change, *, number: str, price: int) -> None:
    """The person changed it on the supplier's own site: the number as it is now, and the whole new price in yen.

    Raises NoProxy, BadNumber, NumberTaken, ChangeTaken when it waits for nothing any more, and AboveAuthorised when the
    price passes what was confirmed.
    """
    actor = acting_on(actor, change.reservation.trip.traveller.public_id)
    trip = Trip.objects.locked(change.reservation.trip_id)
    change = _locked_change(change)
    old = change.reservation
    if (change.state, change.kind) != (ChangeState.CONFIRMED, ChangeKind.OWN) or old.state != R.TICKETED:
        raise ChangeTaken(what_became(change))
    checked = checked_number(old, number)
    others = committed_total(trip) - (old.price or 0)
    known = bool(offer_from_json(change.offer).price)
    admit_price(actor, trip, others=others, price=price, is_known=known)
    try:
        with transaction.atomic():
            advance(
                old, R.CHANGING, code="booking.reservation.changing", allowed=RESERVATION_MOVES, actor=actor,
                about=[trip], data={"max_yen": price}, number=checked,
            )  # fmt: skip
    except IntegrityError as error:
        raise NumberTaken(field="number") from error
    enter_change(
        actor, change, to=R.TICKETED, allowed_by=CallVerb.CHANGE, price=price, fee=0, source=ChargeSource.ENTERED
    )
