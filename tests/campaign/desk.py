"""The desk: two operators who take usage files in and close months while all the rest goes on."""

import datetime as dt
from contextlib import suppress

import httpx

from accounts.errors import AlreadyAsked, Changed, SamePerson
from accounts.models import Department, Role, User
from accounts.queries import open_confirmation
from accounts.services import register_contract, set_member_number
from billing.models import Period, PeriodState
from billing.services import open_periods, prepare_closing, request_closing
from booking.models import Connection, Feed
from booking.services.feeds import upload_feed
from booking.services.reference import load_reference_table
from lib import clock
from lib.errors import PortalError
from tests import factories
from tests.campaign.stage import QUIET_SECONDS
from tests.campaign.world import Person
from tests.world import Sandbox, connect

FIRST = dt.date(2027, 2, 1)
CORPORATION = ("9000000001", "sandbox-ex")
TABLES = ("places", "stations", "trains", "rail_fares", "rail_seasons", "stay_taxes", "airport_charges")


def furnish(sandbox: Sandbox, people: int) -> list[Person]:
    """Reference data, contract, two offices, the people with their numbers, connections that lead to the sandbox."""
    for table in TABLES:
        load_reference_table(factories.SETUP, table)
    register_contract(
        factories.SETUP, title="国内出張チケット手配等業務", client_name="独立行政法人みらい都市機構", first=FIRST,
        last=factories.END, closing_day=31, issuer=factories.ISSUER, estimates={},
    )  # fmt: skip
    departments = [factories.department(factories.office(name=name)) for name in ("本社", "九州支社")]
    connect(sandbox.url)
    Connection.objects.update(quiet_seconds=QUIET_SECONDS)
    open_periods(factories.SETUP, until=clock.today())
    return [_person(n, departments[n % 2]) for n in range(people)]


def _person(n: int, department: Department) -> Person:
    user = factories.person(of=department, name=f"出張 花子{n}", first=FIRST)
    member = f"90{n + 1:08d}"
    numbers = {"jal_online": f"{300000001 + n}", "ex": member, "ex_card": f"000000{member}"}
    for supplier, number in numbers.items():
        set_member_number(factories.SETUP, user, supplier=supplier, number=number, first=factories.START)
    return Person(user, member)


def operators() -> list[User]:
    """Two people of the agency."""
    department = factories.department()
    return [factories.person(Role.OPERATOR, of=department, name=f"担当 次郎{n}", first=FIRST) for n in range(2)]


def fetch_feed(sandbox: Sandbox, operator: User) -> Feed | None:
    """The usage file of this month and the two before, handed in; None when there is nothing new in it."""
    today = clock.today()
    first = max(FIRST, (today.replace(day=1) - dt.timedelta(days=40)).replace(day=1))
    address = f"{sandbox.url}/ex/corporate/usage.csv?from={first}&to={today}"
    answer = httpx.get(address, auth=CORPORATION, timeout=15)
    if answer.status_code != 200:
        return None
    with suppress(PortalError):
        ex = Connection.objects.get(code="ex")
        return upload_feed(factories.acting(operator), ex, file_name=f"usage-{today}.csv", content=answer.content)
    return None


def close_months(pair: list[User]) -> int:
    """Prepare and agree to every period that is over and open, the earliest first; how many were agreed to."""
    agreed = 0
    open_periods(factories.SETUP, until=clock.today())
    over = Period.objects.filter(state=PeriodState.OPEN, last_day__lt=clock.today()).order_by("last_day")
    for period in over.select_related("office"):
        first, second = (factories.acting(user) for user in pair)
        with suppress(PortalError, AlreadyAsked, Changed, SamePerson):
            with suppress(AlreadyAsked):
                prepare_closing(first, period)
            prepared = open_confirmation("billing.close", period.public_id)
            own = prepared is not None and prepared.asked_by.public_id == second.id
            request_closing(first if own else second, period)
            agreed += 1
    return agreed
