"""The demo's closed months: all but the last full one, which waits for an operator."""

import datetime as dt

from accounts.models import Office
from accounts.services import actor_for
from billing.models import Invoice, Period, PeriodState
from billing.services import close_period, open_periods, request_closing
from config.demo.people import DEMO, Cast
from lib import clock


def close_past_months(cast: Cast) -> int:
    """Close every period that ended before the last full month; how many invoices there are."""
    operator = actor_for(cast.named["90000001"])
    today = clock.today()
    open_periods(DEMO, until=today)
    before_last = today.replace(day=1) - dt.timedelta(days=1)
    due = Period.objects.filter(last_day__lt=before_last, state=PeriodState.OPEN).order_by(
        "last_day", "office__position"
    )
    for period in due.select_related("office"):
        office: Office = period.office
        request_closing(operator, period)
        close_period(operator, office=office, period=period)
    return Invoice.objects.count()
