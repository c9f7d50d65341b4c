"""A month with something in every append-only table."""

import datetime as dt

import pytest

from accounts.models import Role
from billing.models import Period
from billing.services import open_periods, send_invoice
from lib import clock
from tests import factories
from tests.billing.papers import correct, made


@pytest.fixture
def a_closed_month():
    """One charge of last month on one invoice, which was sent and corrected."""
    factories.contract()
    room = factories.department(factories.office())
    traveller = factories.person(of=room)
    last = clock.today().replace(day=1) - dt.timedelta(days=1)
    factories.charge(traveller, on=last)
    open_periods(factories.SETUP, until=clock.today())
    period = Period.objects.get(last_day=last)
    closed = factories.close(period)
    factories.person(Role.BILLING, of=room)
    send_invoice(factories.SETUP, made(closed.invoice))
    correct(closed.invoice, recipient_name="九州住宅支社")
    return closed
