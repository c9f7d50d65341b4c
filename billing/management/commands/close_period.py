"""Close the month of an office at the command line; the same verb as on the screen."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Office, User, login_key
from accounts.services import actor_for, service_actor
from billing.forms import read_month
from billing.models import Invoice, Period, PeriodState
from billing.rules.days import month_end, period_name
from billing.services import close_period, open_periods, request_closing
from lib import clock, yen
from lib.errors import PortalError


class Command(BaseCommand):
    help = "Closes an office's periods that end in a month and were prepared: --office CODE --month 2026-11 [--by LOGIN_ID]."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--office", required=True, help="code of the office")
        parser.add_argument("--month", required=True, help="month in which the period ends, as 2026-11")
        parser.add_argument("--by", default="", help="login ID of the operator; the service `closer` without")

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
        office = Office.objects.filter(code=options["office"]).first()
        if office is None:
            codes = ", ".join(Office.objects.values_list("code", flat=True))
            raise CommandError(f"no office {options['office']}; there are {codes}")
        open_periods(service_actor("closer"), until=clock.today())
        found = Period.objects.filter(office=office, last_day__range=(month, month_end(month))).order_by("last_day")
        if not found:
            raise CommandError(f"{office.code} has no period that ends in {options['month']}")
        for period in found:
            try:
                if options["by"] and period.state == PeriodState.OPEN:
                    request_closing(actor, period)
                closed = close_period(actor, office=office, period=period)
            except PortalError as error:
                raise CommandError(error.message) from error
            invoice = Invoice.objects.filter(period=closed).first()
            result = f"{invoice.number} {yen.text(invoice.total)}" if invoice else "請求書なし"
            self.stdout.write(f"{office.code} {period_name(closed.last_day)}: {result}")
