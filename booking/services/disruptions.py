"""Suppliers' trouble: entered by an operator, told to everybody who is on it, once for each version."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services import acting_on
from audit.services import record
from audit.services.recording import Objects
from booking.errors import BadDisruption, DisruptionKnown
from booking.mails import disruption_message, tell_disruption
from booking.models import AffectedBooking, Disruption, Reservation, service_key
from booking.queries.disruptions import bookings_on, disruption_of, is_in_timetable, services_of_day, untold
from lib import clock, jst
from lib.actor import Actor
from lib.errors import NotPermitted, Stale
from lib.verbs import inside, verb

LATEST = dt.timedelta(days=30)
FARTHEST = dt.timedelta(days=90)


@dataclass(frozen=True, slots=True)
class DisruptionFacts:
    """What was announced, and the rules of that day: last free days (inclusive), None where nothing is free."""

    kind: str
    source: str
    announced_at: dt.datetime
    free_refund_until: dt.date | None
    free_change_until: dt.date | None
    message: str


@verb
def enter_disruption(actor: Actor, *, supplier: str, service: str, day: dt.date, facts: DisruptionFacts) -> Disruption:
    """Enter a train or flight that does not run as sold on `day`, and tell everybody who is on it.

    Raises NotPermitted, BadDisruption with the form field, and DisruptionKnown when it stands already.
    """
    _at_the_desk(actor)
    today = clock.today()
    if not 0 < len(service_key(service)) <= 40:
        raise BadDisruption("便・列車の名前を確かめてください。", field="service")
    if day < today - LATEST:
        raise BadDisruption("運行日が30日より前です。日を確かめてください。", field="day")
    _check(day, facts)
    try:
        with transaction.atomic():
            disruption = Disruption.objects.create(
                supplier=supplier,
                service=service,
                service_key=service_key(service),
                day=day,
                entered_by=User.objects.get(public_id=actor.subject),
                entered_at=clock.now(),
                **_columns(facts),
            )
    except IntegrityError as error:
        raise DisruptionKnown(field="service") from error
    people = untold(disruption)
    data = {"supplier": supplier, **_data(disruption), "people": len(people)}
    record(actor, "booking.disruption.entered", objects=[disruption], data=data)
    _tell(actor, disruption, people)
    return disruption


@verb
def correct_disruption(actor: Actor, disruption: Disruption, *, version: int, facts: DisruptionFacts) -> Disruption:
    """Replace what was announced, also of one that was withdrawn, and tell everybody who is on it what holds now.

    Raises NotPermitted, Stale when another version stands, and BadDisruption with the form field.
    """
    disruption = _next_version(actor, disruption, version)
    _check(disruption.day, facts)
    for name, value in _columns(facts).items():
        setattr(disruption, name, value)
    disruption.withdrawn_at = None
    disruption.save()
    people = untold(disruption)
    data = {**_data(disruption), "version": disruption.version, "people": len(people)}
    record(actor, "booking.disruption.corrected", objects=[disruption], data=data)
    _tell(actor, disruption, people)
    return disruption


@verb
def withdraw_disruption(actor: Actor, disruption: Disruption, *, version: int) -> None:
    """It runs after all (運転再開), or was entered by mistake: whoever is still on it learns that, and ordinary terms hold.

    Raises NotPermitted, and Stale when another version stands or it was withdrawn already.
    """
    disruption = _next_version(actor, disruption, version)
    if disruption.withdrawn_at is not None:
        raise Stale
    told = set(disruption.bookings.values_list("reservation", flat=True))
    people = [row for row in untold(disruption) if row.pk in told]
    disruption.withdrawn_at = clock.now()
    disruption.save()
    data = {"service": disruption.service, "day": disruption.day, "version": disruption.version, "people": len(people)}
    record(actor, "booking.disruption.withdrawn", objects=[disruption], data=data)
    _tell(actor, disruption, people, lifted=True)


@verb
def tell_newcomers(actor: Actor, disruption: Disruption) -> int:
    """Tell those who came onto it since: booked, entered or recorded later. Says how many."""
    disruption = Disruption.objects.select_for_update(no_key=True).get(pk=disruption.pk)
    people = untold(disruption)
    _tell(actor, disruption, people)
    return len(people)


@verb
def state_fee(actor: Actor, reservation: Reservation, *, fee: int) -> None:
    """The supplier asks for `fee` yen although the rule of that day says free: the desk shall see to it first.

    Raises NoProxy, and BadDisruption where no such rule holds.
    """
    actor = acting_on(actor, reservation.trip.traveller.public_id)
    if not note_fee(actor, reservation, fee=fee):
        raise BadDisruption("この予約には、いま無料の払戻の決まりがありません。")


@inside
def note_fee(actor: Actor, reservation: Reservation, *, fee: int, changing: bool = False) -> bool:
    """Leave it to the desk to claim a fee that should not be; nothing happens where no rule says free. Says whether.

    The rule is that for refunds, or that for changes within the booking (`changing`).
    """
    disruption = disruption_of(reservation) if fee else None
    if disruption is None or not (disruption.is_change_free() if changing else disruption.is_refund_free()):
        return False
    row, _ = AffectedBooking.objects.get_or_create(
        disruption=disruption,
        reservation=reservation,
        defaults={"told_version": disruption.version, "told_at": clock.now()},
    )
    row.stated_fee, row.stated_at = fee, clock.now()
    row.save(update_fields=["stated_fee", "stated_at"])
    data = {"service": disruption.service, "fee": fee}
    record(actor, "booking.disruption.fee_stated", objects=[disruption, reservation, reservation.trip], data=data)
    return True


@verb
def record_follow_up(actor: Actor, booking: AffectedBooking, *, note: str, seen: str) -> None:
    """The desk has spoken with the person, or settled with the supplier what it asked for.

    `seen` is the stamp of the note that this one replaces. Raises NotPermitted, and BadDisruption when another operator
    has written one since.
    """
    _at_the_desk(actor)
    if AffectedBooking.objects.select_for_update(no_key=True).get(pk=booking.pk).stamp != seen:
        raise BadDisruption(
            "ほかのオペレータが先に記録しました。その内容を確かめ、必要なら書き足して、もう一度記録してください。",
            field="note",
        )
    booking.followed_up_at, booking.note = clock.now(), note
    booking.followed_up_by = User.objects.get(public_id=actor.subject)
    booking.save(update_fields=["followed_up_at", "followed_up_by", "note"])
    about: Objects = [booking.disruption, booking.reservation, booking.reservation.trip]
    record(actor, "booking.disruption.followed_up", objects=about, data={"service": booking.disruption.service})


def _at_the_desk(actor: Actor) -> None:
    if not actor.may("booking.disruption.handle"):
        raise NotPermitted


def _next_version(actor: Actor, disruption: Disruption, version: int) -> Disruption:
    """The disruption, held until the end of the transaction, one version further."""
    _at_the_desk(actor)
    found = Disruption.objects.select_for_update(no_key=True).get(pk=disruption.pk)
    if found.version != version:
        raise Stale
    found.version += 1
    return found


def _check(day: dt.date, facts: DisruptionFacts) -> None:
    if facts.announced_at > clock.now():
        raise BadDisruption("発表の日時が先になっています。いままでの日時にしてください。", field="announced_on")
    for name, until, word in (
        ("free_refund_until", facts.free_refund_until, "払戻"),
        ("free_change_until", facts.free_change_until, "変更"),
    ):
        if until is None:
            continue
        if until < clock.today():
            raise BadDisruption(
                f"無料の{word}の期限が過ぎています。きょう（{jst.short_day(clock.today())}）以降にしてください。",
                field=name,
            )
        if until > day + FARTHEST:
            raise BadDisruption(f"無料の{word}の期限が運行日から90日より先です。日を確かめてください。", field=name)


def _columns(facts: DisruptionFacts) -> dict[str, object]:
    return {name: getattr(facts, name) for name in facts.__slots__}


def _data(disruption: Disruption) -> dict[str, object]:
    return {
        "service": disruption.service,
        "day": disruption.day,
        "kind": str(disruption.kind),
        "refund_until": disruption.free_refund_until,
        "change_until": disruption.free_change_until,
    }


@inside
def _tell(actor: Actor, disruption: Disruption, people: Sequence[Reservation], *, lifted: bool = False) -> None:
    """One message for each booking, in the transaction of what it tells of, and the row that says so."""
    for reservation in people:
        _, is_new = AffectedBooking.objects.update_or_create(
            disruption=disruption,
            reservation=reservation,
            defaults={"told_version": disruption.version, "told_at": clock.now()},
        )
        news = "lifted" if lifted else "new" if is_new else "corrected"
        tell_disruption(actor, disruption, reservation, news=news)
        data = {"service": disruption.service, "version": disruption.version}
        about: Objects = [disruption, reservation, reservation.trip]
        record(actor, "booking.disruption.told", objects=about, data=data)


@dataclass(frozen=True, slots=True)
class Look:
    """What is shown before the button: who is on it, what each of them is told, and a seal of both.

    `others` are the trains or flights booked for that day, where nobody is on this one; `in_timetable` is None where the
    portal has no timetable.
    """

    people: Sequence[Reservation]
    subject: str
    body: str
    seal: str
    others: Sequence[str] = ()
    in_timetable: bool | None = None


def look_at_disruption(disruption: Disruption, *, news: str) -> Look:
    """The look at what is about to be entered, corrected or withdrawn; `disruption` need not be stored."""
    people = bookings_on(disruption.supplier, disruption.service, disruption.day)
    if news == "lifted":
        told = set(disruption.bookings.values_list("reservation", flat=True))
        people = [row for row in people if row.pk in told]
    first = people[0] if people else None
    subject, body = disruption_message(disruption, first, news=news, to=first.trip.traveller if first else None)
    facts = (subject, body, disruption.service_key, disruption.day, disruption.version, [row.pk for row in people])
    return Look(
        people,
        subject,
        body,
        hashlib.sha256(repr(facts).encode()).hexdigest()[:32],
        [] if people else services_of_day(disruption.supplier, disruption.day),
        None if people else is_in_timetable(disruption.supplier, disruption.service),
    )
