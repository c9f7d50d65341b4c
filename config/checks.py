"""Deployment checks of our own: what `check --deploy` of Django cannot know."""

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=True)
def secrets_are_long(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:  # noqa: ARG001
    """Short or development secrets stop a release."""
    found: list[checks.CheckMessage] = []
    for name in ("SECRET_KEY", "PASSWORD_PEPPER"):
        value = getattr(settings, name)
        if len(value) < 32 or "development" in value:
            found.append(checks.Error(f"{name} must be at least 32 random characters", id="portal.E001"))
    if "dev1" in settings.FIELD_KEYS:
        found.append(checks.Error("FIELD_KEYS holds the development key", id="portal.E002"))
    return found


@checks.register(checks.Tags.security, deploy=True)
def database_is_verified(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:  # noqa: ARG001
    """The way to the database is encrypted and its certificate checked; the portal is not the owner."""
    found: list[checks.CheckMessage] = []
    database = settings.DATABASES["default"]
    if database["OPTIONS"].get("sslmode") != "verify-full":
        found.append(checks.Error("DATABASE_URL needs ?sslmode=verify-full in production", id="portal.E003"))
    if database["USER"] != "portal_app":
        found.append(checks.Error("the portal runs as portal_app, not as the owner of the tables", id="portal.E004"))
    if not settings.REDIS_URL.startswith("rediss://"):
        found.append(checks.Error("REDIS_URL must be rediss:// in production", id="portal.E005"))
    return found
