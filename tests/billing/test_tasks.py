"""The sweepers find what their hints did not bring."""

import datetime as dt

import pytest

from billing import tasks
from billing.models import Invoice, InvoiceDocument, Period, PeriodState
from tests import factories
from tests.billing.test_documents import needs_pango
from tests.billing.world import World, go_to

pytestmark = pytest.mark.django_db(transaction=True)


@needs_pango
def test_a_lost_hint_delays_the_closing_and_the_pdf_but_loses_neither(world: World):
    factories.charge(world.person, on=dt.date(2026, 11, 9))
    world.agree()

    tasks.sweep_closings()
    tasks.sweep_documents()

    assert world.period().state == PeriodState.CLOSED
    assert Invoice.objects.get().documents.get().made_at is not None


@needs_pango
def test_every_task_may_run_twice(world: World):
    factories.charge(world.person, on=dt.date(2026, 11, 9))
    world.agree()
    for _ in range(2):
        tasks.close(world.period().pk)
        tasks.make_document(InvoiceDocument.objects.get().pk)
    assert Invoice.objects.count() == 1


def test_the_sweeper_makes_the_periods_that_time_brings(world: World):
    go_to(dt.date(2027, 1, 1))
    tasks.sweep_closings()
    assert Period.objects.filter(office=world.office, last_day=dt.date(2027, 1, 31)).exists()
