"""The ledger as a file, for whoever checks an invoice: one row per charge.

On purpose a way of its own: it reads charges, people, memberships and reservations, and nothing that closing has written.
When `docs/verify-invoice/verify_invoice.py` finds that this file and an invoice agree, two ways have led to the same yen.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.postgresql.psycopg_any import Jsonb
from django.db.models import QuerySet

from accounts.models import Office
from billing.permissions import READ_LEDGER
from booking.models import ChargeKind
from lib.actor import Actor, Scope
from lib.csvfiles import FORMULA

BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Billing days (both inclusive), and one office or all that the actor may read."""

    first: dt.date
    last: dt.date
    office: Office | None = None


@dataclass(frozen=True, slots=True)
class LedgerPreview:
    """The first rows of a file, how many it will have, and their sum in yen."""

    rows: Sequence[Sequence[str | int]]
    count: int
    total: int


def _text(column: str) -> str:
    """A column as a cell that no spreadsheet program runs as a formula, as `lib.csvfiles.neutral` does."""
    return f"CASE WHEN left({column}, 1) = ANY(%(formula)s) THEN '''' || {column} ELSE nullif({column}, '') END"


# header -> column; what is a code stands as it is stored.
_COLUMNS = {
    "費用ID": "charge.public_id",
    "種別コード": "charge.kind",
    "種別": "%(kinds)s ->> charge.kind",
    "金額": "charge.amount",
    "税区分": """CASE charge.tax_class WHEN 'unset' THEN coalesce((SELECT rule.tax_class FROM booking_taxrule rule
        WHERE rule.kind = coalesce(origin.kind, charge.kind) AND rule.valid @> charge.used_on), 'unset')
        ELSE charge.tax_class END""",
    "取扱い": """CASE charge.nature WHEN 'unset' THEN coalesce((SELECT rule.nature FROM booking_suppliernature rule
        WHERE rule.supplier = charge.supplier AND rule.valid @> charge.used_on), 'unset') ELSE charge.nature END""",
    "手配先": _text("charge.supplier"),
    "利用日": "charge.used_on",
    "発生日": "charge.occurred_on",
    "発券日": "charge.issued_on",
    "請求の基準日": "charge.billing_on",
    "基準": "charge.rule",
    "内容": _text("charge.description"),
    "ログインID": _text("person.login_id"),
    "利用者": _text("person.name"),
    "所属コード": _text("department.code"),
    "所属": _text("department.name"),
    "所属の初日": "lower(membership.valid)",
    "所属の末日": "upper(membership.valid) - 1",
    "所属の登録日時": """to_char(membership.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    "拠点コード": _text("coalesce(named.code, own.code)"),
    "支払": "coalesce(reservation.settlement, 'lump')",
    "予約番号": _text("coalesce(reservation.number, charge.reference)"),
    "出張番号": "trip.number",
    "出所": "charge.source",
    "元の費用ID": "origin.public_id",
    "関係": "nullif(charge.relation, '')",
    "記録日時": """to_char(charge.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
}
LEDGER_COLUMNS = tuple(_COLUMNS)

# The charges of the days, and whatever goes back to them or they go back to, however far.
_CHOSEN = """
WITH RECURSIVE chosen AS MATERIALIZED (
    SELECT charge.id FROM booking_charge charge
    LEFT JOIN accounts_membership membership
        ON membership.user_id = charge.person_id AND membership.valid @> charge.used_on
    LEFT JOIN accounts_department department ON department.id = membership.department_id
    WHERE charge.billing_on BETWEEN %(first)s AND %(last)s
        AND (%(offices)s::bigint[] IS NULL OR coalesce(charge.office_id, department.office_id) = ANY(%(offices)s))
), ties AS MATERIALIZED (
    SELECT id, origin_id AS other FROM booking_charge WHERE origin_id IS NOT NULL
    UNION ALL
    SELECT origin_id, id FROM booking_charge WHERE origin_id IS NOT NULL
), family AS (
    SELECT ties.other AS id FROM ties JOIN chosen ON chosen.id = ties.id
    UNION
    SELECT ties.other FROM ties JOIN family ON family.id = ties.id
), wanted AS (
    SELECT id FROM chosen UNION SELECT id FROM family
)
"""
_JOINED = """
FROM wanted JOIN booking_charge charge ON charge.id = wanted.id
    LEFT JOIN accounts_user person ON person.id = charge.person_id
    LEFT JOIN accounts_membership membership
        ON membership.user_id = charge.person_id AND membership.valid @> charge.used_on
    LEFT JOIN accounts_department department ON department.id = membership.department_id
    LEFT JOIN accounts_office own ON own.id = department.office_id
    LEFT JOIN accounts_office named ON named.id = charge.office_id
    LEFT JOIN booking_reservation reservation ON reservation.id = charge.reservation_id
    LEFT JOIN booking_trip trip ON trip.id = reservation.trip_id
    LEFT JOIN booking_charge origin ON origin.id = charge.origin_id
ORDER BY charge.billing_on, charge.id
"""
# All text in these statements is ours; what a person asks for are parameters.
_CELLS = ", ".join(f'{column} AS "{header}"' for header, column in _COLUMNS.items())
_ROWS = f"{_CHOSEN} SELECT {_CELLS} {_JOINED}"
_SUMS = f"{_CHOSEN} SELECT count(*), coalesce(sum(amount), 0) FROM wanted JOIN booking_charge USING (id)"  # noqa: S608


def ledger_offices(actor: Actor) -> QuerySet[Office]:
    """Offices whose ledger the actor may read."""
    scope = actor.scope(READ_LEDGER)
    if scope is Scope.ALL:
        return Office.objects.all()
    if scope is Scope.OFFICE:
        return Office.objects.filter(public_id__in=actor.offices)
    return Office.objects.none()


def ledger_count_and_sum(actor: Actor, wanted: LedgerFilter) -> tuple[int, int]:
    """How many rows, and how many yen."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, _parameters(actor, wanted))
        count, total = cursor.fetchone()
    return count, int(total)


def ledger_preview(actor: Actor, wanted: LedgerFilter, size: int) -> LedgerPreview:
    """The first `size` rows of the same statement that the file is made from."""
    count, total = ledger_count_and_sum(actor, wanted)
    with connection.cursor() as cursor:
        cursor.execute(f"{_ROWS} LIMIT %(size)s", {**_parameters(actor, wanted), "size": size})
        rows = [[_shown(cell) for cell in row] for row in cursor.fetchall()]
    return LedgerPreview(rows, count, total)


def ledger_csv(actor: Actor, wanted: LedgerFilter) -> Iterator[bytes]:
    """The file as CSV (UTF-8 with BOM) in blocks, as fast as the database hands it out; memory does not grow with the rows."""
    held = bytearray("\ufeff".encode())
    with connection.cursor() as cursor:
        statement = f"COPY ({_ROWS}) TO STDOUT WITH (FORMAT csv, HEADER)"
        with cursor.copy(statement, _parameters(actor, wanted)) as copy:
            for data in copy:
                held += data
                if len(held) >= BLOCK:
                    yield bytes(held)
                    held.clear()
    yield bytes(held)


def _shown(cell: Any) -> str | int:
    """A cell as it stands in the file."""
    return cell if isinstance(cell, int) else "" if cell is None else str(cell)


def _parameters(actor: Actor, wanted: LedgerFilter) -> Mapping[str, Any]:
    if wanted.office:
        offices: list[int] | None = [wanted.office.pk]
    elif actor.scope(READ_LEDGER) is Scope.ALL:
        offices = None
    else:
        offices = list(ledger_offices(actor).values_list("pk", flat=True))
    return {
        "first": wanted.first,
        "last": wanted.last,
        "offices": offices,
        "formula": list(FORMULA),
        "kinds": Jsonb({kind.value: kind.label for kind in ChargeKind}),
    }
