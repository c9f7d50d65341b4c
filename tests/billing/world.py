"""What tests of billing start from: an office with a person and an operator, and months that pass."""

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

from accounts.models import Department, Office, Role, User
from billing.models import Period
from billing.services import open_periods, prepare_closing, request_closing
from lib import clock, jst
from lib.actor import Actor
from tests import factories

NOVEMBER = dt.date(2026, 11, 30)


@dataclass
class World:
    """One office with one department and one traveller; the desk's operator belongs to another office."""

    office: Office
    department: Department
    person: User
    operator: User

    @property
    def desk(self) -> Actor:
        return factories.acting(self.operator)

    def period(self, last_day: dt.date = NOVEMBER, office: Office | None = None) -> Period:
        return Period.objects.get(office=office or self.office, last_day=last_day)

    def prepare(self, last_day: dt.date = NOVEMBER, office: Office | None = None) -> None:
        """Another operator prepares the closing: the world's own one may agree to it."""
        colleague = factories.person(Role.OPERATOR, of=self.operator.memberships.get().department)
        prepare_closing(factories.acting(colleague), self.period(last_day, office))

    def agree(self, last_day: dt.date = NOVEMBER, office: Office | None = None) -> None:
        """Two operators agree that a period may be closed; the worker has not begun."""
        self.prepare(last_day, office)
        request_closing(self.desk, self.period(last_day, office))

    def close(self, last_day: dt.date = NOVEMBER, office: Office | None = None) -> Period:
        office = office or self.office
        return factories.close(self.period(last_day, office))


def make_world(*, until: dt.date = NOVEMBER, closing_day: int = 31) -> World:
    """The world with its periods up to the one that holds `until`."""
    factories.contract(closing_day=closing_day)
    office = factories.office(name="九州支社")
    department = factories.department(office, name="総務企画部")
    person = factories.person(of=department, name="宮﨑 𠮷彦")
    operator = factories.person(Role.OPERATOR, name="髙橋 玲")
    open_periods(factories.SETUP, until=until)
    return World(office, department, person, operator)


def go_to(day: dt.date, hour: int = 9) -> None:
    """Set this test's business clock to the day, whatever the real date is."""
    seconds = round((jst.at(day, hour) - clock.wall()).total_seconds())
    Path(os.environ["CLOCK_FILE"]).write_text(str(seconds), encoding="ascii")
