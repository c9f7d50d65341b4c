"""Mails of this room: plain text, links only to the portal's own origin; what is told is what stands."""

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from accounts.queries import issuer_on
from accounts.services.actors import holds_proxy
from audit.models import OutgoingMail
from audit.services import queue_mail
from booking.models import Change, ChangeState, Disruption, Reservation, ReservationState, Trip
from booking.suppliers.types import offer_from_json
from lib import clock, jst
from lib.actor import Actor
from lib.verbs import inside

R = ReservationState
OPEN = frozenset({R.DRAFT, R.BOOKING, R.TICKETING, R.CANCELLING, R.CHANGING, R.UNKNOWN})
HIDDEN = frozenset({R.WITHDRAWN})


@inside
def tell_result(actor: Actor, trip: Trip) -> None:
    """Once the first arranging of a trip has come to rest, its traveller gets what was booked and what is left to do."""
    # Of two parts that end at the same moment neither would see that the other has ended, and nobody would be told.
    Trip.objects.select_for_update(no_key=True).get(pk=trip.pk)
    reservations = [row for row in trip.reservations.select_related("connection") if row.state not in HIDDEN]
    if any(row.state in OPEN for row in reservations if row.way == "api"):
        return
    if OutgoingMail.objects.filter(about_id=trip.public_id, kind="trip_result").exists():
        return
    _to_traveller(
        actor, trip, kind="trip_result", subject=f"予約結果のお知らせ（出張 {trip.number}）", reservations=reservations
    )


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
    )


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
    actor: Actor, trip: Trip, *, kind: str, subject: str, reservations: list[Reservation], **more: object
) -> None:
    address = settings.PORTAL_ORIGIN + reverse("booking:trip", args=[trip.public_id])
    queue_mail(
        actor,
        kind=kind,
        to_person=trip.traveller.public_id,
        to_address=trip.traveller.email,
        subject=subject,
        body=render_to_string(
            f"booking/mail/{kind}.txt", {"trip": trip, "reservations": reservations, "address": address, **more}
        ),
        about=trip,
    )
