"""One sandbox process for all tests here; each test begins anew on Tuesday 2026-12-01, 09:00."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.running import Running


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.end()


@pytest.fixture
def box(process: Running) -> Running:
    process.now("2026-12-01T09:00")
    process.reset()
    return process
