"""Migrate as the owner of the tables, then apply the grants of the role that the portal runs as."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config import env

GRANTS = Path(__file__).resolve().parents[2] / "sql" / "grants.sql"


class Command(BaseCommand):
    help = "Migrates with DATABASE_OWNER_URL and applies config/sql/grants.sql."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DATABASE_OWNER_URL:
            raise CommandError("set DATABASE_OWNER_URL: the portal's own role owns no table and cannot migrate")
        connection.close()
        owner = env.database(settings.DATABASE_OWNER_URL)
        connection.settings_dict.update({name: owner[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")})
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        with connection.cursor() as cursor:
            cursor.execute(GRANTS.read_text(encoding="utf-8"))
        connection.close()
        self.stdout.write("migrated, grants applied")
