"""Making closing periods: every day of the contract belongs to exactly one period of each office."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import Max

from accounts.models import Contract, ContractTerms, Office
from audit.services import record
from billing.models import Period
from billing.queries import has_something_open
from billing.rules.days import DAY, ClosingDay, periods
from lib.actor import Actor
from lib.verbs import verb


@verb
def open_periods(actor: Actor, *, until: dt.date) -> Sequence[Period]:
    """Make the missing periods of every office, from the contract's start to the one that holds `until`.

    The row of the contract's settings that is valid on a day decides whether that day closes. Nothing is made twice;
    before the contract is entered nothing is made at all. After the contract's end an office gets further periods only
    while something of it is open: money that is not invoiced, or a booking whose money is not known.
    """
    contract = Contract.objects.select_for_update().first()
    if contract is None:
        return []
    terms = ContractTerms.objects.filter(contract=contract).order_by("valid")
    rules = [ClosingDay(row.first_day or contract.first_day, row.closing_day) for row in terms]
    reached = dict(
        Period.objects.order_by().values("office").annotate(last=Max("last_day")).values_list("office", "last")
    )
    made = []
    for office in Office.objects.all():
        last = reached.get(office.pk)
        start = last + DAY if last else contract.first_day
        goes_on = until <= contract.last_day or has_something_open(office, until)
        for first_day, last_day in periods(start, until if goes_on else contract.last_day, rules, contract.last_day):
            period = Period.objects.create(office=office, first_day=first_day, last_day=last_day)
            record(
                actor, "billing.period.opened", objects=[period, office], data={"first": first_day, "last": last_day}
            )
            made.append(period)
    return made
