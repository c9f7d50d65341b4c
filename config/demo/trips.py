"""Three months of demo trips in all states, made through the services; none of them needs a supplier."""

import datetime as dt
import random

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.services import actor_for
from booking.models import (
    CallVerb,
    ChargeSource,
    Connection,
    Part,
    Place,
    PlaceKind,
    Reservation,
    Search,
    SearchAnswer,
    SupplierCall,
    Trip,
    Way,
)
from booking.queries.taxes import propose_stay_tax
from booking.services import arranging
from booking.services.cancelling import record_own_cancellation
from booking.services.connections import set_connection
from booking.services.recording import Purchase, record_reservation
from booking.services.searching import Wish, open_search, record_answer
from booking.services.travelled import settle_stay, stays_to_settle
from booking.services.trips import draft_trip, next_trip_number, read_picks, submit_trip, withdraw_trip
from booking.suppliers.types import Booked, CancelStep, Night, Offer, Ride
from config.demo.people import DEMO, Cast
from lib import clock, durable, jst
from lib.actor import Actor

PLACES = {
    # destination: (airport or "", station, hotel, room, flight yen, rail yen, minutes by rail from 新横浜)
    "福岡": ("福岡", "博多", "ホテル博多なぎさ通り", 12500, 40160, 23280, 278),
    "大阪": ("伊丹", "新大阪", "新大阪ステーションホテル結", 11900, 27340, 14390, 131),
    "名古屋": ("", "名古屋", "名古屋栄イン灯", 10400, 0, 10640, 78),
    "広島": ("広島", "広島", "広島リバーサイド宿", 9800, 33420, 18880, 212),
}
MOST_TRAVELLERS = 225
PURPOSES = ["団地再生協議", "工事監理", "監査対応", "基本協定の打合せ", "現地調査", "研修"]


def make_connections() -> dict[str, Connection]:
    """The three connections, led to the sandbox."""
    site = settings.SANDBOX_URL
    return {
        "jal": set_connection(
            DEMO, code="jal", supplier="jal_online", name="JALオンライン", way=Way.API, base_url=site,
            credentials={"corporate_id": "JL-AOZORA", "token": "sandbox-jal"}, contact="JAL 法人デスク 0570-000-000",
        ),
        "ex": set_connection(
            DEMO, code="ex", supplier="ex", name="エクスプレス予約", way=Way.HANDOFF, site_url=f"{site}/ex/",
            contact="エクスプレス予約 03-0000-0001",
        ),
        "yado": set_connection(
            DEMO, code="yado", supplier="yado_net", name="ヤドネット", way=Way.API, base_url=site,
            credentials={"api_key": "sandbox-yado"}, contact="ヤドネット法人窓口 03-0000-0002",
        ),
    }  # fmt: skip


def make_trips(cast: Cast, links: dict[str, Connection], *, per_person: int = 2) -> int:
    """Past trips of those who travel, and one of each present state for the named ones; how many there are."""
    dice = random.Random(20261125)  # noqa: S311  the same demo each time
    operator = actor_for(cast.named["90000001"])
    travellers = [person for person in cast.everybody if person.login_id[0] in "12"]
    today = clock.today()
    # 3,200 people make about 450 trips in three months: not everybody travels.
    for person in dice.sample(travellers, min(len(travellers), MOST_TRAVELLERS)):
        for _ in range(per_person):
            day = jst.next_business_day(today - dt.timedelta(days=dice.randrange(6, 92)))
            _past_trip(dice, operator, person, day, links)
    for reservation in stays_to_settle():
        settle_stay(DEMO, reservation)
    for reservation in arranging.due_for_use():
        arranging.mark_used(DEMO, reservation)
    _present_trips(cast, operator, links, today)
    return Trip.objects.count()


@transaction.atomic
def _trip(person: User, place: str, purpose: str, first: dt.date, last: dt.date, *, total: int) -> Trip:
    """A released trip that an operator fills; entered directly, since searches of past days are refused."""
    now = clock.now()
    return Trip.objects.create(
        number=next_trip_number(),
        traveller=person,
        applicant=person,
        purpose=purpose,
        destination_name=place,
        first_day=first,
        last_day=last,
        state="released",
        authorised_total=total,
        created_at=now,
        submitted_at=now,
        consented_at=now,
    )


def _past_trip(dice: random.Random, operator: Actor, person: User, day: dt.date, links: dict[str, Connection]) -> None:
    place = dice.choice(list(PLACES))
    nights = dice.choice([0, 1, 1])
    trip = _trip(person, place, dice.choice(PURPOSES), day, day + dt.timedelta(days=nights), total=200000)
    way_there = dice.choice(["jal", "ex"])
    made = [
        record_reservation(operator, trip, _move(Part.OUT, trip, day, 8, links, way_there)),
        record_reservation(operator, trip, _move(Part.BACK, trip, trip.last_day, 17, links, "ex")),
    ]
    if nights:
        record_reservation(operator, trip, _stay(trip, day, nights, links))
    if dice.random() < 0.1:
        record_own_cancellation(operator, made[1], fee=320, source=ChargeSource.OPERATOR)


def _move(part: str, trip: Trip, day: dt.date, hour: int, links: dict[str, Connection], by: str) -> Purchase:
    airport, station, _, _, fare, rail, minutes = PLACES[trip.destination_name]
    departs = jst.at(day, hour, 40)
    if by == "jal" and airport:
        ends = ("羽田", airport) if part == Part.OUT else (airport, "羽田")
        ride = Ride(f"JAL {301 + hour}", *ends, departs, departs + dt.timedelta(minutes=115))
        number = f"{'KQ'[part == Part.BACK]}{trip.pk:05d}"
        return Purchase(part, links["jal"], number, fare, ride.service, "ビジネスフレックス 普通席", rides=[ride])
    ends = ("新横浜", station) if part == Part.OUT else (station, "新横浜")
    ride = Ride(f"のぞみ{hour * 2 + 1}号", *ends, departs, departs + dt.timedelta(minutes=minutes))
    number = f"{2001 + trip.pk * 2 + (part == Part.BACK)}"
    return Purchase(part, links["ex"], number, rail, ride.service, "普通車指定席", rides=[ride])


def _stay(trip: Trip, day: dt.date, nights: int, links: dict[str, Connection]) -> Purchase:
    _, _, hotel, room, *_ = PLACES[trip.destination_name]
    days = [day + dt.timedelta(days=n) for n in range(nights)]
    taxed = propose_stay_tax(_city(trip.destination_name), [(each, room) for each in days])
    rows = [Night(night.day, room, night.yen or 0) for night in taxed.nights]
    number = f"YN{day:%y%m%d}{trip.pk:06d}"
    total = sum(night.room + night.stay_tax for night in rows)
    return Purchase(Part.STAY, links["yado"], number, total, hotel, "シングル 禁煙", nights=rows)


def _present_trips(cast: Cast, operator: Actor, links: dict[str, Connection], today: dt.date) -> None:
    one, three, kyushu = cast.named["10000001"], cast.named["10000003"], cast.named["10000005"]
    later = [jst.next_business_day(today + dt.timedelta(days=days)) for days in (9, 16, 23, 30, 37, 44, 51)]
    # ticketed flight, booked hotel, and a ride that is still to be bought by its traveller
    trip = _trip(one, "大阪", "監査対応", later[0], later[0] + dt.timedelta(days=1), total=80000)
    record_reservation(operator, trip, _move(Part.OUT, trip, later[0], 9, links, "jal"))
    record_reservation(operator, trip, _stay(trip, later[0], 1, links))
    handed = _searched(one, "名古屋", later[1], links)
    submit_trip(actor_for(one), handed, version=handed.version, total=_sum(handed))
    _searched(one, "広島", later[2], links)
    withdrawn = _searched(three, "大阪", later[3], links)
    withdraw_trip(actor_for(three), withdrawn)
    cancelled = _trip(three, "福岡", "現地調査", later[4], later[4], total=60000)
    ride = record_reservation(operator, cancelled, _move(Part.OUT, cancelled, later[4], 9, links, "ex"))
    record_own_cancellation(operator, ride, fee=320, source=ChargeSource.OPERATOR)
    _called(kyushu, later[5], links, outcome="failed")
    _called(kyushu, later[6], links, outcome="expired")


def _city(name: str) -> Place:
    return Place.objects.get(kind=PlaceKind.CITY, name=name)


def _sum(trip: Trip) -> int:
    return sum(price or 0 for price in trip.reservations.filter(state="draft").values_list("price", flat=True))


def _searched(person: User, place: str, day: dt.date, links: dict[str, Connection]) -> Trip:
    """A draft by way of a search whose answer is a train of the timetable."""
    wish = Wish(person, "基本協定の打合せ", _city("横浜"), _city(place), day, None, 0, air=False)
    actor = actor_for(person)
    search = open_search(actor, wish)
    _, station, *_, rail, minutes = PLACES[place]
    departs = jst.at(day, 8, 31)
    ride = Ride("のぞみ15号", "新横浜", station, departs, departs + dt.timedelta(minutes=minutes))
    offer = Offer(
        supplier="ex", title=ride.service, detail="普通車指定席", price=rail, is_estimate=True,
        basis="新幹線は見本の料金による目安", rides=[ride],
        steps=[CancelStep(departs, 320, "払戻手数料")], change_words="変更 発車前 無料", cancel_words="取消 320円",
        seats="EXで確認", ticket_form="ICカード", changeable=True,
    )  # fmt: skip
    return _chosen(actor, search_answer(search, links["ex"], offer))


def search_answer(search: Search, link: Connection, offer: Offer) -> SearchAnswer:
    """The search's answer of this connection, with one offer."""
    answer = SearchAnswer.objects.filter(search=search, connection=link).first() or SearchAnswer.objects.create(
        search=search, connection=link, part=Part.OUT, asked_at=clock.now(), next_try_at=clock.wall()
    )
    token = durable.claim(SearchAnswer.objects.filter(state="asked"), answer.pk)
    if token is not None:
        record_answer(DEMO, answer, token=token, offers=[offer], message="")
    answer.refresh_from_db()
    return answer


def _chosen(actor: Actor, answer: SearchAnswer) -> Trip:
    picks = read_picks(answer.search, {answer.part: f"{answer.public_id}.0"})
    return draft_trip(actor, answer.search, picks=picks)


def _called(person: User, day: dt.date, links: dict[str, Connection], *, outcome: str) -> None:
    """A flight that could not be had, or whose hold ran out, as the worker would have written it."""
    wish = Wish(person, "本社での打合せ", _city("福岡"), _city("東京"), day, None, 0, rail=False)
    actor = actor_for(person)
    departs = jst.at(day, 9, 30)
    ride = Ride("JAL 308", "福岡", "羽田", departs, departs + dt.timedelta(minutes=100))
    offer = Offer(
        supplier="jal_online", title="JAL 308", detail="セイバー 普通席", price=27610, token="demo", rides=[ride]
    )
    trip = _chosen(actor, search_answer(open_search(actor, wish), links["jal"], offer))
    submit_trip(actor, trip, version=trip.version, total=27610)
    call = SupplierCall.objects.get(reservation__trip=trip, verb=CallVerb.BOOK)
    token = durable.claim(SupplierCall.objects.all(), call.pk)
    assert token is not None
    if outcome == "failed":
        arranging.record_refused(
            DEMO, call, why="満席になりました。別の便を選んでください。", token=token, exchanges=[]
        )
        return
    arranging.record_booked(DEMO, call, Booked("K9DEMO", 27800, clock.now()), token=token, exchanges=[])
    arranging.expire_hold(DEMO, Reservation.objects.get(trip=trip))
