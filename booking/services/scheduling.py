"""Wishes that wait, carried out when they can be, and no dearer than confirmed; given up or taken at a new price.

An offer lives for minutes and a wish may wait for weeks: what has run out is searched again at the supplier, and only the
same service at the same fare, for at most the confirmed price, is booked without asking.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import OuterRef, Subquery

from accounts.services import acting_on
from audit.changes import advance
from audit.services import record
from booking.errors import CannotWithdraw
from booking.mails import tell_missed, tell_result
from booking.models import CallVerb, Change, Reservation, ReservationState, SupplierCall, Trip
from booking.queries.hours import may_begin_at
from booking.services import arranging, searching
from booking.services.calls import check_gate, claim_call, committed_total, is_within_bound, raise_total, settle_call
from booking.services.following import follow_change
from booking.services.keeping import keep_wish, stop_wish
from booking.states import RESERVATION_MOVES
from booking.suppliers.asking import held_under
from booking.suppliers.base import Books
from booking.suppliers.types import BookWish, Exchange, Offer, offer_from_json
from lib import clock, yen
from lib.actor import Actor
from lib.errors import Stale
from lib.verbs import driver, inside, verb

R = ReservationState
# A supplier that is closed for a reason that nobody announced is tried again after this.
UNANNOUNCED = dt.timedelta(minutes=15)
LEFT = "出発の時刻（宿泊日）を過ぎたため、予約できませんでした。"
GONE = "受付を待つあいだに、同じ便（部屋）・同じ料金の空きがなくなりました。"
GIVEN_UP = "予約待ちを取りやめました。"
ABOVE = "ほかの予約の料金が変わり、確認した合計額を超えるため、予約を止めています。"


@verb
def begin_scheduled(actor: Actor, reservation: Reservation) -> None:
    """The moment of a waiting wish has come: claim its booking, or wait on when the supplier is still closed.

    Raises Stale when it is no longer waiting or not yet due. Above the authorised total it stops and asks.
    """
    trip, fresh = _locked(reservation)
    if fresh.state != R.SCHEDULED or fresh.not_before is None or fresh.not_before > clock.now():
        raise Stale
    later = may_begin_at(fresh.supplier, offer_from_json(fresh.offer))
    if later is not None:
        Reservation.objects.filter(pk=fresh.pk).update(not_before=later)
        record(actor, "booking.reservation.waits_on", objects=[fresh, trip], data={"not_before": later})
    elif is_within_bound(trip):
        check_gate(trip)
        _claim(actor, fresh)
    elif has_left(offer_from_json(fresh.offer)):
        _miss(actor, trip, fresh)
    else:
        stop_wish(actor, fresh, why=ABOVE)


def _locked(reservation: Reservation) -> tuple[Trip, Reservation]:
    """The trip, locked, and the reservation as it stands now."""
    trip = Trip.objects.locked(reservation.trip_id)
    rows = Reservation.objects.select_for_update(no_key=True, of=("self",))
    return trip, rows.select_related("trip__traveller", "connection").get(pk=reservation.pk)


def _claim(actor: Actor, reservation: Reservation) -> None:
    price = reservation.price or 0
    claim_call(actor, reservation, verb=CallVerb.BOOK, max_yen=price, reference=reservation.reference)


@verb
def withdraw_wish(actor: Actor, reservation: Reservation) -> None:
    """Give up a wish that waits; the other parts of the trip go on.

    Raises NoProxy, and CannotWithdraw when it was given up before or its booking has begun.
    """
    actor = acting_on(actor, reservation.trip.traveller.public_id)
    trip, fresh = _locked(reservation)
    if fresh.state == R.WITHDRAWN:
        raise CannotWithdraw("この予約は、すでに取りやめになっています。")
    if fresh.state != R.SCHEDULED:
        raise CannotWithdraw
    give_up_wish(actor, trip, fresh, why=GIVEN_UP)
    arranging.arrange_next(actor, trip)


@verb
def end_missed_wish(actor: Actor, reservation: Reservation) -> None:
    """Nobody has decided on a stopped wish before its ride left, or its night was over. Raises Stale when that is not so."""
    trip, fresh = _locked(reservation)
    if fresh.state != R.SCHEDULED or fresh.not_before or not has_left(offer_from_json(fresh.offer)):
        raise Stale
    _miss(actor, trip, fresh)


def _miss(actor: Actor, trip: Trip, reservation: Reservation) -> None:
    give_up_wish(actor, trip, reservation, why=LEFT)
    arranging.arrange_next(actor, trip)
    tell_missed(actor, reservation)
    arranging.close_trip_if_over(actor, trip)


@inside
def give_up_wish(actor: Actor, trip: Trip, reservation: Reservation, *, why: str) -> None:
    """End a wish that waits, and the change that waited for it; `why` is a sentence for people."""
    advance(
        reservation, R.WITHDRAWN, code="booking.reservation.withdrawn", allowed=RESERVATION_MOVES, actor=actor,
        why=why.rstrip("。"), about=[trip], problem=why,
    )  # fmt: skip
    follow_change(actor, reservation)


@verb
def accept_wish(actor: Actor, reservation: Reservation, *, price: int) -> None:
    """The person saw why a waiting wish was stopped, and its price of now, and wants it all the same.

    The authorised total rises to what stands and was decided on; what else became dearer is decided on by itself. Raises
    NoProxy, Stale when it does not wait for an answer or the price has moved on, NotReleased, and AboveAuthorised where
    more than the approved sum needs another approval.
    """
    actor = acting_on(actor, reservation.trip.traveller.public_id)
    trip, fresh = _locked(reservation)
    if fresh.state != R.SCHEDULED or not fresh.problem or fresh.price != price:
        raise Stale
    others = _undecided_rise(trip, but=fresh)
    raise_total(actor, trip, to=committed_total(trip) - others, price=price)
    check_gate(trip, adding=-others)
    _claim(actor, fresh)


def _undecided_rise(trip: Trip, *, but: Reservation) -> int:
    """By how much other parts of the trip became dearer without anybody having taken their new price yet, in yen."""
    going = Change.objects.under_way().filter(reservation__trip=trip).values("reservation")
    asking = trip.reservations.filter(state__in=[R.BOOKED, R.SCHEDULED]).exclude(problem="").exclude(pk=but.pk)
    confirmed = SupplierCall.objects.filter(reservation=OuterRef("pk"), verb=CallVerb.BOOK).order_by("-pk")
    rows = (
        asking.exclude(pk__in=going)
        .annotate(confirmed=Subquery(confirmed.values("max_yen")[:1]))
        .values_list("price", "confirmed")
    )
    return sum(max((price or 0) - before, 0) for price, before in rows if before is not None)


@verb
def record_later(actor: Actor, call: SupplierCall, *, why: str, token: UUID, exchanges: Sequence[Exchange]) -> None:
    """The supplier takes no bookings now, and took none: the wish waits for its hours, or a while when they are not known.

    Unless an earlier try was turned away, and may have been taken all the same: that is asked about first.
    """
    if call.turned_away:
        arranging.record_unknown(actor, call, token=token, exchanges=exchanges)
        return
    settle_call(call, token=token, outcome="later", exchanges=exchanges)
    reservation = call.reservation
    opens = may_begin_at(reservation.supplier, offer_from_json(reservation.offer))
    keep_wish(actor, reservation, not_before=opens or clock.now() + UNANNOUNCED, why=why)
    tell_result(actor, reservation.trip)


@verb
def record_dearer(
    actor: Actor, call: SupplierCall, offer: Offer, *, token: UUID, exchanges: Sequence[Exchange]
) -> None:
    """What was confirmed costs more by now: nothing was booked, and the person is asked.

    Unless an earlier try was turned away, and may have been taken all the same: that is asked about first.
    """
    if call.turned_away:
        arranging.record_unknown(actor, call, token=token, exchanges=exchanges)
        return
    settle_call(call, token=token, outcome="dearer", exchanges=exchanges)
    plain = offer.as_json()
    why = f"料金が{yen.text(call.max_yen)}から{yen.text(offer.price or 0)}に変わったため、予約を止めています。"
    stop_wish(actor, call.reservation, why=why, price=offer.price, offer=plain, terms=plain["steps"])
    tell_result(actor, call.reservation.trip)


@verb
def record_renewed(actor: Actor, call: SupplierCall, offer: Offer, *, token: UUID) -> None:
    """The same offer once more, with a token that holds. Raises Stale when the claim was lost."""
    if not SupplierCall.objects.filter(pk=call.pk, claim_token=token).exists():
        raise Stale
    reservation, plain = call.reservation, offer.as_json()
    reservation.price, reservation.offer, reservation.terms = offer.price, plain, plain["steps"]
    reservation.save(update_fields=["price", "offer", "terms"])
    about: list[Any] = [reservation, reservation.trip]
    record(actor, "booking.reservation.renewed", objects=about, data={"price": offer.price})


@driver
def renew(actor: Actor, call: SupplierCall, wish: BookWish, adapter: Books, *, token: UUID) -> BookWish | None:
    """The wish with an offer that the supplier still takes; None when this led to the call's outcome already.

    Reads only, and therefore before the call counts as sent. Raises SupplierError when the supplier cannot be asked.
    """
    offer, answer = wish.offer, call.reservation.answer
    if call.verb != CallVerb.BOOK or not offer.is_gone or answer is None:
        return wish
    exchanges = adapter.http.exchanges  # type: ignore[attr-defined]
    database.close()
    if any(one.state != "cancelled" for one in held_under(adapter, wish.reference)):
        # An earlier try got through after all; the driver takes what is there.
        return wish
    if has_left(offer):
        arranging.record_refused(actor, call, why=LEFT, token=token, exchanges=exchanges)
        return None
    same = [found for found in searching.offers_of(answer) if is_same(found, offer)]
    if not same:
        arranging.record_refused(actor, call, why=GONE, token=token, exchanges=exchanges)
        return None
    best = min(same, key=lambda found: found.price or 0)
    if (best.price or 0) > call.max_yen:
        record_dearer(actor, call, best, token=token, exchanges=exchanges)
        return None
    record_renewed(actor, call, best, token=token)
    return replace(wish, offer=best)


def has_left(offer: Offer) -> bool:
    """Whether the first ride has departed, or the first night is over."""
    if offer.rides:
        return offer.rides[0].departs <= clock.now()
    return bool(offer.nights) and offer.nights[0].day < clock.today()


def is_same(one: Offer, other: Offer) -> bool:
    """Whether both are the same rides or nights in the same fare or plan, whatever they cost."""
    return _service(one) == _service(other)


def _service(offer: Offer) -> tuple[object, ...]:
    rides = tuple((ride.service, ride.from_name, ride.to_name, ride.departs, ride.arrives) for ride in offer.rides)
    return offer.supplier, offer.title, offer.detail, rides, tuple(night.day for night in offer.nights)
