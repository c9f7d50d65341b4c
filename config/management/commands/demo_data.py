"""Fill an empty portal with demo data (never in production)."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import Contract
from audit.services import record_command
from config.demo.months import close_past_months, send_past_invoices
from config.demo.people import DEMO, make_cast
from config.demo.trips import make_connections, make_trips


class Command(BaseCommand):
    help = "Seven offices, 30 departments, 40 people (--people 3200 for the full size), three months of trips."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--people", type=int, default=40)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("demo data are refused in production")
        if Contract.objects.exists():
            self.stdout.write("there are data already; `make demo-reset` begins anew")
            return
        # Hashes of the demo's passwords are cheap; the first sign-in makes a full one.
        settings.PASSWORD_ROUNDS = 1000
        with transaction.atomic():
            record_command(DEMO, command="demo_data", arguments=str(options["people"]))
            cast = make_cast(options["people"])
            trips = make_trips(cast, make_connections())
            invoices = close_past_months(cast)
        sent = send_past_invoices(cast)
        self.stdout.write(f"{len(cast.everybody)} people, {trips} trips, {invoices} invoices, {sent} of them sent")
