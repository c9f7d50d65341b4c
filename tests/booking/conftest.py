"""A person with a train to buy, and an operator who takes usage files in."""

import pytest

from booking.models import Connection, FeedRow, Reservation
from booking.services import feeds
from booking.tasks import BOOKER
from tests import world
from tests.booking.usage_file import usage_file
from tests.factories import acting, contract, person
from tests.world import drafted, searched, submitted, token


@pytest.fixture
def traveller(sandbox):
    contract()
    world.connect(sandbox.url)
    return world.with_numbers(person())


@pytest.fixture
def ride(traveller) -> Reservation:
    """A train that the person was sent to EX for."""
    search = searched(traveller)
    trip = submitted(traveller, drafted(traveller, search, back=token(search, "back", "ex")))
    return trip.reservations.get()


@pytest.fixture
def desk(db):
    return acting(person("operator"))


@pytest.fixture
def take(desk):
    """Uploads rows (or a whole file) and reads them in; the rows as they then stand."""

    def taken(*rows, content: bytes = b"") -> list[FeedRow]:
        ex = Connection.objects.get(code="ex")
        feed = feeds.upload_feed(desk, ex, file_name="ex.csv", content=content or usage_file(*rows))
        feeds.import_feed(BOOKER, feed.pk)
        feed.refresh_from_db()
        assert feed.state == "done"
        return list(feed.rows.all())

    return taken
