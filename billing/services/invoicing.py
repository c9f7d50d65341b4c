"""Issuing: number, face, and the wish for a PDF, in the transaction that wrote the lines."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from audit.services import record
from billing.models import DocumentKind, Invoice, InvoiceDocument, InvoiceKind, InvoiceLine, NumberSeries, Period
from billing.queries import Draft, DraftLine, Tallies, tally_invoice
from lib import clock, jobs, jst
from lib.actor import Actor
from lib.verbs import inside

# How the numbers of a series look; what a reader sees first is the fiscal year.
SERIES = {InvoiceKind.REGULAR: "{year}-{last:04d}", InvoiceKind.ONE_OFF: "{year}-S{last:03d}"}


@inside
def write_lines(lines: QuerySet[Any]) -> tuple[int, int]:
    """Write the lines of an invoice to be, by one statement, from charges of `due_lines`; (invoice's key, how many).

    The lines stand before their invoice, so that its face is computed from nothing else: the foreign key is checked at
    commit. Memory does not grow with the lines.
    """
    names = ["position", *(name for name in DraftLine.__slots__ if name != "charge_id"), "charge_id"]
    chosen = lines.values_list(*(name if name == "position" else f"line_{name}" for name in names))
    query, parameters = chosen.query.sql_with_params()
    table = connection.ops.quote_name(InvoiceLine._meta.db_table)  # noqa: SLF001
    columns = ", ".join(map(connection.ops.quote_name, names))
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [Invoice._meta.db_table])  # noqa: SLF001
        key = cursor.fetchone()[0]
        # Names of columns come from the model, values stay parameters.
        cursor.execute(
            f"INSERT INTO {table} (invoice_id, {columns}) SELECT %s, chosen.* FROM ({query}) chosen",  # noqa: S608
            [key, *parameters],
        )
        return key, cursor.rowcount


@inside
def issue_invoice(
    actor: Actor,
    key: int,
    *,
    kind: str,
    period: Period | None,
    numbered_on: dt.date,
    draft: Callable[[Tallies], Draft],
) -> Invoice:
    """Insert the invoice of lines that stand already under its key; its number is of the fiscal year of `numbered_on`."""
    found = draft(tally_invoice(key))
    year = jst.fiscal_year(numbered_on)
    invoice = Invoice.objects.create(
        pk=key,
        kind=kind,
        period=period,
        office=found.office,
        number=_next_number(kind, year),
        fiscal_year=year,
        issued_on=found.issued_on,
        due_on=found.due_on,
        total=found.taxes.total,
        carried=found.carried,
        payable=found.taxes.total + found.carried,
        face=found.face,
        created_at=clock.now(),
    )
    document = InvoiceDocument.objects.create(
        invoice=invoice, kind=DocumentKind.ORIGINAL, issued_on=found.issued_on, next_try_at=clock.wall()
    )
    record(
        actor,
        "billing.invoice.issued",
        objects=[invoice, *([period] if period else []), found.office],
        data={"number": invoice.number, "total": invoice.total, "lines": found.taxes.count},
    )
    jobs.enqueue("billing.tasks.make_document", document.pk)
    return invoice


def _next_number(kind: str, year: int) -> str:
    """The next number of the series and fiscal year: the row is locked until the invoice is committed."""
    NumberSeries.objects.get_or_create(series=kind, fiscal_year=year)
    series = NumberSeries.objects.select_for_update().get(series=kind, fiscal_year=year)
    series.last += 1
    series.save(update_fields=["last"])
    return SERIES[InvoiceKind(kind)].format(year=year, last=series.last)
