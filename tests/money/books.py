"""What the worked examples start from: two offices with a traveller each, and the desk that records and closes.

Everything is written by the services, on the business day that a test has gone to.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction

from accounts.models import ContractTerms, Department, MemberNumber, Office, Role, User
from accounts.services import grant_role, issue_user, register_contract, set_member_number, set_membership
from billing.models import Invoice, InvoiceLine, Period
from billing.queries import period_row, shown_line
from billing.services import close_period, open_periods, prepare_closing, request_closing
from booking.models import (
    BillingDayRule,
    Charge,
    ChargeSource,
    Feed,
    FeedRow,
    Part,
    Reservation,
    ReservationState,
    Settlement,
    SupplierNature,
    Trip,
    Way,
)
from booking.services import feeds, handoff
from booking.services.cancelling import enter_cancellation, record_own_cancellation
from booking.services.fees import charge_change_fee
from booking.services.recording import Purchase, record_reservation
from booking.services.reference import load_reference_table
from booking.services.travelled import settle_stay, stays_to_settle
from booking.suppliers.types import Night, Ride
from booking.tasks import BOOKER
from lib import clock, jst
from lib.dated import between
from tests import factories
from tests.booking.usage_file import purchase, usage_file

WAYS = {"ex": Way.HANDOFF, "jal_online": Way.API, "yado_net": Way.API}
SUPPLIERS = {"ex": ("のぞみ21号", "東京", "新大阪"), "jal_online": ("JAL 313", "羽田", "福岡")}


def on(month: int, day: int, year: int = 2026) -> dt.date:
    return dt.date(year, month, day)


# The contract begins late enough that a test need not make years of periods.
BEGIN = dt.date(2026, 2, 1)
AHEAD = dt.date(2027, 2, 28)


class Books:
    """本社 with 太郎 and 九州支社 with 花子; `until` is the day up to which periods are made."""

    def __init__(self, *, closing_day: int = 31, until: dt.date = AHEAD) -> None:
        register_contract(
            factories.SETUP, title="国内出張チケット手配等業務", client_name="独立行政法人みらい都市機構", first=BEGIN,
            last=on(6, 30, 2027), closing_day=closing_day, issuer=factories.ISSUER, estimates={},
        )  # fmt: skip
        for table in ("tax_rules", "natures", "billing_days"):
            load_reference_table(factories.SETUP, table)
        self.head = factories.office("HONSHA", name="本社")
        self.kyushu = factories.office("KYUSHU", name="九州支社")
        self.at_head = factories.department(self.head, name="総務部")
        self.at_kyushu = factories.department(self.kyushu, name="総務企画部")
        self.taro = factories.person(of=self.at_head, name="試験 太郎")
        self.hanako = factories.person(of=self.at_kyushu, name="試験 花子")
        operators = [factories.person(Role.OPERATOR, of=self.at_head, name=name) for name in ("髙橋 玲", "𠮷田 努")]
        open_periods(factories.SETUP, until=until)
        self.desk, self.second = (factories.acting(operator) for operator in operators)
        self.connections = {supplier: factories.connection(supplier, way) for supplier, way in WAYS.items()}
        self._numbers = itertools.count(2001)

    # People

    def move(self, person: User, to: Department, first: dt.date) -> None:
        """Key in today that a person belongs to a department from `first` on."""
        set_membership(factories.SETUP, person, department=to, first=first, source="異動")

    def colleague_of(self, person: User) -> User:
        """Somebody else of the same department."""
        return factories.person(of=person.memberships.get().department, name="試験 次郎")

    def newcomer(self) -> User:
        """Somebody whose department nobody has keyed in."""
        user = issue_user(
            factories.SETUP, login_id=f"new{self.number()}", name="新人 三郎", kana="シンジン サブロウ",
            email="new@client.example", password=factories.PASSWORD,
        )  # fmt: skip
        grant_role(factories.SETUP, user, role=Role.EMPLOYEE, first=factories.START, reason="試験")
        return user

    def third_office(self, *, until: dt.date = AHEAD) -> Department:
        """中部支社, with a department and its periods."""
        department = factories.department(factories.office("CHUBU", name="中部支社"), name="中部管理課")
        open_periods(factories.SETUP, until=until)
        return department

    # Rules

    def terms(self, first: dt.date, **changed: Any) -> None:
        """Other settings of the contract from the day on."""
        row = ContractTerms.objects.on(first).get()
        old, row.valid = row.valid, between(row.first_day, first - dt.timedelta(days=1))
        row.save()
        row.pk, row.valid = None, between(first, old.upper)
        for name, value in changed.items():
            setattr(row, name, value)
        row.save()

    def bill_by(self, subject: str, basis: str, first: dt.date) -> None:
        """Another rule of the contract for the billing day, for days of use from `first` on."""
        row = BillingDayRule.objects.on(first).get(subject=subject)
        row.valid = between(row.first_day, first - dt.timedelta(days=1))
        row.save()
        BillingDayRule.objects.create(subject=subject, basis=basis, reason="契約の変更", valid=between(first))

    def natures(self, supplier: str, **changed: Any) -> None:
        """Other facts of how a supplier's sales are billed."""
        SupplierNature.objects.filter(supplier=supplier).update(**changed)

    # Bookings

    def trip(self, who: User, first: dt.date, last: dt.date | None = None) -> Trip:
        return factories.trip(who, day=first, last_day=last or first, authorised_total=9_000_000)

    def fare(
        self,
        who: User,
        price: int,
        *days: dt.date,
        by: str = "ex",
        settlement: str = Settlement.LUMP,
        trip: Trip | None = None,
    ) -> Reservation:
        """One fare over as many rides as there are days, bought today by an operator."""
        service, start, end = SUPPLIERS[by]
        rides = [
            Ride(service, start, end, jst.at(day, 8 + 3 * n), jst.at(day, 10 + 3 * n)) for n, day in enumerate(days)
        ]
        return self._record(who, price, days, by=by, part=Part.OUT, rides=rides, settlement=settlement, trip=trip)

    def stay(self, who: User, *nights: Night) -> Reservation:
        """A hotel booked today by an operator; money is due at check-out."""
        price = sum(night.room + night.stay_tax + night.bathing_tax for night in nights)
        return self._record(who, price, [night.day for night in nights], by="yado_net", part=Part.STAY, nights=nights)

    def number(self) -> str:
        """A number that nobody else has."""
        return str(next(self._numbers))

    def _record(
        self, who: User, price: int, days: Sequence[dt.date], *, by: str, trip: Trip | None = None, **facts: Any
    ) -> Reservation:
        title = "博多グリーンホテル" if facts.get("nights") else SUPPLIERS[by][0]
        purchase = Purchase(connection=self.connections[by], number=self.number(), price=price, title=title, **facts)
        return record_reservation(self.desk, trip or self.trip(who, min(days), max(days)), purchase)

    def check_out(self) -> None:
        """What the sweeper does on the day of a check-out."""
        for reservation in stays_to_settle():
            settle_stay(factories.SETUP, reservation)

    def cancel(self, reservation: Reservation, *, fee: int) -> None:
        """Cancelled today; the supplier keeps a fee."""
        reservation.refresh_from_db()
        record_own_cancellation(self.desk, reservation, fee=fee, source=ChargeSource.OPERATOR)

    def refunded(self, reservation: Reservation, *, refund: int, fee: int = 0) -> None:
        """Cancelled today; the supplier has stated what it pays back."""
        reservation.refresh_from_db()
        self.write(
            enter_cancellation, reservation, fee=fee, refund=refund, source=ChargeSource.SUPPLIER,
            refunded_on=clock.today(),
        )  # fmt: skip

    def change(self, old: Reservation, *days: dt.date, price: int, fee: int) -> Reservation:
        """Changed today: the old ride is taken back, the new one charged, and the fee with it."""
        with transaction.atomic():
            self.cancel(old, fee=0)
            new = self.fare(old.trip.traveller, price, *days, by=old.supplier)
            if fee:
                charge_change_fee(self.desk, new, fee=fee, source=ChargeSource.SUPPLIER)
        return new

    def write(self, function: Callable[..., Any], *args: Any, **facts: Any) -> Any:
        """Call what only a verb may call, in a transaction of its own."""
        with transaction.atomic():
            return function(self.desk, *args, **facts)

    # Usage files

    def handed_off(self, who: User, day: dt.date, *, price: int, settlement: str = Settlement.LUMP) -> Reservation:
        """A train for which the traveller was sent to EX; nothing is known of it yet."""
        if not who.member_numbers.exists():
            card = f"{9010000001 + MemberNumber.objects.count():016d}"
            set_member_number(factories.SETUP, who, supplier="ex_card", number=card, first=factories.START)
        ride = factories.reservation(
            self.trip(who, day), self.connections["ex"], state=ReservationState.HANDED_OFF, number="", price=price,
            booked_at=None, ticketed_at=None, operated_on=None, title="のぞみ21号", is_estimate=True,
            settlement=settlement,
        )  # fmt: skip
        factories.segment(ride, from_name="東京", to_name="新大阪")
        return ride

    def enter_number(self, ride: Reservation, *, number: str = "2001", price: int | None) -> None:
        """The traveller comes back with the number, and with the sum if it is at hand."""
        handoff.enter_number(factories.acting(ride.trip.traveller), ride, number=number, price=price)

    def row(self, ride: Reservation, **facts: Any) -> dict[str, str]:
        """A row of the usage file about the ride, as bought with its traveller's card."""
        card = ride.trip.traveller.member_numbers.get(supplier="ex_card").number
        return purchase(ride, 個人会員番号=card, **facts)

    def take(self, *rows: dict[str, str]) -> list[FeedRow]:
        """A usage file of EX comes in today; its rows as they then stand."""
        content = usage_file(*rows)
        feed = feeds.upload_feed(self.desk, self.connections["ex"], file_name="ex.csv", content=content)
        feeds.import_feed(BOOKER, feed.pk)
        assert Feed.objects.get(pk=feed.pk).state == "done"
        return list(feed.rows.all())

    # Closing

    def period(self, office: Office, last_day: dt.date) -> Period:
        return Period.objects.get(office=office, last_day=last_day)

    def obstacles(self, office: Office, last_day: dt.date) -> list[str]:
        """Words of what stands in the way, files of usage apart."""
        found = period_row(self.period(office, last_day)).obstacles
        return [obstacle.word for obstacle in found if not obstacle.word.startswith("利用実績が未取込")]

    def close(self, office: Office, last_day: dt.date) -> Invoice | None:
        """Close a period by its two people; its invoice, if there is one."""
        period = self.period(office, last_day)
        prepare_closing(self.desk, period)
        request_closing(self.second, period)
        close_period(factories.SETUP, office=office, period=period)
        return Invoice.objects.filter(period=period).first()

    def close_month(self, last_day: dt.date) -> dict[str, Invoice | None]:
        """Close a period of every office; the invoices by the offices' names."""
        offices = [period.office for period in Period.objects.filter(last_day=last_day).select_related("office")]
        return {office.details_on(last_day).name: self.close(office, last_day) for office in offices}


def lines(invoice: Invoice | None, *names: str) -> list[Any]:
    """These fields of an invoice's lines, in its order; `marks` are those that are printed. One field comes bare."""
    assert invoice is not None
    rows = [tuple(_field(line, name) for name in names) for line in invoice.lines.order_by("position")]
    return [row[0] for row in rows] if len(names) == 1 else rows


def _field(line: InvoiceLine, name: str) -> Any:
    return " ".join(shown_line(line).marks) if name == "marks" else getattr(line, name)


def taxes(invoice: Invoice | None) -> dict[str, tuple[int, int | None]]:
    """Sum and tax per row of the breakdown on an invoice's face."""
    assert invoice is not None
    return {row["group"]: (row["amount"], row["tax"]) for row in invoice.face["taxes"]}


def billed(office: Office) -> int:
    """What an office was billed on all its invoices together."""
    return sum(Invoice.objects.filter(office=office).values_list("total", flat=True))


def ledger(reservation: Reservation) -> list[tuple[str, int]]:
    """Kind and yen of everything that the ledger knows of a reservation."""
    return list(Charge.objects.filter(reservation=reservation).order_by("pk").values_list("kind", "amount"))
