"""Print the present six digits of a demo person's authenticator."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django_otp.oath import TOTP

from config.demo.people import totp_key_of
from lib import clock


class Command(BaseCommand):
    help = "The six digits of a demo person (never in production)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login_id")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("there are no demo people in production")
        totp = TOTP(totp_key_of(options["login_id"]))
        totp.time = clock.wall_seconds()
        self.stdout.write(f"{totp.token():06d}")
