"""One stage for all tests of a module: each test, and each browser in it, takes back what it brought about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.permissions.stage import Stage, staging


@pytest.fixture(scope="module")
def built_stage(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[tuple[Stage, str]]:
    """The stage, and the business clock that it was built under."""
    clock_file = str(tmp_path_factory.mktemp("stage") / "clock")
    with django_db_blocker.unblock(), staging(clock_file) as built:
        yield built, clock_file


@pytest.fixture
def stage(built_stage: tuple[Stage, str], db: None, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The stage, on its own business clock."""
    built, clock_file = built_stage
    monkeypatch.setenv("CLOCK_FILE", clock_file)
    return built
