"""Settings from the environment, each as NAME or as NAME_FILE (a file that holds the value); nonsense refused at start."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The value of NAME, or the content of the file NAME_FILE. Raises ImproperlyConfigured when both are missing."""
    file = os.environ.get(f"{name}_FILE", "")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: {error}") from error
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"set {name} or {name}_FILE")
    return value


def mapping(name: str, default: str | None = None) -> dict[str, str]:
    """A JSON object of strings."""
    try:
        value = json.loads(text(name, default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not JSON: {error}") from error
    if not isinstance(value, dict) or not value:
        raise ImproperlyConfigured(f"{name} must be a JSON object with at least one entry")
    return {str(key): str(inner) for key, inner in value.items()}


def database(url: str) -> dict[str, Any]:
    """Django's settings of a postgres:// address; query parameters become libpq options (sslmode, sslrootcert ...)."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.hostname or len(parts.path) < 2:
        raise ImproperlyConfigured("DATABASE_URL must look like postgres://user:password@host:port/name")
    options = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname,
        "PORT": str(parts.port or 5432),
        "OPTIONS": options,
    }
