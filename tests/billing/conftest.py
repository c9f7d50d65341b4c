import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from tests.billing.world import World, go_to, make_world
from tests.signin import sign_in as signed_in


@pytest.fixture
def world(db) -> World:
    """December 2nd, 2026: November is over and open."""
    go_to(dt.date(2026, 12, 2))
    return make_world(until=dt.date(2026, 12, 2))


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """A fresh browser in which the person is signed in with both factors."""
    return lambda person: signed_in(Client(), person)


@pytest.fixture
def desk(world: World, sign_in: Callable[[User], Client]) -> Client:
    """The operator's browser."""
    return sign_in(world.operator)
