"""Closing, export and twin for 10,000, 100,000 and 1,000,000 charges: `make bench ARGS="-k closing"`.

Each size is one office and month. Times are ratios to the plainest statement that does the same work in the database;
memory is the peak of this process, which must not grow with the rows.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from billing.models import Invoice, InvoiceLine
from billing.queries import LedgerFilter, due_lines
from billing.services import ExportFile, InvoiceFormat, close_period, download_invoice, download_ledger
from billing.services.invoicing import write_lines
from tests import factories
from tests.bench.ledger import analyse, large_period

pytestmark = pytest.mark.django_db(transaction=True)
SIZES = [10_000, 100_000, 1_000_000]
MOST_XLSX = 100_000


def peak() -> int:
    """The most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@contextmanager
def timed(results: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    results[name] = time.perf_counter() - start


class Undo(Exception):
    """Ends a transaction without a trace."""


def rolled_back(work: Callable[[], object]) -> None:
    """Do it and take it back."""
    try:
        with transaction.atomic():
            work()
            raise Undo
    except Undo:
        pass


def copied(statement: str) -> int:
    """Bytes of COPY (statement) TO STDOUT, thrown away as they come."""
    size = 0
    with connection.cursor() as cursor, cursor.cursor.copy(f"COPY ({statement}) TO STDOUT WITH CSV") as rows:
        for block in rows:
            size += len(block)
    return size


def taken(file: ExportFile) -> int:
    """Bytes of a download, thrown away as they come."""
    return sum(len(chunk) for chunk in file.chunks)


def told(title: str, times: dict[str, float], before: int) -> None:
    """Print the times, each as a ratio to the plain statement named above it, and how the memory went."""
    base = 1.0
    sys.stdout.write(f"\n{title}  peak {before} -> {peak()} MB\n")
    for name, seconds in times.items():
        base = seconds if name.isupper() else base
        sys.stdout.write(f"    {name:<28} {seconds:7.2f} s  x{seconds / base:.2f}\n")


@pytest.mark.parametrize("charges", SIZES)
def test_closing_and_export(charges: int, capsys: pytest.CaptureFixture[str]):
    period = large_period(charges)
    times: dict[str, float] = {}
    before = peak()
    with timed(times, "INSERT ... SELECT"):
        rolled_back(lambda: write_lines(due_lines(period)))
    with timed(times, "prepare and agree"):
        factories.agree(period)
    with timed(times, "close_period"):
        close_period(factories.SETUP, office=period.office, period=period)
    analyse()
    invoice = Invoice.objects.get()
    assert InvoiceLine.objects.count() == charges == invoice.face["count"]
    with timed(times, "COPY LEDGER TO STDOUT"):
        copied("SELECT * FROM booking_charge")
    with timed(times, "ledger as CSV"):
        taken(download_ledger(factories.SETUP, LedgerFilter(period.first_day, period.last_day)))
    with timed(times, "COPY LINES TO STDOUT"):
        copied("SELECT * FROM billing_invoiceline")
    with timed(times, "invoice as twin"):
        taken(download_invoice(factories.SETUP, invoice, form=InvoiceFormat.TWIN))
    with timed(times, "invoice as CSV"):
        taken(download_invoice(factories.SETUP, invoice, form=InvoiceFormat.CSV))
    if charges <= MOST_XLSX:
        with timed(times, "invoice as XLSX"):
            taken(download_invoice(factories.SETUP, invoice, form=InvoiceFormat.XLSX))
    with capsys.disabled():
        told(f"{charges:>9,} charges", times, before)
