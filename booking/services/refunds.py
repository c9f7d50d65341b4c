"""What comes back of a ticket, and what is kept: at once, when the supplier books it later, or of a ticket that was not used."""

import datetime as dt

from accounts.models import Confirmation, User
from audit.changes import advance
from audit.services import record
from booking.errors import BadRefund
from booking.models import FeedRow, Reservation, ReservationState, Trip
from booking.queries.billing_days import planned_day
from booking.queries.refunds import net_total
from booking.services.arranging import close_trip_if_over
from booking.services.claims import ask_claim_end, held_claim, settle_claim, standing_total, watch_refund
from booking.services.ledger import charge_cancellation, reverse_charges
from booking.states import RESERVATION_MOVES
from lib import clock, jst, yen
from lib.actor import Actor
from lib.errors import NotPermitted
from lib.verbs import inside, verb

R = ReservationState
UNUSED_FROM = frozenset({R.TICKETED, R.USED})


def kept_of(reservation: Reservation, *, fee: int, refund: int | None) -> int:
    """What the supplier keeps, in yen: its stated refund always wins over a stated fee, if anything was charged."""
    standing = standing_total(reservation)
    return standing - refund if standing and refund is not None else fee


@inside
def settle_refund(
    actor: Actor,
    reservation: Reservation,
    *,
    kept: int,
    booked_on: dt.date,
    source: str,
    feed_row: FeedRow | None = None,
) -> None:
    """Take back what stands, and charge what the supplier keeps (yen), on the day on which it booked the refund."""
    reverse_charges(actor, reservation, source=source, occurred_on=booked_on, feed_row=feed_row)
    charge_cancellation(actor, reservation, fee=kept, source=source, occurred_on=booked_on, feed_row=feed_row)


@inside
def enter_refund(
    actor: Actor,
    reservation: Reservation,
    *,
    kept: int,
    booked_on: dt.date,
    source: str,
    feed_row: FeedRow | None = None,
    note: str = "",
    said_by: User | None = None,
) -> None:
    """The refund of what was cancelled before has been booked, and nothing is owed any more.

    `kept` (yen) comes on top of what was charged as kept already; `note` says why another sum came than was expected.
    """
    settle_refund(actor, reservation, kept=kept, booked_on=booked_on, source=source, feed_row=feed_row)
    restate_kept(reservation)
    claim = held_claim(reservation)
    if claim is not None:
        settle_claim(actor, claim, note=note, said_by=said_by)
    data = {"kept": kept, "booked_on": booked_on, "source": str(source)}
    record(actor, "booking.reservation.refunded", objects=[reservation, reservation.trip], data=data)


@inside
def restate_kept(reservation: Reservation) -> None:
    """Once its refund is booked, what was kept of a booking is what the ledger says."""
    reservation.cancel_fee = max(net_total(reservation), 0)
    Reservation.objects.filter(pk=reservation.pk).update(cancel_fee=reservation.cancel_fee)


@inside
def enter_no_show(
    actor: Actor,
    reservation: Reservation,
    *,
    kept: int,
    booked_on: dt.date,
    source: str,
    feed_row: FeedRow | None = None,
) -> None:
    """Move to not used: the fare is taken back, and what was kept is charged instead.

    `kept` (yen) comes on top of what was charged as kept already.
    """
    in_all = max(kept + kept_already(reservation), 0)
    advance(
        reservation,
        R.NO_SHOW,
        code="booking.reservation.not_used",
        allowed=RESERVATION_MOVES,
        actor=actor,
        about=[reservation.trip],
        data={"kept": in_all, "booked_on": booked_on, "source": str(source)},
        cancel_fee=in_all,
    )
    settle_refund(actor, reservation, kept=kept, booked_on=booked_on, source=source, feed_row=feed_row)
    watch_refund(actor, reservation)
    close_trip_if_over(actor, reservation.trip)


@verb
def record_refund(
    actor: Actor, reservation: Reservation, *, kept: int, booked_on: dt.date, source: str, note: str = ""
) -> Confirmation | None:
    """The supplier has booked the refund of a cancelled ticket on `booked_on` and kept `kept` yen of it.

    As expected it is recorded at once; another sum needs a reason (`note`) and is asked of a second person first: that
    request is returned. Raises NotPermitted, AlreadyAsked, and BadRefund with the form field when no refund is awaited,
    the reason is missing, more was kept than was paid, or the day lies ahead or before the cancellation.
    """
    desk, reservation = at_the_desk(actor, reservation)
    claim = held_claim(reservation)
    if claim is None or reservation.state != R.CANCELLED:
        raise BadRefund("この予約は、払戻を待っていません。")
    check_refund(reservation, kept=kept, booked_on=booked_on)
    comes = net_total(reservation) - kept
    if comes == claim.expected:
        further = kept - kept_already(reservation)
        enter_refund(desk, reservation, kept=further, booked_on=booked_on, source=source)
        return None
    if not note.strip():
        words = f"戻る予定の額は{claim.expected:,}円、この入力では{comes:,}円が戻ります。違う理由を入力してください。"
        raise BadRefund(words, field="note")
    return ask_claim_end(
        actor,
        claim,
        word="予定と違う払戻",
        facts=[
            ("引かれた額", yen.text(kept)),
            ("戻った額", yen.text(comes)),
            ("予定との差", yen.text(comes - claim.expected)),
            ("払戻の日", jst.long_day(booked_on)),
        ],
        payload={"act": "refund", "kept": kept, "booked_on": booked_on.isoformat(), "source": str(source)},
        reason=note,
    )


@verb
def record_no_show(actor: Actor, reservation: Reservation, *, kept: int, booked_on: dt.date, source: str) -> None:
    """A ticket was not used; the supplier booked on `booked_on` what comes back, and kept `kept` yen.

    Raises NotPermitted, and BadRefund with the form field when it is no ticket of a ride that has left, when its price is
    not known yet, when more was kept than was paid, or when the day lies ahead or before the ride.
    """
    actor, reservation = at_the_desk(actor, reservation)
    if not is_unused_possible(reservation):
        raise BadRefund("不使用にできるのは、発券済みで、出発の時刻を過ぎたものです。")
    if not standing_total(reservation):
        raise BadRefund("買った金額がまだ分かりません。利用実績を取り込んでから記録してください。")
    _check(reservation, kept, booked_on, planned_day(reservation), "利用日")
    further = kept - kept_already(reservation)
    enter_no_show(actor, reservation, kept=further, booked_on=booked_on, source=source)


def kept_already(reservation: Reservation) -> int:
    """What a usage file, or a person who did not know the price, has told as kept before the refund, in yen."""
    return net_total(reservation) - standing_total(reservation)


def check_fee(reservation: Reservation, *, fee: int) -> None:
    """Raises BadRefund, with the form field `fee`, for more than was paid; nobody can say where the price is not known."""
    paid = max(net_total(reservation), reservation.price or 0)
    if reservation.price is not None and not reservation.is_estimate and fee > paid:
        raise BadRefund(f"払った額（{paid:,}円）を超えています。引かれる額を確かめてください。", field="fee")


def is_unused_possible(reservation: Reservation) -> bool:
    """Whether it is a ticket, or was taken for used, and its first ride has left."""
    first = reservation.segments.order_by("departs").first()
    return reservation.state in UNUSED_FROM and first is not None and first.departs <= clock.now()


@inside
def at_the_desk(actor: Actor, reservation: Reservation) -> tuple[Actor, Reservation]:
    """The operator as they act for the traveller, and the reservation, held until the end of the transaction."""
    if not actor.may("booking.reservation.record"):
        raise NotPermitted
    Trip.objects.locked(reservation.trip_id)
    held = Reservation.objects.select_for_update(no_key=True, of=("self",)).select_related("trip__traveller")
    return actor.for_person(reservation.trip.traveller.public_id), held.get(pk=reservation.pk)


def check_refund(reservation: Reservation, *, kept: int, booked_on: dt.date) -> None:
    """Raises BadRefund, with the form field, for a refund that cannot be of what was cancelled."""
    cancelled_at = reservation.cancelled_at or clock.now()
    _check(reservation, kept, booked_on, jst.day_of(cancelled_at), "取り消した日")


def _check(reservation: Reservation, kept: int, booked_on: dt.date, earliest: dt.date, word: str) -> None:
    paid = net_total(reservation)
    if not 0 <= kept <= paid:
        raise BadRefund(f"計上した{paid:,}円までの金額にしてください。", field="kept")
    check_booked_on(booked_on, earliest, word, field="booked_on")


def check_booked_on(day: dt.date, earliest: dt.date, word: str, *, field: str) -> None:
    """Raises BadRefund, with the form field, for a day of refund that lies ahead, or before `earliest` (called `word`)."""
    if day > clock.today():
        raise BadRefund("払戻の日が先の日になっています。今日までの日にしてください。", field=field)
    if day < earliest:
        raise BadRefund(f"払戻の日が{word}より前です。日を確かめてください。", field=field)
