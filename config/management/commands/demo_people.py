"""Print how the demo people sign in."""

import base64
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Role, User
from config.demo.people import NAMED, password_of, totp_key_of


class Command(BaseCommand):
    help = "The demo people with passwords and second-factor secrets (never in production)."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("there are no demo people in production")
        names = dict(
            User.objects.get_queryset().filter(login_id__in=[row[0] for row in NAMED]).values_list("login_id", "name")
        )
        self.stdout.write("Demo people (login ID / password / authenticator secret, TOTP 6 digits 30 s):")
        for login_id, _, _, roles, office, *_ in NAMED:
            secret = base64.b32encode(totp_key_of(login_id)).decode()
            words = "・".join(Role(role).label for role in roles)
            name = names.get(login_id, "?")
            self.stdout.write(f"  {login_id}  {password_of(login_id)}  {secret}  {name}（{words}、{office}）")
        self.stdout.write("A code now: python manage.py demo_code LOGIN_ID")
