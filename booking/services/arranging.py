"""Arranging: claim a call, record its outcome, and decide what comes next. Reversible bookings first, irreversible last."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from accounts.services import acting_on
from audit.changes import advance
from booking.errors import ChangeTaken
from booking.mails import tell_expired, tell_result
from booking.models import (
    CallState,
    CallVerb,
    Change,
    ChangeState,
    ChargeSource,
    Reservation,
    ReservationState,
    Segment,
    SupplierCall,
    Trip,
    TripItem,
    TripState,
    Way,
)
from booking.queries.disruptions import disruptions_of, is_kept_open
from booking.queries.hours import may_begin_at
from booking.services.calls import check_gate, claim_call, committed_total, is_within_bound, raise_total, settle_call
from booking.services.connections import pause_connection
from booking.services.following import follow_change, follow_kept, refuse_change
from booking.services.keeping import keep_wish, stop_wish
from booking.services.ledger import charge_flight
from booking.states import ENDED, HELD_UP, IN_FLIGHT, RESERVATION_MOVES, TRIP_MOVES, moves_of
from booking.suppliers.base import Tickets
from booking.suppliers.registry import can
from booking.suppliers.types import Booked, Exchange, Ticketed, offer_from_json
from lib import clock, jobs
from lib.actor import Actor
from lib.errors import MoveNotAllowed, Stale
from lib.verbs import inside, verb

R = ReservationState


@inside
def arrange_next(actor: Actor, trip: Trip) -> None:
    """Start what may start now: hand-offs at once; over HTTP first what can be undone, then the rest, tickets last.

    The rest waits while the person has to decide about a part, and goes on once that is decided.
    """
    trip = Trip.objects.locked(trip.pk)
    if trip.state != TripState.RELEASED:
        return
    for reservation in trip.reservations.filter(state=R.DRAFT, way=Way.HANDOFF):
        advance(
            reservation,
            R.HANDED_OFF,
            code="booking.reservation.handed_off",
            allowed=RESERVATION_MOVES,
            actor=actor,
            about=[trip],
            waiting_since=clock.now(),
        )
    ours = list(trip.reservations.filter(way=Way.API).select_related("connection"))
    drafts = [reservation for reservation in ours if reservation.state == R.DRAFT]
    changes = Change.objects.under_way().filter(reservation__trip=trip)
    # What a change wants was confirmed with all of the trip in sight.
    anew = set(changes.values_list("replacement", flat=True))
    if not is_within_bound(trip):
        # The person decides on what became dearer first; an error here would undo the outcome that is being recorded.
        _hold_up(actor, [row for row in drafts if row.pk not in anew])
        return
    first = [reservation for reservation in drafts if reservation.offer.get("reversible", True)]
    held_up = [row for row in ours if row.state == R.SCHEDULED and row.problem == HELD_UP]
    waiting = any(row.state in IN_FLIGHT | {R.UNKNOWN, R.SCHEDULED} for row in ours if row not in held_up)
    broken = _broken(ours)
    if first:
        _book(actor, trip, first)
    elif (drafts or held_up) and not waiting:
        _book(actor, trip, [row for row in [*drafts, *held_up] if row.pk in anew or not broken])
        _hold_up(actor, [row for row in drafts if row.pk not in anew and broken])
    elif not waiting and not broken:
        going = set(changes.values_list("reservation", flat=True))
        for reservation in ours:
            wanted = reservation.state == R.BOOKED and not reservation.problem and reservation.pk not in going
            if wanted and can(reservation.supplier, Tickets):
                _ticket(actor, trip, reservation)


def _hold_up(actor: Actor, reservations: Sequence[Reservation]) -> None:
    for reservation in reservations:
        stop_wish(actor, reservation, why=HELD_UP)


def _broken(ours: Sequence[Reservation]) -> bool:
    """One could not be had and has no other in its place: what is held stays to its deadline, and the person decides."""
    lost = [reservation.pk for reservation in ours if reservation.state in {R.FAILED, R.EXPIRED}]
    if not lost:
        return False
    replaced = Change.objects.filter(reservation__in=lost, state__in=[ChangeState.CONFIRMED, ChangeState.DONE])
    # What an operator recorded for the same part stands in its place without a change.
    taken = TripItem.objects.filter(Q(segments__live=True) | Q(nights__live=True))
    recorded = Q(segments__item__in=taken) | Q(nights__item__in=taken)
    served = Reservation.objects.filter(recorded, pk__in=lost).values_list("pk", flat=True)
    return bool(set(lost) - set(served) - set(replaced.values_list("reservation", flat=True)))


def _book(actor: Actor, trip: Trip, reservations: Sequence[Reservation]) -> None:
    check_gate(trip)
    for reservation in reservations:
        later = may_begin_at(reservation.supplier, offer_from_json(reservation.offer))
        if later is not None:
            keep_wish(actor, reservation, not_before=later)
            continue
        price = reservation.price or 0
        claim_call(actor, reservation, verb=CallVerb.BOOK, max_yen=price, reference=reservation.reference)


def _ticket(actor: Actor, trip: Trip, reservation: Reservation) -> None:
    if not _has_tickets(reservation):
        raise MoveNotAllowed
    check_gate(trip)
    claim_call(actor, reservation, verb=CallVerb.TICKET, max_yen=reservation.price or 0)


def _has_tickets(reservation: Reservation) -> bool:
    return reservation.way == Way.API and can(reservation.supplier, Tickets)


@verb
def ticket_reservation(actor: Actor, reservation: Reservation) -> None:
    """Ticket what is held although another part could not be had, or after a refusal.

    Raises NotReleased, AboveAuthorised, ChangeTaken while it is being changed, and MoveNotAllowed for what has no ticket.
    """
    actor = acting_on(actor, reservation.trip.traveller.public_id)
    trip = Trip.objects.locked(reservation.trip_id)
    _check_unchanged(reservation)
    _ticket(actor, trip, reservation)


def _check_unchanged(reservation: Reservation) -> None:
    """What another booking is to replace is not paid for any more."""
    if Change.objects.under_way().filter(reservation=reservation).exists():
        raise ChangeTaken("この予約は変更の手続き中です。終わるまでお待ちください。")


@verb
def accept_price(actor: Actor, reservation: Reservation, *, price: int) -> None:
    """The person saw the new price of what is held and takes it: the authorised total rises by what it became dearer.

    What else became dearer is decided on by itself; until then nothing is ticketed. Raises Stale when the price has moved
    on, ChangeTaken while it is being changed, and AboveAuthorised where more than the approved sum needs another approval.
    """
    actor = acting_on(actor, reservation.trip.traveller.public_id)
    trip = Trip.objects.locked(reservation.trip_id)
    fresh = Reservation.objects.select_for_update(no_key=True).get(pk=reservation.pk)
    if fresh.price != price or fresh.state != R.BOOKED:
        raise Stale
    _check_unchanged(fresh)
    confirmed = fresh.calls.filter(verb=CallVerb.BOOK).values_list("max_yen", flat=True).first()
    rise = max(price - confirmed, 0) if confirmed is not None else 0
    raise_total(actor, trip, to=min((trip.authorised_total or 0) + rise, committed_total(trip)), price=price)
    Reservation.objects.filter(pk=fresh.pk).update(problem="")
    # Other parts may have waited for this decision.
    arrange_next(actor, trip)
    fresh.refresh_from_db()
    if fresh.state == R.BOOKED and _has_tickets(fresh) and is_within_bound(trip):
        _ticket(actor, trip, fresh)


@verb
def record_booked(
    actor: Actor, call: SupplierCall, booked: Booked, *, token: UUID, exchanges: Sequence[Exchange]
) -> None:
    """The supplier holds it. A price above the confirmed one stops here and asks."""
    settle_call(call, token=token, outcome="booked", exchanges=exchanges)
    reservation = call.reservation
    dearer = booked.price > call.max_yen
    # Of what the ticket will cost, as the supplier states it now: the ticket itself states only the whole.
    psfc = {} if booked.psfc is None else {"psfc": booked.psfc}
    decide = "確かめてから発券してください。" if _has_tickets(reservation) else "この料金で残すか、取り消してください。"
    problem = f"料金が{booked.price:,}円に変わりました。{decide}" if dearer else ""
    advance(
        reservation,
        R.BOOKED,
        code="booking.reservation.booked",
        allowed=moves_of(reservation.state, call.verb),
        actor=actor,
        about=[reservation.trip],
        data={"number": booked.number, "price": booked.price, "hold_until": booked.hold_until},
        number=booked.number,
        price=booked.price,
        hold_until=booked.hold_until,
        booked_at=clock.now(),
        operated_on=clock.today(),
        offer={**reservation.offer, **psfc},
        problem=problem,
    )
    follow_change(actor, reservation)
    arrange_next(actor, reservation.trip)
    tell_result(actor, reservation.trip)


@verb
def record_ticketed(
    actor: Actor, call: SupplierCall, ticketed: Ticketed, *, token: UUID, exchanges: Sequence[Exchange]
) -> None:
    """Ticketed: money is due, each ride billed by its own day."""
    settle_call(call, token=token, outcome="ticketed", exchanges=exchanges)
    reservation = call.reservation
    advance(
        reservation,
        R.TICKETED,
        code="booking.reservation.ticketed",
        allowed=moves_of(reservation.state, call.verb),
        actor=actor,
        about=[reservation.trip],
        data={"number": reservation.number, "ticket": ticketed.ticket_number, "price": ticketed.price},
        ticket_number=ticketed.ticket_number,
        price=ticketed.price,
        ticketed_at=clock.now(),
        hold_until=None,
    )
    charge_flight(
        actor,
        reservation,
        total=ticketed.price,
        psfc=reservation.offer.get("psfc", 0),
        source=ChargeSource.SUPPLIER,
        issued_on=ticketed.issued_on,
    )
    follow_change(actor, reservation)
    arrange_next(actor, reservation.trip)
    tell_result(actor, reservation.trip)


@verb
def record_refused(
    actor: Actor, call: SupplierCall, *, why: str, token: UUID, exchanges: Sequence[Exchange], pause: bool = False
) -> None:
    """The supplier said no, or could not be asked: nothing happened there, and the reservation is where it was.

    Unless an earlier try of the same call was turned away, and may have been taken all the same: that is asked about first.
    """
    if call.turned_away and call.state == CallState.OPEN:
        record_unknown(actor, call, token=token, exchanges=exchanges, pause_because=why if pause else "")
        return
    settle_call(call, token=token, outcome="refused", exchanges=exchanges)
    reservation = call.reservation
    booking = call.verb == CallVerb.BOOK
    bound = f"確認した額は{call.max_yen:,}円です。取り消していません。" if call.verb == CallVerb.CANCEL else ""
    advance(
        reservation,
        R.FAILED if booking else call.state_before,
        code={
            CallVerb.BOOK: "booking.reservation.failed",
            CallVerb.TICKET: "booking.reservation.not_ticketed",
            CallVerb.CHANGE: "booking.reservation.not_changed",
            CallVerb.CANCEL: "booking.reservation.not_cancelled",
        }[CallVerb(call.verb)],
        allowed=moves_of(reservation.state, call.verb),
        actor=actor,
        why=why,
        about=[reservation.trip],
        problem=f"{why}{bound}"[:300],
    )
    if pause:
        pause_connection(actor, reservation.connection, why=why)
    if call.verb == CallVerb.CHANGE:
        refuse_change(actor, Change.objects.under_way().get(reservation=reservation), why=why)
    if booking:
        follow_change(actor, reservation)
    if call.verb == CallVerb.CANCEL:
        follow_kept(actor, reservation, fee=call.max_yen, why=reservation.problem)
    # What has ended meanwhile waited for this.
    arrange_next(actor, reservation.trip)
    if call.verb != CallVerb.CANCEL:
        tell_result(actor, reservation.trip)


@verb
def record_unknown(
    actor: Actor, call: SupplierCall, *, token: UUID, exchanges: Sequence[Exchange], pause_because: str = ""
) -> None:
    """The answer was lost: the reservation is unknown, never failed, and the supplier is asked until it is known."""
    settle_call(
        call,
        token=token,
        outcome="unknown",
        exchanges=exchanges,
        state=CallState.ASKING,
        next_try_at=clock.wall(),
        # Turned away before, and not sent this time: its quiet time counts from now.
        sent_at=call.sent_at or clock.wall(),
    )
    reservation = call.reservation
    advance(
        reservation,
        R.UNKNOWN,
        code="booking.reservation.unknown",
        allowed=RESERVATION_MOVES,
        actor=actor,
        about=[reservation.trip],
        data={"verb": call.verb},
    )
    if pause_because:
        pause_connection(actor, reservation.connection, why=pause_because)
    jobs.enqueue("booking.tasks.carry_out", call.pk)


@verb
def expire_hold(actor: Actor, reservation: Reservation) -> None:
    """The last moment to ticket has passed."""
    Trip.objects.locked(reservation.trip_id)
    advance(
        reservation,
        R.EXPIRED,
        code="booking.reservation.expired",
        allowed=RESERVATION_MOVES,
        actor=actor,
        about=[reservation.trip],
        problem="発券の期限が過ぎたため、予約は外れました。",
    )
    follow_change(actor, reservation)
    tell_expired(actor, reservation)
    arrange_next(actor, reservation.trip)


@verb
def mark_used(actor: Actor, reservation: Reservation) -> None:
    """The last ride has arrived; when nothing of the trip is open any more, the trip is closed."""
    Trip.objects.locked(reservation.trip_id)
    advance(
        reservation, R.USED, code="booking.reservation.used", allowed=RESERVATION_MOVES, actor=actor,
        about=[reservation.trip],
    )  # fmt: skip
    follow_change(actor, reservation)
    close_trip_if_over(actor, reservation.trip)


@inside
def close_trip_if_over(actor: Actor, trip: Trip) -> None:
    """A released trip with nothing open ends by itself once its last day is over."""
    trip = Trip.objects.locked(trip.pk)
    open_ones = trip.reservations.exclude(state__in=ENDED)
    if trip.state == TripState.RELEASED and trip.last_day < clock.today() and not open_ones.exists():
        advance(trip, TripState.CLOSED, code="booking.trip.closed", allowed=TRIP_MOVES, actor=actor)


def due_for_use() -> list[Reservation]:
    """Ticketed reservations whose last ride has arrived; what never ran is left to its person while that costs nothing."""
    riding = Segment.objects.filter(arrives__gt=clock.now()).values("reservation")
    over = Q(state=R.TICKETED) & Q(segments__arrives__lte=clock.now())
    found = Reservation.objects.filter(over).exclude(pk__in=riding).select_related("trip", "connection").distinct()
    rows = list(found.prefetch_related("segments")[:200])
    troubles = disruptions_of(rows)
    return [row for row in rows if not is_kept_open(row, troubles.get(row.pk))]
