import pytest

from tests.billing.world import go_to
from tests.money.books import Books, on


@pytest.fixture
def books(db) -> Books:
    """November 2nd, 2026, in the morning; closing day is month end."""
    go_to(on(11, 2))
    return Books()
