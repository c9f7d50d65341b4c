"""What the launcher hands to the processes that it starts."""

from __future__ import annotations

import pytest

from launcher import run, setup, testing
from launcher.check import production_environment
from launcher.places import Failure

PORTS = {"web": 8000, "sandbox": 8300, "postgres": 54320, "valkey": 63790}


def test_addresses_of_real_servers_are_passed_on_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://portal_app@db.example/portal")
    monkeypatch.setenv("REDIS_URL", "redis://redis.example")
    env = run.Target(postgres=None, valkey=False, ports=PORTS).environment()
    assert env["DATABASE_URL"] == "postgres://portal_app@db.example/portal"
    assert env["REDIS_URL"] == "redis://redis.example"


def test_half_of_a_database_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgres://portal_app@db.example/portal")
    with pytest.raises(Failure, match="only one of DATABASE_URL and DATABASE_OWNER_URL is set"):
        run.choose_target()


def test_demo_reset_does_not_touch_a_real_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://portal_app@db.example/portal")
    with pytest.raises(Failure, match="real server"):
        run.forget_data()


def test_without_chromium_the_reason_is_told_to_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert setup.find_chromium() is None
    assert "apt-get install" in testing.test_environment({})["PORTAL_NO_BROWSER_REASON"]


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("true", True), ("", False), ("false", False)])
def test_ci_is_recognised(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("CI", value)
    assert setup.in_ci() is expected


def test_production_settings_are_checked_without_anything_of_development(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLOCK_FILE", "SANDBOX_URL", "DATABASE_OWNER_URL"):
        monkeypatch.setenv(name, "of development")
    env = production_environment()
    assert "of development" not in env.values()
    assert env["PORTAL_ENV"] == "production"
