"""A month with something in every append-only table."""

import datetime as dt

import pytest

from billing.models import Period
from billing.services import open_periods
from lib import clock
from tests import factories


@pytest.fixture
def a_closed_month():
    """One charge of last month on one invoice."""
    factories.contract()
    room = factories.department(factories.office())
    traveller = factories.person(of=room)
    last = clock.today().replace(day=1) - dt.timedelta(days=1)
    factories.charge(traveller, on=last)
    open_periods(factories.SETUP, until=clock.today())
    period = Period.objects.get(last_day=last)
    return factories.close(period)
