"""A large ledger, written by SQL: one office, people of many departments, rides and nights with their bookings."""

import datetime as dt

import psycopg
from django.conf import settings
from django.db import connection

from accounts.models import Department, Office
from billing.models import Period
from billing.services import open_periods
from booking.models import Connection
from config import env
from tests import factories
from tests.billing.world import go_to

LAST = dt.date(2026, 11, 30)
DEPARTMENTS, PEOPLE = 20, 400

TRIPS = """
INSERT INTO booking_trip (public_id, number, traveller_id, applicant_id, purpose, destination_name, first_day, last_day,
    state, version, authorised_total, budget_code, project_code, order_number, created_at, submitted_at, consented_at)
SELECT gen_random_uuid(), 'B' || n, person, person, '団地再生協議', '福岡', DATE '2026-11-01' + (n % 29)::int,
    DATE '2026-11-02' + (n % 29)::int, 'released', 1, 100000, '', '', '', now(), now(), now()
FROM generate_series(1, %(trips)s) n
JOIN LATERAL (SELECT (%(people)s::bigint[])[1 + n %% cardinality(%(people)s::bigint[])] AS person) p ON true
"""
RESERVATIONS = """
INSERT INTO booking_reservation (public_id, trip_id, connection_id, supplier, way, state, settlement, reference, title,
    detail, member_index, number, ticket_number, operated_on, price, is_estimate, offer, terms, booked_at, ticketed_at,
    problem, deliver_to)
SELECT gen_random_uuid(), id, %(connection)s, 'jal_online', 'api', 'used', 'lump', number || '-01', 'JAL 313',
    'ビジネスフレックス 普通席', '', number, '', first_day, 40160, false, '{}', '[]', now(), now(), '', ''
FROM booking_trip WHERE number LIKE 'B%%'
"""
ITEMS = """
INSERT INTO booking_tripitem (public_id, trip_id, position, kind, part, from_name, to_name, first_day, last_day)
SELECT gen_random_uuid(), id, 0, 'move', 'out', '横浜', '福岡', first_day, first_day
FROM booking_trip WHERE number LIKE 'B%%'
"""
SEGMENTS = """
INSERT INTO booking_segment (public_id, reservation_id, item_id, position, service, from_name, to_name, departs, arrives,
    travel_on, live, outgoing)
SELECT gen_random_uuid(), r.id, i.id, 0, 'JAL 313', '羽田', '福岡', t.first_day + TIME '10:40', t.first_day + TIME '12:35',
    t.first_day, false, false
FROM booking_reservation r JOIN booking_trip t ON t.id = r.trip_id JOIN booking_tripitem i ON i.trip_id = t.id
WHERE t.number LIKE 'B%%'
"""
CHARGES = """
INSERT INTO booking_charge (public_id, person_id, kind, amount, tax_class, nature, supplier, used_on, occurred_on,
    issued_on, billing_on, rule, description, reference, reservation_id, segment_id, source, relation, recorded_at)
SELECT gen_random_uuid(), t.traveller_id, CASE WHEN n %% 5 = 0 THEN 'stay_tax' ELSE 'fare' END,
    CASE WHEN n %% 17 = 0 THEN -1 ELSE 1 END * (1000 + n %% 40000)::int,
    CASE WHEN n %% 5 = 0 THEN 'outside' ELSE 'standard' END, CASE WHEN n %% 7 = 0 THEN 'advance' ELSE 'own' END,
    'jal_online', t.first_day, t.first_day, t.first_day, t.first_day, 'ride_date', 'JAL 313 羽田→福岡', '', r.id, s.id,
    'supplier', '', TIMESTAMPTZ '2026-11-30 12:00+09'
FROM generate_series(1, %(charges)s) n
JOIN booking_reservation r ON r.reference = 'B' || (1 + n %% %(trips)s) || '-01'
JOIN booking_trip t ON t.id = r.trip_id JOIN booking_segment s ON s.reservation_id = r.id
"""


def large_period(charges: int) -> Period:
    """An office's November with so many open charges; it is December 2nd, 2026."""
    go_to(dt.date(2026, 12, 2))
    factories.contract()
    office: Office = factories.office(name="九州支社")
    departments: list[Department] = [factories.department(office) for _ in range(DEPARTMENTS)]
    people = [factories.person(of=departments[n % DEPARTMENTS]).pk for n in range(PEOPLE)]
    by: Connection = factories.connection()
    trips = min(charges, 20_000)
    facts = {"people": people, "connection": by.pk, "trips": trips, "charges": charges}
    open_periods(factories.SETUP, until=dt.date(2026, 12, 2))
    with connection.cursor() as cursor:
        for statement in (TRIPS.replace("(n % 29)", "(n %% 29)"), RESERVATIONS, ITEMS, SEGMENTS, CHARGES):
            cursor.execute(statement, facts)
    analyse()
    return Period.objects.select_related("office").get(office=office, last_day=LAST)


def analyse() -> None:
    """Fresh statistics, as autovacuum would have made them meanwhile; only the owner of tables may."""
    owner = env.database(settings.DATABASE_OWNER_URL)
    with psycopg.connect(
        host=owner["HOST"],
        port=owner["PORT"],
        user=owner["USER"],
        password=owner["PASSWORD"],
        dbname=connection.settings_dict["NAME"],
        autocommit=True,
    ) as raw:
        raw.execute("ANALYZE")
