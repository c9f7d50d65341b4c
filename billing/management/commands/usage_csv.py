"""Usage data of a month as a file; the same rows as the download of the screen."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User, login_key
from accounts.services import actor_for, service_actor
from billing.forms import read_month
from billing.queries import Basis, UsageFilter
from billing.rules.days import month_end
from billing.services import CP932, UTF8, download_usage
from lib.errors import PortalError


class Command(BaseCommand):
    help = (
        "Writes usage data: --month 2026-11 --out FILE [--encoding utf-8|cp932] [--basis used_on|billing_on] [--by ID]."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", required=True, help="as 2026-11")
        parser.add_argument("--out", required=True, type=Path)
        parser.add_argument("--encoding", choices=[UTF8, CP932], default=UTF8)
        parser.add_argument("--basis", choices=[Basis.USED, Basis.BILLED], default=Basis.USED)
        parser.add_argument("--by", default="", help="login ID; only what this person may read")

    def handle(self, *args: Any, **options: Any) -> None:
        month = read_month(options["month"])
        if month is None:
            raise CommandError("--month must look like 2026-11")
        actor = service_actor("closer")
        if options["by"]:
            person = User.objects.get_queryset().filter(login_key=login_key(options["by"])).first()
            if person is None:
                raise CommandError(f"nobody has the login ID {options['by']}")
            actor = actor_for(person)
        wanted = UsageFilter(month, month_end(month), options["basis"])
        try:
            file = download_usage(actor, wanted, encoding=options["encoding"])
        except PortalError as error:
            raise CommandError(error.message) from error
        with options["out"].open("wb") as out:
            out.writelines(file.chunks)
        self.stdout.write(f"{file.rows} rows, {file.replaced} characters replaced")
