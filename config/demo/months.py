"""The demo's closed months: all but the last full one, which waits for an operator; their invoices are sent."""

import datetime as dt

from accounts.models import Office
from accounts.services import actor_for
from billing.models import Invoice, InvoiceDocument, Period, PeriodState
from billing.services import (
    close_period,
    make_document,
    open_periods,
    prepare_closing,
    request_closing,
    send_invoice,
)
from config.demo.people import DEMO, Cast
from lib import clock


def close_past_months(cast: Cast) -> int:
    """Close every period that ended before the last full month; how many invoices there are."""
    first, second = actor_for(cast.named["90000001"]), actor_for(cast.named["90000002"])
    today = clock.today()
    open_periods(DEMO, until=today)
    before_last = today.replace(day=1) - dt.timedelta(days=1)
    due = Period.objects.filter(last_day__lt=before_last, state=PeriodState.OPEN).order_by(
        "last_day", "office__position"
    )
    for period in due.select_related("office"):
        office: Office = period.office
        prepare_closing(first, period)
        request_closing(second, period)
        close_period(second, office=office, period=period)
    return Invoice.objects.count()


def send_past_invoices(cast: Cast) -> int:
    """Make the papers and send them to the offices' billing contacts, outside of a transaction; how many were sent.

    Where no PDF can be made (Pango is missing) the invoices stay unsent, as they would for an operator.
    """
    operator = actor_for(cast.named["90000001"])
    for pk in InvoiceDocument.objects.order_by("pk").values_list("pk", flat=True):
        make_document(DEMO, pk)
    made = Invoice.objects.filter(documents__made_at__isnull=False).select_related("office", "period")
    sent = [send_invoice(operator, invoice) for invoice in made.order_by("pk")]
    return len(sent)
