"""What tests start from, made through the services, so that a broken service cannot be hidden."""

import datetime as dt
import itertools
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.db import transaction

from accounts.errors import AlreadyAsked
from accounts.models import Department, Office, Role, User
from accounts.queries import open_confirmation
from accounts.services import (
    grant_role,
    issue_user,
    register_contract,
    register_department,
    register_office,
    service_actor,
    set_membership,
)
from billing.models import Period, PeriodState
from billing.services import close_period, prepare_closing, request_closing
from booking.models import (
    Charge,
    ChargeKind,
    ChargeSource,
    Connection,
    ItemKind,
    Nature,
    Reservation,
    ReservationState,
    Segment,
    TaxClass,
    Trip,
    TripItem,
    Way,
)
from lib import clock, jst
from lib.actor import Actor

SETUP = service_actor("demo")
START = dt.date(2024, 7, 1)
END = dt.date(2027, 6, 30)
_count = itertools.count(1)
PASSWORD = "Ao-zora-2026-tabi"

ISSUER = {
    "name": "株式会社あおぞら旅行サービス",
    "registration_number": "T1234567890123",
    "postcode": "100-0000",
    "address": "東京都千代田区見本町1-2-3",
    "telephone": "03-0000-0000",
    "hours": "平日 9:00–18:00",
    "bank": "みどり銀行 本店営業部 普通 1234567",
    "account_holder": "カ)アオゾラリョコウサービス",
}


def contract(*, closing_day: int = 31) -> Any:
    """The contract of 2024-07-01 to 2027-06-30."""
    return register_contract(
        SETUP,
        title="国内出張チケット手配等業務",
        client_name="独立行政法人みらい都市機構",
        first=START,
        last=END,
        closing_day=closing_day,
        issuer=ISSUER,
        estimates={},
    )


def office(code: str = "", *, name: str = "") -> Office:
    """An office with an address."""
    n = next(_count)
    code = code or f"OFFICE{n}"
    details = {
        "name": name or f"第{n}支社",
        "postcode": "810-8610",
        "address": "福岡県福岡市中央区長浜2-2-4",
        "prefecture": "福岡県",
    }
    return register_office(SETUP, code=code, position=n % 30000, first=START, details=details)


def department(of: Office | None = None, *, name: str = "") -> Department:
    """A department of an office."""
    n = next(_count)
    return register_department(SETUP, code=f"D{n}", name=name or f"第{n}課", office=of or office())


def person(
    *roles: str, of: Department | None = None, name: str = "", first: dt.date = START, login_id: str = ""
) -> User:
    """A person with roles and a department since the contract's start; the password is PASSWORD."""
    n = next(_count)
    user = issue_user(
        SETUP,
        login_id=login_id or f"{n:08d}",
        name=name or f"試験 太郎{n}",
        kana="シケン タロウ",
        email=f"person{n}@client.example",
        password=PASSWORD,
    )
    for role in roles or (Role.EMPLOYEE,):
        grant_role(SETUP, user, role=role, first=START, reason="試験")
    set_membership(SETUP, user, department=of or department(), first=first, source="試験")
    return user


def acting(user: User) -> Actor:
    """The person as an actor of a web request."""
    from accounts.services import person_actor
    from lib.actor import Channel

    return person_actor(user, channel=Channel.WEB)


def connection(supplier: str = "jal_online", way: str = Way.API, **fields: Any) -> Connection:
    """A supplier's connection that leads nowhere."""
    names = {"jal_online": "JALオンライン", "ex": "エクスプレス予約", "yado_net": "ヤドネット"}
    defaults = {
        "code": f"{supplier}-{next(_count)}",
        "name": names[supplier],
        "way": way,
        "base_url": "http://127.0.0.1:9/",
        "site_url": "http://127.0.0.1:9/",
    }
    return Connection.objects.create(supplier=supplier, **{**defaults, **fields})


def trip(traveller: User | None = None, *, day: dt.date | None = None, **fields: Any) -> Trip:
    """A released trip of one day."""
    traveller = traveller or person()
    day = day or clock.today() + dt.timedelta(days=14)
    now = clock.now()
    defaults = {
        "number": f"T9901{next(_count):04d}",
        "applicant": traveller,
        "purpose": "九州支社 団地再生協議",
        "destination_name": "福岡",
        "first_day": day,
        "last_day": day,
        "state": "released",
        "authorised_total": 100000,
        "created_at": now,
        "submitted_at": now,
        "consented_at": now,
    }
    return Trip.objects.create(traveller=traveller, **{**defaults, **fields})


def reservation(of: Trip | None = None, by: Connection | None = None, **fields: Any) -> Reservation:
    """A ticketed flight of a trip, with its ride."""
    of = of or trip()
    by = by or connection()
    n = next(_count)
    now = clock.now()
    defaults = {
        "supplier": by.supplier,
        "way": by.way,
        "state": ReservationState.TICKETED,
        "reference": f"{of.number}-{n}",
        "title": "JAL 313",
        "detail": "ビジネスフレックス 普通席",
        "number": f"K{n:05d}",
        "operated_on": clock.today(),
        "price": 40160,
        "booked_at": now,
        "ticketed_at": now,
    }
    return Reservation.objects.create(trip=of, connection=by, **{**defaults, **fields})


def segment(of: Reservation, *, day: dt.date | None = None, part: str = "out", **fields: Any) -> Segment:
    """A ride of a reservation, with the wish it fulfils."""
    day = day or of.trip.first_day
    item, _ = TripItem.objects.get_or_create(
        trip=of.trip,
        part=part,
        defaults={
            "position": 0 if part == "out" else 2,
            "kind": ItemKind.MOVE,
            "from_name": "横浜",
            "to_name": "福岡",
            "first_day": day,
            "last_day": day,
        },
    )
    defaults = {
        "service": of.title,
        "from_name": "羽田",
        "to_name": "福岡",
        "departs": jst.at(day, 10, 40),
        "arrives": jst.at(day, 12, 35),
        "travel_on": day,
    }
    return Segment.objects.create(reservation=of, item=item, **{**defaults, **fields})


def charge(who: User | None = None, *, amount: int = 40160, on: dt.date | None = None, **fields: Any) -> Charge:
    """A fare used on a day."""
    on = on or clock.today()
    defaults = {
        "kind": ChargeKind.FARE,
        "tax_class": TaxClass.STANDARD,
        "nature": Nature.OWN,
        "supplier": "jal_online",
        "occurred_on": on,
        "billing_on": on,
        "rule": "ride_date",
        "description": "JAL 313 羽田→福岡",
        "source": ChargeSource.SUPPLIER,
        "recorded_at": clock.now(),
    }
    return Charge.objects.create(person=who or person(), amount=amount, used_on=on, **{**defaults, **fields})


def operators(office: Office) -> Sequence[Actor]:
    """Two operators who are nobody's proxy; made in a department of the office when there are none yet."""
    known = list(User.objects.get_queryset().filter(role_grants__role=Role.OPERATOR).order_by("-pk")[:2])
    missing = [person(Role.OPERATOR, of=department(office)) for _ in range(2 - len(known))]
    return [acting(user) for user in [*missing, *known]]


def agree(period: Period) -> None:
    """Prepare the closing of a period and agree to it, as its two people would; the worker has not begun."""
    first, second = operators(period.office)
    with suppress(AlreadyAsked), transaction.atomic():
        prepare_closing(first, period)
    prepared = open_confirmation("billing.close", period.public_id)
    is_own = prepared is not None and prepared.asked_by.public_id == second.id
    request_closing(first if is_own else second, period)


def close(period: Period) -> Period:
    """Close a period that is open, as its two people and the worker would."""
    if period.state == PeriodState.OPEN:
        agree(period)
    return close_period(SETUP, office=period.office, period=period)
