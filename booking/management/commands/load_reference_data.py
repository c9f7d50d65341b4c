"""Load places, timetable, rail tariff and defaults of tax and nature from the CSV files in `data/`."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.services import service_actor
from booking.services.reference import LOADERS, load_reference_table


class Command(BaseCommand):
    help = "Loads reference data from data/*.csv, one transaction per table; a second run changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        for table in LOADERS:
            self.stdout.write(str(load_reference_table(service_actor("command"), table)))
