"""Downloads of usage data (利用状況): streamed row by row, each one recorded with its filter and number of rows."""

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.models import User
from audit.services import record
from billing.models import UsageDownload
from billing.permissions import READ_USAGE
from billing.queries import (
    COLUMNS,
    UsageFilter,
    usage_charges,
    usage_count_and_sum,
    usage_row,
    usage_unfit,
)
from lib import clock
from lib.actor import Actor
from lib.csvfiles import csv_line, to_cp932
from lib.errors import NotPermitted
from lib.verbs import verb

UTF8, CP932 = "utf-8", "cp932"
ENCODINGS = ((UTF8, "UTF-8"), (CP932, "Shift_JIS"))
CHUNK = 500


@dataclass(frozen=True, slots=True)
class UsageFile:
    """A file that is being made: `chunks` reads from the database as it is consumed, `rows` was counted before."""

    name: str
    encoding: str
    rows: int
    replaced: int
    chunks: Iterator[bytes]


@verb
def download_usage(actor: Actor, wanted: UsageFilter, *, encoding: str) -> UsageFile:
    """Usage data as CSV: UTF-8 with BOM, or Shift_JIS with 〓 for what does not fit (`replaced` counts those).

    Raises NotPermitted, and ValueError for another encoding.
    """
    if not actor.may(READ_USAGE):
        raise NotPermitted
    if encoding not in {UTF8, CP932}:
        raise ValueError(encoding)
    rows, _ = usage_count_and_sum(usage_charges(actor, wanted))
    replaced = usage_unfit(usage_charges(actor, wanted).iterator(chunk_size=CHUNK)) if encoding == CP932 else 0
    facts = {"first": wanted.first, "last": wanted.last, "rows": rows, "encoding": encoding}
    person = User.objects.get_queryset().filter(public_id=actor.subject).first()
    about = [wanted.office] if wanted.office else []
    if person:
        download = UsageDownload.objects.create(
            person=person,
            first_day=wanted.first,
            last_day=wanted.last,
            encoding=encoding,
            rows=rows,
            at=clock.now(),
        )
        record(actor, "billing.usage.downloaded", objects=[download, *about], data=facts)
    else:
        record(actor, "billing.usage.downloaded", objects=about, data=facts)
    name = f"riyou-jokyo_{wanted.first:%Y%m%d}-{wanted.last:%Y%m%d}.csv"
    return UsageFile(name, encoding, rows, replaced, _chunks(actor, wanted, encoding))


def _chunks(actor: Actor, wanted: UsageFilter, encoding: str) -> Iterator[bytes]:
    """Lines in chunks, from a cursor of the server: memory does not grow with the rows."""
    encode = to_cp932 if encoding == CP932 else str.encode
    held = "" if encoding == CP932 else "\ufeff"
    held += csv_line(COLUMNS)
    for number, charge in enumerate(usage_charges(actor, wanted).iterator(chunk_size=CHUNK), 1):
        held += csv_line(usage_row(charge))
        if number % CHUNK == 0:
            yield encode(held)
            held = ""
    yield encode(held)
