"""Two database roles in tests too: the owner makes the test database, everything else runs as portal_app."""

import gc
import os
import time
from pathlib import Path

import psycopg
import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import TransactionTestCase
from django.test.utils import setup_databases, teardown_databases
from psycopg.errors import DeadlockDetected, LockNotAvailable

from accounts.services import service_actor
from booking.services.reference import load_reference_table
from config import env
from tests.campaign import without
from tests.world import Sandbox

GRANTS = (Path(settings.BASE_DIR) / "config" / "sql" / "grants.sql").read_text(encoding="utf-8")
OWNER = env.database(settings.DATABASE_OWNER_URL)
# Reference data are loaded once and never written by tests outside a transaction that is rolled back.
NOT_FLUSHED = {
    "django_content_type",
    "django_migrations",
    "booking_place",
    "booking_placeaccess",
    "booking_railstation",
    "booking_train",
    "booking_trainstop",
    "booking_railfarerule",
    "booking_railseasonday",
    "booking_staytaxrule",
    "booking_airportcharge",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In a parallel run, what starts processes or servers of its own runs one after the other."""
    for item in items:
        starts = any(item.get_closest_marker(name) for name in ("browser", "worker"))
        if starts or item.path.is_relative_to(settings.BASE_DIR / "tests" / "launcher"):
            item.add_marker(pytest.mark.xdist_group("processes"))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, django_db_modify_db_settings):
    connection = connections["default"]
    app = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD")}

    def use(role: dict[str, str]) -> None:
        connection.close()
        connection.settings_dict.update({name: role[name] for name in ("USER", "PASSWORD")})

    with django_db_blocker.unblock():
        use(OWNER)
        config = setup_databases(verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            cursor.execute(GRANTS)
            cursor.execute(without.statement() or "SELECT 1")
        without.take_out()
        use(app)
        for table in ("places", "stations", "trains", "rail_fares", "rail_seasons", "stay_taxes", "airport_charges"):
            load_reference_table(service_actor("setup"), table)
    yield
    with django_db_blocker.unblock():
        _wait_until_alone()
        use(OWNER)
        teardown_databases(config, verbosity=0)


def _wait_until_alone(seconds: float = 20.0) -> None:
    """The sessions of killed processes end a moment after them; a database that is in use cannot be dropped.

    What this process itself still holds, for a thread that ended or an event loop, is closed.
    """
    until = time.monotonic() + seconds
    with connections["default"].cursor() as cursor:
        for each in gc.get_objects():
            if type(each) is psycopg.Connection and each is not connections["default"].connection:
                each.close()
        while time.monotonic() < until:
            cursor.execute(
                "SELECT pid, usename, backend_type, state, left(query, 200), backend_start, now() FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            others = cursor.fetchall()
            if not others:
                return
            time.sleep(0.2)
    raise AssertionError(f"still in the test database: {others}")


def owner_connection() -> psycopg.Connection:
    """A raw connection to the test database as the owner of its tables."""
    now = connections["default"].settings_dict
    return psycopg.connect(
        host=now["HOST"],
        port=now["PORT"],
        dbname=now["NAME"],
        user=OWNER["USER"],
        password=OWNER["PASSWORD"],
    )


def _flush_as_owner(self: TransactionTestCase) -> None:
    """The app may not truncate, and triggers refuse it even to the owner: the flush switches them off for itself."""
    connection = connections["default"]
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    names = ", ".join(connection.ops.quote_name(table) for table in tables if table not in NOT_FLUSHED)
    for _ in range(20):
        try:
            with owner_connection() as raw:
                raw.execute("SET session_replication_role = replica")
                raw.execute("SET lock_timeout = '5s'")
                raw.execute(f"TRUNCATE {names} RESTART IDENTITY")
        except (DeadlockDetected, LockNotAvailable):
            # A worker of the test still reads: the server breaks the tie, and the flush goes again.
            continue
        return
    raise AssertionError("the database could not be flushed: something holds its tables")


TransactionTestCase._fixture_teardown = _flush_as_owner  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def quiet_surroundings(tmp_path, monkeypatch):
    """Each test has its own business clock and an empty cache."""
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    cache.clear()
    return tmp_path


@pytest.fixture(scope="session", autouse=True)
def sync_playwright_may_use_the_orm():
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory):
    """One sandbox for the whole run; `sandbox` gives each test a fresh one."""
    place = tmp_path_factory.mktemp("sandbox")
    running = Sandbox(place, place / "clock")
    yield running
    running.stop()


@pytest.fixture
def sandbox(sandbox_process, monkeypatch, settings):
    """The supplier sandbox, emptied, on the same business clock as the test."""
    sandbox_process.control("DELETE", "faults")
    sandbox_process.control("POST", "reset", {"seed": 7})
    sandbox_process.clock_file.write_text("0")
    monkeypatch.setenv("CLOCK_FILE", str(sandbox_process.clock_file))
    settings.SANDBOX_URL = sandbox_process.url
    return sandbox_process


@pytest.fixture
def time_machine_at():
    """Travel in wall time too: for codes, sessions and offers, which no shift of business time touches."""

    def at(moment):
        return time_machine.travel(moment, tick=True)

    return at
