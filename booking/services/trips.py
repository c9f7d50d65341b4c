"""Trips: drafted from chosen offers, submitted with consent, released through the gate, withdrawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from accounts.models import User
from accounts.queries import member_number_on, membership_on
from accounts.services import acting_on
from audit.changes import advance
from audit.services import record
from booking.errors import AlreadySubmitted, BadWish, ChosenElsewhere, OfferGone
from booking.models import (
    AnswerState,
    Change,
    ItemKind,
    Part,
    Reservation,
    ReservationState,
    Search,
    SearchAnswer,
    Segment,
    StayNight,
    Trip,
    TripItem,
    TripNumber,
    TripState,
)
from booking.queries.disruptions import stopped_among
from booking.services.arranging import arrange_next
from booking.services.following import drop_change_of
from booking.states import ENDED, RESERVATION_MOVES, TRAVELLED, TRIP_MOVES
from booking.suppliers.types import Offer, offer_from_json
from lib import clock, jst
from lib.actor import Actor
from lib.text import whole_number
from lib.verbs import inside, verb


@dataclass(frozen=True, slots=True)
class Pick:
    """A chosen offer: which part, out of which answer, the offer itself."""

    part: str
    answer: SearchAnswer
    offer: Offer


def read_picks(search: Search, tokens: Mapping[str, str]) -> list[Pick]:
    """The offers that a form's tokens (`<answer id>.<n>`) name, out of this very search.

    Terms come from the stored answer, never from the form. Raises BadWish for a token of another search, a made-up one,
    or no choice at all.
    """
    answers = {str(answer.public_id): answer for answer in search.answers.filter(state=AnswerState.ANSWERED)}
    picks = []
    for part in Part:
        token = tokens.get(part.value, "")
        if not token:
            continue
        answer_id, _, position = token.partition(".")
        answer, n = answers.get(answer_id), whole_number(position)
        if answer is None or answer.part != part or n is None or n >= len(answer.offers):
            raise BadWish("選んだ候補が見つかりません。もう一度選んでください。", field=part.value)
        picks.append(Pick(part.value, answer, offer_from_json(answer.offers[n])))
    if not picks:
        raise BadWish("候補を1つ以上選んでください。")
    _check_order(picks)
    return picks


def _check_order(picks: Sequence[Pick]) -> None:
    rides = [pick.offer.rides for pick in picks if pick.offer.rides]
    for earlier, later in pairwise(rides):
        if later[0].departs < earlier[-1].arrives:
            raise BadWish("帰りの出発が行きの到着より前です。時刻を確かめて選び直してください。", field=Part.BACK.value)


@verb
def draft_trip(actor: Actor, search: Search, *, picks: Sequence[Pick]) -> Trip:
    """Make the search's trip out of chosen offers, or choose anew while it is still a draft.

    Raises NoProxy, OfferGone, and AlreadySubmitted once the trip was confirmed, in whichever tab.
    """
    actor = acting_on(actor, search.traveller.public_id)
    if any(pick.offer.is_gone for pick in picks):
        raise OfferGone
    Search.objects.select_for_update(no_key=True).get(pk=search.pk)
    trip = Trip.objects.select_for_update(no_key=True).filter(search=search).first()
    if trip is None:
        trip = _new_trip(actor, search)
    elif trip.state != TripState.DRAFT:
        raise AlreadySubmitted
    else:
        _drop_choice(actor, trip)
    for pick in picks:
        add_reservation(trip, pick, item=item_for(trip, pick.part, pick.offer))
    return trip


def _new_trip(actor: Actor, search: Search) -> Trip:
    last = search.back_on or max(search.out_on, jst.day_of(clock.now()))
    trip = Trip.objects.create(
        number=next_trip_number(),
        traveller=search.traveller,
        applicant=User.objects.get(public_id=actor.subject),
        search=search,
        purpose=search.purpose,
        destination_name=search.destination.name,
        first_day=search.out_on,
        last_day=max(last, search.out_on),
        created_at=clock.now(),
    )
    data = {"number": trip.number, "first": trip.first_day, "last": trip.last_day}
    record(actor, "booking.trip.drafted", objects=[trip, trip.traveller], data=data)
    return trip


def _drop_choice(actor: Actor, trip: Trip) -> None:
    for reservation in trip.reservations.filter(state=ReservationState.DRAFT):
        advance(
            reservation,
            ReservationState.WITHDRAWN,
            code="booking.reservation.withdrawn",
            allowed=RESERVATION_MOVES,
            actor=actor,
            why="選び直し",
            about=[trip],
        )
    Trip.objects.filter(pk=trip.pk).update(version=trip.version + 1)
    trip.refresh_from_db()
    data = {"number": trip.number, "version": trip.version}
    record(actor, "booking.trip.rechosen", objects=[trip], data=data)


@inside
def next_trip_number() -> str:
    """T + year and month (JST) + four digits, gapless per month."""
    month = clock.today().strftime("%y%m")
    TripNumber.objects.get_or_create(month=month)
    counter = TripNumber.objects.select_for_update(no_key=True).get(month=month)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"T{month}{counter.last:04d}"


@inside
def add_reservation(trip: Trip, pick: Pick, *, item: TripItem) -> Reservation:
    """A chosen offer as a draft reservation of the trip, with its rides or nights for the item."""
    offer, connection = pick.offer, pick.answer.connection
    n = trip.reservations.count() + 1
    plain = offer.as_json()
    reservation = Reservation.objects.create(
        trip=trip,
        connection=connection,
        supplier=connection.supplier,
        way=connection.way,
        reference=f"{trip.number}-{n:02d}",
        title=offer.title,
        detail=offer.detail,
        price=offer.price,
        is_estimate=offer.is_estimate,
        offer=plain,
        terms=plain["steps"],
        answer=pick.answer,
    )
    add_parts(reservation, item, offer)
    return reservation


@inside
def item_for(trip: Trip, part: str, offer: Offer) -> TripItem:
    """The trip's wish of this part, made when it is not there yet."""
    stay = bool(offer.nights)
    first = offer.nights[0].day if stay else jst.day_of(offer.rides[0].departs)
    last = offer.nights[-1].day if stay else jst.day_of(offer.rides[-1].arrives)
    item, _ = TripItem.objects.update_or_create(
        trip=trip,
        part=part,
        defaults={
            "position": list(Part).index(Part(part)),
            "kind": ItemKind.STAY if stay else ItemKind.MOVE,
            "from_name": "" if stay else offer.rides[0].from_name,
            "to_name": trip.destination_name if stay else offer.rides[-1].to_name,
            "first_day": first,
            "last_day": last,
        },
    )
    return item


@inside
def add_parts(reservation: Reservation, item: TripItem, offer: Offer) -> None:
    """The rides or nights of a reservation."""
    for position, ride in enumerate(offer.rides):
        Segment.objects.create(
            reservation=reservation,
            item=item,
            position=position,
            service=ride.service,
            from_name=ride.from_name,
            to_name=ride.to_name,
            departs=ride.departs,
            arrives=ride.arrives,
            travel_on=jst.day_of(ride.departs),
        )
    for night in offer.nights:
        StayNight.objects.create(
            reservation=reservation,
            item=item,
            date=night.day,
            room_price=night.room,
            stay_tax=night.stay_tax,
            bathing_tax=night.bathing_tax,
            tax_on_the_spot=night.tax_on_the_spot,
        )


def draft_total(trip: Trip) -> int:
    """The sum of what is chosen, in yen; estimates count as they stand, what has no price counts nothing."""
    chosen = trip.reservations.filter(state=ReservationState.DRAFT)
    return sum(price or 0 for price in chosen.values_list("price", flat=True))


@verb
def submit_trip(actor: Actor, trip: Trip, *, version: int, total: int) -> Trip:
    """Confirm the choice: the person saw `version` with `total` yen and agreed to the terms of business.

    Without approval (an option per office, off by default) submitting releases. Raises NoProxy, AlreadySubmitted for a
    second confirmation, ChosenElsewhere when another tab chose anew, OfferGone when an offer has run out meanwhile.
    """
    actor = acting_on(actor, trip.traveller.public_id)
    trip = Trip.objects.locked(trip.pk)
    if trip.state != TripState.DRAFT:
        raise AlreadySubmitted
    if trip.version != version or draft_total(trip) != total:
        raise ChosenElsewhere
    chosen = trip.reservations.filter(state=ReservationState.DRAFT).prefetch_related("segments")
    if stopped_among(chosen):
        raise OfferGone("選んだ便・列車が運休・欠航になりました。もう一度探して、別のものを選んでください。")
    if any(offer_from_json(reservation.offer).is_gone for reservation in chosen):
        raise OfferGone
    now = clock.now()
    Trip.objects.filter(pk=trip.pk).update(submitted_at=now, consented_at=now, authorised_total=total)
    trip.refresh_from_db()
    membership = membership_on(trip.traveller, clock.today())
    if membership and membership.department.office.approval_required:
        data = {"total": total, "version": version}
        advance(trip, TripState.AWAITING, code="booking.trip.submitted", allowed=TRIP_MOVES, actor=actor, data=data)
        return trip
    release_trip(actor, trip, basis="承認不要")
    return trip


@verb
def release_trip(actor: Actor, trip: Trip, *, basis: str) -> None:
    """Open the gate: from here on money may be spent, up to the authorised total. `basis` says on whose word."""
    data = {"total": trip.authorised_total, "version": trip.version}
    advance(
        trip,
        TripState.RELEASED,
        code="booking.trip.released",
        allowed=TRIP_MOVES,
        actor=actor,
        why=basis,
        about=[trip.traveller],
        data=data,
    )
    arrange_next(actor, trip)


@verb
def withdraw_trip(actor: Actor, trip: Trip) -> None:
    """Give the trip up; only while nothing is held, and before anything of it was used. Else raises MoveNotAllowed or BadWish."""
    actor = acting_on(actor, trip.traveller.public_id)
    trip = Trip.objects.locked(trip.pk)
    waiting = {ReservationState.DRAFT, ReservationState.HANDED_OFF, ReservationState.SCHEDULED}
    if trip.reservations.filter(state__in=TRAVELLED).exists():
        raise BadWish("利用した予約があるため、取り下げられません。残りの予約は、それぞれ取り消してください。")
    if trip.reservations.exclude(state__in=ENDED | waiting).exists():
        raise BadWish("予約が残っています。先に予約を取り消してください。")
    for reservation in trip.reservations.filter(state__in=waiting):
        advance(
            reservation,
            ReservationState.WITHDRAWN,
            code="booking.reservation.withdrawn",
            allowed=RESERVATION_MOVES,
            actor=actor,
            why="出張の取り下げ",
            about=[trip],
        )
    for change in Change.objects.under_way().filter(reservation__trip=trip):
        drop_change_of(actor, change)
    advance(trip, TripState.WITHDRAWN, code="booking.trip.withdrawn", allowed=TRIP_MOVES, actor=actor)


def member_of(reservation: Reservation) -> str:
    """The traveller's member number at the reservation's supplier today; empty when there is none."""
    return member_number_on(reservation.trip.traveller, reservation.supplier, clock.today())
