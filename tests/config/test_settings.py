"""Nonsense is refused at the start: settings in a process of their own, as a server starts."""

import datetime as dt
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from audit.models import Event
from lib import clock

PRODUCTION = {
    "PORTAL_ENV": "production",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "PASSWORD_PEPPER": "0123456789abcdefghijklmnopqrstuvwxyz",
    "FIELD_KEYS": '{"2026": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}',
    "PORTAL_ORIGIN": "https://portal.client.example",
    "DATABASE_URL": "postgres://portal_app:x@db.internal:5432/portal?sslmode=verify-full",
    "REDIS_URL": "rediss://redis.internal:6379",
    "SMTP_URL": "smtp://mail.internal:587",
}
KEPT = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def start(code: str = "", **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Start Python with production settings and these changes; None takes one out."""
    environment = {**KEPT, **PRODUCTION, "DJANGO_SETTINGS_MODULE": "config.settings", **changes}
    given = {name: value for name, value in environment.items() if value is not None}
    command = [sys.executable, "-W", "ignore", "-c", f"import config.settings as s\n{code}"]
    return subprocess.run(
        command, env=given, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=60, check=False
    )


def test_production_starts_with_everything_that_it_needs():
    started = start(
        "print(s.DEBUG, s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.ALLOWED_HOSTS)"
    )
    assert started.stderr == ""
    assert started.stdout.strip() == "False True __Host-sid True ['portal.client.example']"


@pytest.mark.parametrize(
    "name",
    ["SECRET_KEY", "PASSWORD_PEPPER", "FIELD_KEYS", "PORTAL_ORIGIN", "DATABASE_URL", "REDIS_URL", "SMTP_URL"],
)
def test_production_does_not_start_without_a_secret_or_an_address(name):
    started = start(**{name: None})
    assert started.returncode != 0
    assert f"set {name} or {name}_FILE" in started.stderr


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORTAL_ENV", "prod", "PORTAL_ENV must be"),
        ("PORTAL_ORIGIN", "http://portal.client.example", "https://"),
        ("CLOCK_FILE", "/run/clock", "refused in production"),
        ("DATABASE_URL", "mysql://db/portal", "postgres://"),
        ("DATABASE_URL", "postgres://db.internal", "postgres://"),
        ("FIELD_KEYS", "not json", "FIELD_KEYS is not JSON"),
        ("FIELD_KEYS", "{}", "at least one"),
        ("SECRET_KEY_FILE", "/nowhere/secret", "SECRET_KEY_FILE"),
    ],
)
def test_production_does_not_start_with_nonsense(name, value, words):
    started = start(**{name: value})
    assert started.returncode != 0
    assert words in started.stderr


def test_a_value_may_stand_in_a_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("from-a-file-" + "x" * 40 + "\n", encoding="utf-8")
    started = start("print(s.SECRET_KEY[:12], len(s.SECRET_KEY))", SECRET_KEY=None, SECRET_KEY_FILE=str(secret))
    assert started.stdout.strip() == "from-a-file- 52"


DEPLOY = "import django; django.setup()\nfrom django.core.management import call_command\ncall_command('check', deploy=True, fail_level='WARNING')"


def test_the_deployment_checks_pass_on_full_production_settings():
    started = start(DEPLOY)
    assert started.returncode == 0, started.stderr


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("SECRET_KEY", "short", "portal.E001"),
        ("PASSWORD_PEPPER", "development-only-pepper-that-is-long-enough", "portal.E001"),
        ("FIELD_KEYS", '{"dev1": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}', "portal.E002"),
        ("DATABASE_URL", "postgres://portal_app:x@db.internal/portal", "portal.E003"),
        ("DATABASE_URL", "postgres://portal_owner:x@db.internal/portal?sslmode=verify-full", "portal.E004"),
        ("REDIS_URL", "redis://redis.internal:6379", "portal.E005"),
    ],
)
def test_a_release_stops_at_weak_settings(name, value, code):
    started = start(DEPLOY, **{name: value})
    assert started.returncode != 0
    assert code in started.stderr


@pytest.mark.django_db
def test_business_time_moves_forwards_for_everybody_and_it_is_an_event(capsys):
    before = clock.now()
    call_command("shift_clock", days=3)
    assert dt.timedelta(days=3) <= clock.now() - before < dt.timedelta(days=3, minutes=1)
    assert "business time is now" in capsys.readouterr().out
    assert Event.objects.filter(code="audit.command.run").latest("seq").at >= before


@pytest.mark.django_db
def test_business_time_never_moves_backwards():
    call_command("shift_clock", days=3)
    for backwards in ("--days=-1", "--hours=-1", "--to=2020-01-01T09:00"):
        with pytest.raises(CommandError, match="forwards only"):
            call_command("shift_clock", backwards)
    assert clock.shift_seconds() == 3 * 86400


@pytest.mark.django_db
def test_business_time_moves_to_a_moment_of_japan():
    call_command("shift_clock", "--to=2030-01-31T23:59")
    assert clock.today() == dt.date(2030, 1, 31)


@pytest.mark.django_db
def test_business_time_does_not_move_without_a_clock_file(monkeypatch):
    monkeypatch.delenv("CLOCK_FILE")
    with pytest.raises(CommandError, match="CLOCK_FILE"):
        call_command("shift_clock", days=1)
