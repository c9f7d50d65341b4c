"""Files that leave the house: an invoice as CSV, XLSX or twin (JSON), the ledger as CSV. Each download is recorded."""

import datetime as dt
import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import IO

from audit.services import record
from billing.errors import TooManyRows
from billing.models import Invoice
from billing.permissions import READ_INVOICES, READ_LEDGER
from billing.queries import (
    AMOUNT,
    LINE_COLUMNS,
    SCHEMA,
    LedgerFilter,
    exported_lines,
    face_rows,
    ledger_count_and_sum,
    ledger_csv,
    line_cells,
    twin_invoice,
    twin_line,
)
from billing.rules.sheets import MOST_ROWS, Sheet, write_workbook
from lib.actor import Actor
from lib.csvfiles import csv_line
from lib.errors import NotPermitted
from lib.verbs import verb

CHUNK = 500
# Up to here a file is made before it is sent, so that its hash stands in the record; a longer one is streamed.
HELD_ROWS = 5000
BLOCK = 1 << 16


class InvoiceFormat(StrEnum):
    """How an invoice leaves as a file."""

    CSV = "csv"
    XLSX = "xlsx"
    TWIN = "json"


CONTENT_TYPES = {
    InvoiceFormat.CSV: "text/csv; charset=utf-8",
    InvoiceFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    InvoiceFormat.TWIN: "application/json",
}


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file to send; `sha256` is empty where it is known only when the last byte has left."""

    name: str
    content_type: str
    rows: int
    sha256: str
    chunks: Iterator[bytes]


@verb
def download_invoice(actor: Actor, invoice: Invoice, *, form: InvoiceFormat) -> ExportFile:
    """An invoice as CSV, XLSX or twin. Raises NotPermitted, and TooManyRows for what no sheet of Excel holds."""
    if not actor.may(READ_INVOICES):
        raise NotPermitted
    rows = invoice.face["count"]
    if form is InvoiceFormat.XLSX:
        chunks, sha256 = _workbook(invoice)
    else:
        chunks, sha256 = _made(_csv(invoice) if form is InvoiceFormat.CSV else _twin(invoice), rows)
    data = {"number": invoice.number, "format": form.value, "rows": rows, "sha256": sha256}
    record(actor, "billing.invoice_data.downloaded", objects=[invoice], data=data)
    return ExportFile(f"seikyusho-{invoice.number}.{form.value}", CONTENT_TYPES[form], rows, sha256, chunks)


@verb
def download_ledger(actor: Actor, wanted: LedgerFilter) -> ExportFile:
    """The ledger of these billing days as CSV. Raises NotPermitted."""
    if not actor.may(READ_LEDGER):
        raise NotPermitted
    rows, _ = ledger_count_and_sum(actor, wanted)
    chunks, sha256 = _made(ledger_csv(actor, wanted), rows)
    data = {"first": wanted.first, "last": wanted.last, "rows": rows, "sha256": sha256}
    record(actor, "billing.ledger.downloaded", objects=[wanted.office] if wanted.office else [], data=data)
    office = f"_{wanted.office.code}" if wanted.office else ""
    name = f"hiyo-daicho_{wanted.first:%Y%m%d}-{wanted.last:%Y%m%d}{office}.csv"
    return ExportFile(name, CONTENT_TYPES[InvoiceFormat.CSV], rows, sha256, chunks)


def _made(chunks: Iterator[bytes], rows: int) -> tuple[Iterator[bytes], str]:
    """The chunks, and their hash where the file is short and was made already."""
    if rows > HELD_ROWS:
        return chunks, ""
    whole = b"".join(chunks)
    return iter([whole]), hashlib.sha256(whole).hexdigest()


def _csv(invoice: Invoice) -> Iterator[bytes]:
    held = ["\ufeff", csv_line(list(LINE_COLUMNS))]
    for number, line in enumerate(exported_lines(invoice), 1):
        held.append(csv_line([_plain(cell) for cell in line_cells(invoice, line)]))
        if number % CHUNK == 0:
            yield "".join(held).encode()
            held.clear()
    yield "".join(held).encode()


def _plain(cell: str | int | dt.date) -> str | int:
    return cell.isoformat() if isinstance(cell, dt.date) else cell


def _workbook(invoice: Invoice) -> tuple[Iterator[bytes], str]:
    """A workbook has its index at the end: it is made in a temporary file, hashed, and read again while it is sent."""
    if invoice.face["count"] > MOST_ROWS:
        raise TooManyRows
    lines: Iterator[Sequence[str | int | dt.date]] = (line_cells(invoice, line) for line in exported_lines(invoice))
    sheets = [
        Sheet("請求書", (26, 40, 16, 12), face_rows(invoice), money=frozenset({1, 2})),
        Sheet("明細", tuple(LINE_COLUMNS.values()), lines, tuple(LINE_COLUMNS), frozenset({AMOUNT})),
    ]
    file = tempfile.TemporaryFile()  # noqa: SIM115  it lives until its last block has left
    write_workbook(file, sheets)
    file.seek(0)
    return _blocks(file), hashlib.file_digest(file, "sha256").hexdigest()


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while block := file.read(BLOCK):
            yield block


def _twin(invoice: Invoice) -> Iterator[bytes]:
    head = f'{{"schema": {_json(SCHEMA)}, "invoice": {_json(twin_invoice(invoice))}, "lines": ['
    held, count, total = [head], 0, 0
    for count, line in enumerate(exported_lines(invoice), 1):
        held += ["\n" if count == 1 else ",\n", _json(twin_line(line))]
        total += line["amount"]
        if count % CHUNK == 0:
            yield "".join(held).encode()
            held.clear()
    held.append(f'\n], "sums": {_json({"count": count, "total": total})}}}\n')
    yield "".join(held).encode()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
