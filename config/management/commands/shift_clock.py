"""Move business time forwards, for web, workers, beat and sandbox together (development and tests)."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services import service_actor
from audit.services import record_command
from lib import clock, jst


class Command(BaseCommand):
    help = "Moves business time forwards: --days N, --hours N, or --to 2026-12-01T09:00 (JST)."

    def add_arguments(self, parser: CommandParser) -> None:
        way = parser.add_mutually_exclusive_group(required=True)
        way.add_argument("--days", type=int)
        way.add_argument("--hours", type=int)
        way.add_argument("--to", type=dt.datetime.fromisoformat)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["to"]:
            target = options["to"].replace(tzinfo=clock.JST)
            seconds = round((target - clock.now()).total_seconds())
        else:
            seconds = (options["days"] or 0) * 86400 + (options["hours"] or 0) * 3600
        try:
            clock.shift_by(seconds)
        except ValueError as error:
            raise CommandError(str(error)) from error
        record_command(service_actor("command"), command="shift_clock", arguments=str(seconds))
        self.stdout.write(f"business time is now {jst.long_day(clock.today())} {jst.clock_time(clock.now())} (JST)")
