"""The first person of a new portal: an operator, who can then be signed in. Later ones are made on screens to come."""

import base64
import os
import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import Role, RoleGrant
from accounts.services import enrol_totp, grant_role, issue_recovery_codes, issue_user, service_actor
from audit.services import record_command
from lib import clock

ACTOR = service_actor("command")


class Command(BaseCommand):
    help = "Makes the first operator and prints password, authenticator secret and recovery codes, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--login-id", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--kana", required=True, help="full-width katakana")
        parser.add_argument("--email", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        if RoleGrant.objects.filter(role=Role.OPERATOR).exists():
            raise CommandError("there is an operator already; this command makes only the first one")
        password, key = secrets.token_urlsafe(18), os.urandom(20)
        with transaction.atomic():
            record_command(ACTOR, command="first_operator", arguments=options["login_id"])
            person = issue_user(
                ACTOR,
                login_id=options["login_id"],
                name=options["name"],
                kana=options["kana"],
                email=options["email"],
                password=password,
            )
            grant_role(ACTOR, person, role=Role.OPERATOR, first=clock.today(), reason="first operator")
            enrol_totp(ACTOR, person, key=key, name="認証アプリ")
            codes = issue_recovery_codes(ACTOR, person)
        self.stdout.write(f"login ID              {person.login_id}")
        self.stdout.write(f"password              {password}   (change it at the first sign-in)")
        self.stdout.write(f"authenticator secret  {base64.b32encode(key).decode()}")
        self.stdout.write("recovery codes        " + "\n                      ".join(codes))
