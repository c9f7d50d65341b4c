"""Mails of this room: plain text, links only to the portal's own origin; what is told is what stands."""

import datetime as dt

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from accounts.queries import issuer_on
from accounts.services.actors import holds_proxy
from audit.models import OutgoingMail
from audit.services import queue_mail
from booking.models import (
    CallState,
    CallVerb,
    Change,
    ChangeState,
    Disruption,
    Reservation,
    ReservationState,
    SupplierCall,
    Trip,
)
from booking.states import HELD_UP
from booking.suppliers.types import offer_from_json
from lib import clock, jst
from lib.actor import Actor
from lib.verbs import inside

R = ReservationState
OPEN = frozenset({R.DRAFT, R.BOOKING, R.TICKETING, R.CANCELLING, R.CHANGING, R.UNKNOWN})
HIDDEN = frozenset({R.WITHDRAWN})
# Kinds of reminders, each sent once about a reservation.
NUMBER_ON_SALE, NUMBER_MORNING = "number_on_sale", "number_morning"
NUMBER_DAY_BEFORE, NUMBER_AFTER = "number_day_before", "number_after"
CHANGE_MORNING, CHANGE_DAY_BEFORE = "change_morning", "change_day_before"
HOLD_SOON, HOLD_NEAR = "hold_24h", "hold_3h"


@inside
def tell_result(actor: Actor, trip: Trip) -> None:
    """Once the first arranging of a trip has come to rest, its traveller gets what was booked and what is left to do."""
    # Of two parts that end at the same moment neither would see that the other has ended, and nobody would be told.
    Trip.objects.locked(trip.pk)
    reservations = [row for row in trip.reservations.select_related("connection") if row.state not in HIDDEN]
    if any(row.state in OPEN for row in reservations if row.way == "api"):
        return
    first = OutgoingMail.objects.filter(about_id=trip.public_id, kind="trip_result").order_by("pk").first()
    if first is not None:
        _tell_waited_for(actor, trip, reservations, since=first.created_at)
        return
    _to_traveller(
        actor, trip, kind="trip_result", subject=f"予約結果のお知らせ（出張 {trip.number}）", reservations=reservations
    )


def _tell_waited_for(actor: Actor, trip: Trip, reservations: list[Reservation], *, since: dt.datetime) -> None:
    """What was told as 予約待ち has ended since: the outcome, once, with the trip as it stands now."""
    calls = SupplierCall.objects.filter(reservation__trip=trip, verb=CallVerb.BOOK, state_before=R.SCHEDULED)
    ended = set(calls.filter(state=CallState.DONE, done_at__gt=since).values_list("reservation", flat=True))
    told = OutgoingMail.objects.filter(kind="wish_result", about_id__in=[row.public_id for row in reservations])
    ended -= {row.pk for row in reservations if row.public_id in set(told.values_list("about_id", flat=True))}
    # Of what a change waited for, the mail of that change has told.
    over = Change.objects.filter(replacement__in=ended, state__in=[ChangeState.DONE, ChangeState.REFUSED])
    ended -= set(over.values_list("replacement_id", flat=True))
    for row in reservations:
        if row.pk in ended and row.state != R.SCHEDULED:
            subject = f"予約待ちの結果のお知らせ（出張 {trip.number}）"
            _to_traveller(
                actor, trip, kind="wish_result", subject=subject, reservations=reservations, about=row, waited_for=row
            )


@inside
def tell_stopped(actor: Actor, reservation: Reservation) -> None:
    """A wish that waited was stopped: what has changed, and that nothing is booked until the traveller says so."""
    subject = f"予約を止めています（出張 {reservation.trip.number}）"
    trip = reservation.trip
    _to_traveller(
        actor, trip, kind="wish_stopped", subject=subject, reservations=[reservation], about=reservation,
        held_up=reservation.problem == HELD_UP,
    )  # fmt: skip


@inside
def tell_missed(actor: Actor, reservation: Reservation) -> None:
    """Nothing was decided about a stopped wish in time: it has ended, and nothing was booked.

    Of what a change waited for, the mail of that change has told.
    """
    if Change.objects.filter(replacement=reservation, state=ChangeState.REFUSED).exists():
        return
    subject = f"予約待ちの結果のお知らせ（出張 {reservation.trip.number}）"
    _to_traveller(
        actor, reservation.trip, kind="wish_result", subject=subject, reservations=[reservation], about=reservation,
        waited_for=reservation,
    )  # fmt: skip


@inside
def tell_cancelled(actor: Actor, reservation: Reservation, *, refund_waits: bool) -> None:
    """A booking of the traveller was cancelled, at what cost, and whether the refund is still to come."""
    subject = f"取消のお知らせ（出張 {reservation.trip.number}）"
    _to_traveller(
        actor,
        reservation.trip,
        kind="cancelled",
        subject=subject,
        reservations=[reservation],
        refund_waits=refund_waits,
    )


@inside
def tell_number_missing(actor: Actor, reservation: Reservation, *, kind: str) -> None:
    """The number of what the traveller buys on the supplier's own site is not known yet."""
    trip = reservation.trip
    subject = {
        NUMBER_ON_SALE: f"発売が始まりました（出張 {trip.number}）",
        NUMBER_AFTER: f"予約番号が登録されていません（出張 {trip.number}）",
    }.get(kind, f"予約番号の入力のお願い（出張 {trip.number}）")
    _to_traveller(
        actor, trip, kind=kind, subject=subject, reservations=[reservation], about=reservation,
        template="number_missing", ride=reservation.segments.order_by("departs").first(),
    )  # fmt: skip


@inside
def tell_hold_ends(actor: Actor, reservation: Reservation, *, kind: str) -> None:
    """The last moment to ticket what is held comes near."""
    trip = reservation.trip
    subject = f"発券の期限が近づいています（出張 {trip.number}）"
    _to_traveller(
        actor, trip, kind=kind, subject=subject, reservations=[reservation], about=reservation, template="hold_ends"
    )


@inside
def tell_expired(actor: Actor, reservation: Reservation) -> None:
    """The last moment to ticket has passed: what is lost, and what to do or what comes in its place.

    Of a new booking that a change wanted, the mail of that change has told it.
    """
    if Change.objects.filter(replacement=reservation, state=ChangeState.REFUSED).exists():
        return
    trip, standing = reservation.trip, Q(state__in=[ChangeState.CONFIRMED, ChangeState.DONE])
    change = Change.objects.filter(standing, reservation=reservation, replacement__isnull=False).first()
    subject = f"予約が期限切れになりました（出張 {trip.number}）"
    _to_traveller(
        actor, trip, kind="expired", subject=subject, reservations=[reservation], about=reservation,
        instead=change.replacement if change else None,
    )  # fmt: skip


@inside
def tell_change_missing(actor: Actor, change: Change, *, kind: str) -> None:
    """The traveller has confirmed a change that is made on the supplier's own site, and has not entered it yet."""
    old = change.reservation
    subject = f"変更の入力のお願い（出張 {old.trip.number}）"
    _to_traveller(
        actor, old.trip, kind=kind, subject=subject, reservations=[old], about=change, template="change_missing",
        ride=old.segments.order_by("departs").first(), offer=offer_from_json(change.offer),
    )  # fmt: skip


@inside
def tell_change(actor: Actor, change: Change) -> None:
    """A change of the traveller's has come to its end: what stands now, or why nothing has changed."""
    trip = change.reservation.trip
    done = change.state == ChangeState.DONE
    _to_traveller(
        actor,
        trip,
        kind="change",
        subject=f"{'変更' if done else '変更できなかったこと'}のお知らせ（出張 {trip.number}）",
        reservations=[change.replacement if done and change.replacement else change.reservation],
        change=change,
        offer=offer_from_json(change.offer),
        stands=_stands(change.reservation),
    )


@inside
def tell_both_stand(actor: Actor, change: Change, *, why: str) -> None:
    """The new booking of a change is sure, and the old one is still there for its traveller to give back."""
    old, new = change.reservation, change.replacement
    subject = f"もとの予約が残っています（出張 {old.trip.number}）"
    _to_traveller(
        actor, old.trip, kind="both_stand", subject=subject, reservations=[], about=change, old=old, new=new, why=why
    )


def _stands(reservation: Reservation) -> bool:
    """Whether it is held now: the last moment to ticket it may have passed, and the sweeper not yet have come."""
    lapsed = reservation.hold_until is not None and reservation.hold_until <= clock.now()
    return reservation.state in {R.BOOKED, R.TICKETED} and not lapsed


@inside
def tell_disruption(actor: Actor, disruption: Disruption, reservation: Reservation, *, news: str) -> None:
    """The traveller, and the proxy who booked, learn of a disruption: `news` is new, corrected or lifted."""
    trip = reservation.trip
    people = [trip.traveller]
    if trip.applicant_id != trip.traveller_id and holds_proxy(
        trip.applicant.public_id, trip.traveller.public_id, clock.today()
    ):
        people.append(trip.applicant)
    for person in people:
        subject, body = disruption_message(disruption, reservation, news=news, to=person)
        queue_mail(
            actor,
            kind="disruption",
            to_person=person.public_id,
            to_address=person.email,
            subject=subject,
            body=body,
            about=trip,
        )


def disruption_message(
    disruption: Disruption, reservation: Reservation | None, *, news: str, to: User | None
) -> tuple[str, str]:
    """Subject and body as they are sent; without a reservation, as the desk sees them while nobody is on it."""
    word = {"new": "", "corrected": "（続報）", "lifted": "（取り下げ）"}[news]
    number = f"（出張 {reservation.trip.number}）" if reservation else ""
    subject = (
        f"{disruption.get_kind_display()}のお知らせ{word} {jst.short_day(disruption.day)} {disruption.service}{number}"
    )
    address = reverse("booking:trip", args=[reservation.trip.public_id]) if reservation else ""
    context = {
        "disruption": disruption,
        "reservation": reservation,
        "news": news,
        "to": to,
        "address": settings.PORTAL_ORIGIN + address,
        "contact": issuer_on(clock.today()),
    }
    return subject, render_to_string("booking/mail/disruption.txt", context)


def _to_traveller(
    actor: Actor,
    trip: Trip,
    *,
    kind: str,
    subject: str,
    reservations: list[Reservation],
    about: Trip | Reservation | Change | None = None,
    template: str = "",
    **more: object,
) -> None:
    address = settings.PORTAL_ORIGIN + reverse("booking:trip", args=[trip.public_id])
    queue_mail(
        actor,
        kind=kind,
        to_person=trip.traveller.public_id,
        to_address=trip.traveller.email,
        subject=subject,
        body=render_to_string(
            f"booking/mail/{template or kind}.txt",
            {"trip": trip, "reservations": reservations, "address": address, "kind": kind, **more},
        ),
        about=about or trip,
    )
