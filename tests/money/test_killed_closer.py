"""The closing worker is killed (SIGKILL) wherever it may be: the sweeper finishes, one invoice, no gap, the same yen."""

import signal

import pytest

from billing.models import Invoice, InvoiceDocument, InvoiceLine, NumberSeries, Period, PeriodState
from billing.queries import draft_lines, preview, transfer_lines
from billing.services import prepare_closing, request_closing
from billing.tasks import sweep_closings, sweep_documents
from booking.models import Charge, LedgerLock
from lib import clock
from tests.billing.world import go_to
from tests.money.auditor import Auditor
from tests.money.books import Books, on
from tests.money.dying_closer import PLACES
from tests.running import Portal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker]
COMMITTED = {"before the PDF is kept"}


@pytest.fixture
def moved(transactional_db) -> Books:
    """December can be closed, with two fares of its own and one of November that has moved here meanwhile."""
    go_to(on(11, 2))
    books = Books(until=on(12, 31))
    books.fare(books.taro, 22000, on(11, 20))
    books.fare(books.hanako, 10001, on(12, 3), on(12, 4))
    go_to(on(12, 2))
    books.close_month(on(11, 30))
    books.move(books.taro, books.at_kyushu, on(11, 16))
    go_to(on(1, 5, 2027))
    return books


def run_out(rows) -> None:
    """Let the leases of dead workers run out."""
    rows.filter(claimed_until__isnull=False).update(claimed_until=clock.wall())


@pytest.mark.parametrize("place", PLACES)
def test_a_closer_that_was_killed_is_followed_by_one_that_finishes(place: str, moved: Books, tmp_path):
    period = moved.period(moved.kyushu, on(12, 31))
    prepare_closing(moved.desk, period)
    request_closing(moved.second, period)
    draft = preview(period)
    drafted = sorted((line.amount, line.content) for line in [*draft_lines(period), *transfer_lines(period)])

    portal = Portal(tmp_path, sandbox_url="", clock_file=tmp_path / "clock")
    closer = portal.start("closer", "tests.money.dying_closer", place, str(period.pk))
    assert closer.popen.wait(timeout=60) == -signal.SIGKILL, closer.tail()

    period = Period.objects.get(pk=period.pk)
    if place in COMMITTED:
        assert period.state == PeriodState.CLOSED
    else:
        # Nothing of it is there: no line, no half of a transfer, no number; the row still says that it is wanted.
        assert period.state == PeriodState.CLOSING
        assert Invoice.objects.count() == NumberSeries.objects.get().last == 1
        assert (InvoiceLine.objects.count(), Charge.objects.count()) == (1, 3)
        sweep_closings()
        assert Period.objects.get(pk=period.pk).state == PeriodState.CLOSING, "the dead worker's lease still holds"
    run_out(Period.objects.filter(state=PeriodState.CLOSING))
    sweep_closings()
    run_out(InvoiceDocument.objects.all())
    sweep_documents()

    invoice = Invoice.objects.get(period=period)
    assert Period.objects.get(pk=period.pk).state == PeriodState.CLOSED
    assert (invoice.number, invoice.total, invoice.face) == ("2026-0002", draft.taxes.total, draft.face)
    assert sorted(invoice.lines.values_list("amount", "content")) == drafted
    # 22,000 of the move; 10,001 over two rides = 5,001 + 5,000.
    assert sorted(amount for amount, _ in drafted) == [5000, 5001, 22000]
    assert bytes(invoice.documents.get().pdf).startswith(b"%PDF")
    assert LedgerLock.objects.get(office=moved.kyushu).last_day == on(12, 31)
    assert moved.close(moved.head, on(12, 31)).number == "2026-0003"
    auditor = Auditor(moved.desk, moved.second)
    auditor.check()
    auditor.check_settled(through=on(12, 31))
