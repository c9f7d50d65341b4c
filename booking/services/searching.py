"""One wish becomes one search; each supplier that fits is asked by its own task, and its answer becomes a row."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from uuid import UUID

from django.db import connection as database
from django.db.models import Exists, OuterRef

from accounts.models import Contract, User
from accounts.queries import member_number_on
from accounts.services import acting_on
from audit.services import record
from booking.errors import BadWish
from booking.models import AnswerState, Connection, Part, Place, Reservation, Search, SearchAnswer
from booking.queries.disruptions import still_running
from booking.queries.parts import part_of
from booking.queries.places import airports_of, areas_of, stations_of
from booking.queries.timetable import rail_candidates
from booking.services.connections import link_of
from booking.suppliers.base import ByTimetable, SearchesMoves, SearchesStays
from booking.suppliers.errors import Misconfigured, NotSent, Refused, Resting, SupplierError
from booking.suppliers.registry import KINDS, adapter_for, can
from booking.suppliers.types import Link, MoveAsk, Offer, Ride, StayAsk
from lib import clock, durable, jobs, jst, wake
from lib.actor import Actor
from lib.errors import NotPermitted
from lib.verbs import driver, verb

SAME_WISH = dt.timedelta(minutes=2)
TRIES = 2
# A supplier that is back soon is waited for, so often.
WAITS = 6
AIRPORTS = 2
AREAS = 20
LATER = "少し待って、もう一度探してください。"
NO_ANSWER = f"いまは回答がありません。{LATER}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants: who, for what, from where to where, when, nights, and what to look for."""

    traveller: User
    purpose: str
    origin: Place
    destination: Place
    out_on: dt.date
    back_on: dt.date | None
    nights: int
    air: bool = True
    rail: bool = True
    replaces: Reservation | None = None

    @property
    def key(self) -> str:
        facts = (
            self.traveller.pk, self.purpose, self.origin.pk, self.destination.pk,
            self.out_on, self.back_on, self.nights, self.air, self.rail,
            self.replaces and self.replaces.pk,
        )  # fmt: skip
        return hashlib.sha256(repr(facts).encode()).hexdigest()


@verb
def open_search(actor: Actor, wish: Wish) -> Search:
    """Ask all suppliers that fit. The same wish of the same person within two minutes is the same search.

    Unless an answer failed: who was told to try again shall not meet the same failure.

    Raises NoProxy, NotPermitted, and BadWish with the form field for what cannot be travelled.
    """
    # The desk does not search for itself, but it changes the trips of travellers.
    if wish.replaces is None and not actor.may("booking.search"):
        raise NotPermitted
    actor = acting_on(actor, wish.traveller.public_id)
    _check(wish)
    asked_by = User.objects.get(public_id=actor.subject)
    same = Search.objects.filter(asked_by=asked_by, wish_key=wish.key, created_at__gt=clock.now() - SAME_WISH)
    failed = SearchAnswer.objects.filter(search=OuterRef("pk"), state=AnswerState.FAILED)
    earlier = same.filter(~Exists(failed), trip=None).order_by("-pk").first()
    if earlier is not None:
        return earlier
    search = Search.objects.create(
        asked_by=asked_by,
        traveller=wish.traveller,
        purpose=wish.purpose,
        origin=wish.origin,
        destination=wish.destination,
        out_on=wish.out_on,
        back_on=wish.back_on,
        nights=wish.nights,
        air=wish.air,
        rail=wish.rail,
        stay=wish.nights > 0,
        replaces=wish.replaces,
        wish_key=wish.key,
        created_at=clock.now(),
    )
    for connection, part in _who_is_asked(search):
        answer = SearchAnswer.objects.create(
            search=search, connection=connection, part=part, asked_at=clock.now(), next_try_at=clock.wall()
        )
        jobs.enqueue("booking.tasks.ask_supplier", answer.pk)
    record(
        actor,
        "booking.search.opened",
        objects=[search, wish.traveller],
        data={
            "out_on": wish.out_on,
            "back_on": wish.back_on,
            "nights": wish.nights,
            "origin": wish.origin.code,
            "destination": wish.destination.code,
        },
    )
    return search


def _check(wish: Wish) -> None:
    today = clock.today()
    if not wish.purpose.strip():
        raise BadWish("用務を入力してください。私用の旅行は扱いません。", field="purpose")
    if wish.origin == wish.destination:
        raise BadWish("出発地と用務地が同じです。どちらかを直してください。", field="destination")
    if wish.out_on < today:
        raise BadWish(
            f"行きの日が過ぎています。きょう（{jst.short_day(today)}）以降の日にしてください。", field="out_on"
        )
    last = wish.back_on or wish.out_on + dt.timedelta(days=wish.nights)
    if last < wish.out_on:
        raise BadWish("帰りの日が行きより前です。帰りの日を直してください。", field="back_on")
    if wish.back_on and wish.nights > (wish.back_on - wish.out_on).days:
        days = (wish.back_on - wish.out_on).days
        raise BadWish(f"行きから帰りまでは{days}泊です。泊数を{days}以下にしてください。", field="nights")
    contract = Contract.objects.first()
    if contract and not contract.first_day <= wish.out_on <= last <= contract.last_day:
        raise BadWish(
            f"契約期間（{jst.long_day(contract.first_day)}から{jst.long_day(contract.last_day)}まで）の"
            "外の日は手配できません。日を直してください。",
            field="back_on" if wish.out_on <= contract.last_day < last else "out_on",
        )
    if wish.nights and not areas_of(wish.destination):
        raise BadWish(
            f"{wish.destination.name}には宿泊先の候補がありません。用務地を近くの市町村にするか、泊数を0にしてください。",
            field="nights",
        )
    if not (wish.air or wish.rail or wish.nights):
        raise BadWish("探すものを1つ以上選んでください。", field="kinds")


def wish_instead(reservation: Reservation, *, day: dt.date, nights: int, air: bool, rail: bool) -> Wish:
    """The wish for another ride, or for `nights` other nights, in place of a reservation of a trip that was searched for."""
    trip, stay = reservation.trip, KINDS[reservation.supplier] == "stay"
    search = trip.search
    if search is None:
        raise BadWish("この出張は検索から作られていません。窓口へ連絡してください。")
    there = part_of(reservation).part != Part.BACK
    ends = (search.origin, search.destination) if there else (search.destination, search.origin)
    return Wish(
        traveller=trip.traveller,
        purpose=trip.purpose,
        origin=ends[0],
        destination=ends[1],
        out_on=day,
        back_on=None,
        nights=nights if stay else 0,
        air=air and not stay,
        rail=rail and not stay,
        replaces=reservation,
    )


def _who_is_asked(search: Search) -> list[tuple[Connection, Part]]:
    moves = [Part.OUT, *([Part.BACK] if search.back_on else [])]
    both_air = bool(airports_of(search.origin) and airports_of(search.destination))
    both_rail = bool(stations_of(search.origin) and stations_of(search.destination))
    fits = {
        "air": moves if search.air and both_air else [],
        "rail": moves if search.rail and both_rail else [],
        "stay": [Part.STAY] if search.stay else [],
    }
    connections = Connection.objects.exclude(way="operator")
    return [(connection, part) for connection in connections for part in fits.get(KINDS[connection.supplier], [])]


@driver
def ask_supplier(actor: Actor, answer_pk: int) -> None:
    """Ask one supplier for one part and record what it says; nothing happens when somebody else is asking."""
    rows = SearchAnswer.objects.filter(state=AnswerState.ASKED)
    token = durable.claim(rows, answer_pk)
    if token is None:
        return
    answer = SearchAnswer.objects.select_related(
        "connection", "search__traveller", "search__origin", "search__destination"
    ).get(pk=answer_pk)
    if not answer.connection.active:
        record_answer(
            actor, answer, token=token, offers=None, message="いまは接続を止めています。オペレータへ連絡してください。"
        )
        return
    try:
        offers = offers_of(answer)
    except (Refused, Misconfigured) as told:
        record_answer(actor, answer, token=token, offers=None, message=told.message)
    except SupplierError as failure:
        pause = _pause(answer, failure)
        if pause is None:
            message = f"{failure.message}{LATER}" if isinstance(failure, Resting) else NO_ANSWER
            record_answer(actor, answer, token=token, offers=None, message=message)
            return
        durable.release(rows, answer.pk, token, next_try_at=clock.wall() + dt.timedelta(seconds=pause))
        if pause:
            jobs.enqueue("booking.tasks.ask_supplier", answer.pk, after=pause)
        else:
            ask_supplier(actor, answer_pk)
    else:
        record_answer(actor, answer, token=token, offers=still_running(answer.connection.supplier, offers), message="")


def _pause(answer: SearchAnswer, failure: SupplierError) -> float | None:
    """After how many seconds it is asked again; None: the person is told that there is no answer.

    Who asks us to come again in a moment is waited for: nobody searches anew because of a second.
    """
    if isinstance(failure, NotSent) and failure.again_at is not None:
        pause = max(0.1, (failure.again_at - clock.wall()).total_seconds())
        return pause if pause <= jobs.SOON_SECONDS and answer.attempts < WAITS else None
    return 0 if answer.attempts < TRIES else None


@driver
def offers_of(answer: SearchAnswer) -> list[Offer]:
    """What the supplier offers now for the part that was asked for. Raises SupplierError."""
    search, connection = answer.search, answer.connection
    if answer.part == Part.STAY:
        areas = [access.place.code for access in areas_of(search.destination)][:AREAS]
        link = link_of(connection)
        database.close()
        hotels = adapter_for(connection.supplier, link, SearchesStays)
        return hotels.search_stays(StayAsk(areas, search.out_on, search.nights))
    ends = (search.origin, search.destination) if answer.part == Part.OUT else (search.destination, search.origin)
    day = search.out_on if answer.part == Part.OUT else (search.back_on or search.out_on)
    if can(connection.supplier, ByTimetable):
        return _by_timetable(connection, *ends, day=day)
    pairs = [(a.place, b.place) for a in airports_of(ends[0])[:AIRPORTS] for b in airports_of(ends[1])[:AIRPORTS]]
    member = member_number_on(search.traveller, connection.supplier, clock.today())
    carrier = adapter_for(connection.supplier, link_of(connection), SearchesMoves)
    database.close()
    asks = [MoveAsk(a.code, b.code, day, a.name, b.name, member) for a, b in pairs]
    found = [offer for ask in asks for offer in carrier.search(ask)]
    return sorted(found, key=lambda offer: (offer.rides[0].departs, offer.price or 0))


def _by_timetable(connection: Connection, origin: Place, destination: Place, *, day: dt.date) -> list[Offer]:
    adapter = adapter_for(connection.supplier, Link("", connection.site_url), ByTimetable)
    found = rail_candidates(origin, destination, day, clock.today(), sellers=adapter.seller)
    return [
        adapter.candidate(
            Ride(each.ride.name, each.ride.origin, each.ride.destination, each.ride.departs, each.ride.arrives),
            price=each.fare.total if each.fare else None,
            basis=f"新幹線は{each.fare.basis}による目安、時刻は見本ダイヤ（2026年3月）" if each.fare else "",
        )
        for each in found
    ]


@verb
def record_answer(actor: Actor, answer: SearchAnswer, *, token: UUID, offers: list[Offer] | None, message: str) -> None:
    """Keep what a supplier said (None: it did not), and wake the page that waits."""
    kept = durable.release(
        SearchAnswer.objects.all(),
        answer.pk,
        token,
        next_try_at=None,
        state=AnswerState.FAILED if offers is None else AnswerState.ANSWERED,
        answered_at=clock.now(),
        message=message[:200],
        offers=[offer.as_json() for offer in offers or ()],
    )
    if kept:
        record(
            actor,
            "booking.search.answered",
            objects=[answer.search, answer.connection],
            data={"part": answer.part, "offers": len(offers or ()), "why": message[:200]},
        )
        wake.wake(f"search:{answer.search.public_id}")
