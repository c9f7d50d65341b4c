"""What an invoice takes. Preview and closing use the same functions, so that they agree to the yen."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from accounts.models import Membership, Office
from billing.models import InvoiceLine, Period
from booking.models import Charge, Nature, Settlement


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One charge as it stands, or will stand, on an invoice: the facts of an InvoiceLine. `amount` in yen, tax included."""

    charge_id: int
    amount: int
    tax_class: str
    nature: str
    used_on: dt.date
    billing_on: dt.date
    department_code: str
    department_name: str
    person_name: str
    person_login: str
    route: str
    supplier_name: str
    number: str
    content: str
    trip_number: str

    def facts(self) -> dict[str, Any]:
        """The facts as fields of an InvoiceLine."""
        return asdict(self)


def open_charges() -> QuerySet[Charge]:
    """Charges that an office has still to pay: on no invoice, and not settled by the traveller (本人立替)."""
    billed = InvoiceLine.objects.filter(charge=OuterRef("pk"))
    return Charge.objects.filter(~Exists(billed)).exclude(reservation__settlement=Settlement.SELF)


def with_membership(charges: QuerySet[Charge]) -> QuerySet[Any]:
    """Only charges whose person belonged somewhere on the day of use; `office`, `department_*` say where.

    One join: memberships of a person never overlap, so no charge comes twice.
    """
    department = "person__memberships__department"
    return charges.filter(person__memberships__valid__contains=F("used_on")).annotate(
        office=F(f"{department}__office"),
        department_code=F(f"{department}__code"),
        department_name=F(f"{department}__name"),
    )


def homeless_charges(last_day: dt.date) -> QuerySet[Charge]:
    """Open charges of people without a membership on the day of use: they wait, on no invoice."""
    membership = Membership.objects.filter(user=OuterRef("person"), valid__contains=OuterRef("used_on"))
    return open_charges().filter(~Exists(membership), billing_on__lte=last_day)


def charges_due(office: Office, last_day: dt.date) -> QuerySet[Any]:
    """Open charges of an office up to the day, whichever period they come from."""
    return with_membership(open_charges().filter(billing_on__lte=last_day)).filter(office=office.pk)


def unset_charges(office: Office, last_day: dt.date) -> QuerySet[Any]:
    """Those of an office whose nature (取扱い) nobody has set: they stop its closing."""
    return charges_due(office, last_day).filter(nature=Nature.UNSET)


def draft_lines(period: Period) -> Sequence[DraftLine]:
    """The lines of a period that is not closed, in the order of the invoice: department, person, day (one query)."""
    original = InvoiceLine.objects.filter(charge=OuterRef("reverses")).values("invoice__number")[:1]
    charges = (
        charges_due(period.office, period.last_day)
        .annotate(original_number=Subquery(original))
        .select_related("person", "reservation__connection", "reservation__trip", "segment", "night")
        .order_by("department_code", "person__kana", "person", "used_on", "pk")
    )
    return [_line(charge) for charge in charges]


def _line(charge: Any) -> DraftLine:
    """Freeze a charge annotated by `with_membership` and with `original_number`."""
    return DraftLine(
        charge_id=charge.pk,
        amount=charge.amount,
        tax_class=charge.tax_class,
        nature=charge.nature,
        used_on=charge.used_on,
        billing_on=charge.billing_on,
        department_code=charge.department_code,
        department_name=charge.department_name,
        person_name=charge.person.name,
        person_login=charge.person.login_id,
        route=route(charge),
        supplier_name=supplier_name(charge),
        number=charge.reservation.number if charge.reservation else "",
        content=content(charge, charge.original_number or ""),
        trip_number=charge.reservation.trip.number if charge.reservation else "",
    )


def route(charge: Charge) -> str:
    """From–to of a ride, the house of a night; of what has no booking its description."""
    if charge.segment:
        return f"{charge.segment.from_name} → {charge.segment.to_name}"
    return charge.reservation.title if charge.reservation else charge.description


def supplier_name(charge: Charge) -> str:
    """The name of the connection that sold it; empty for what the agency charges itself."""
    return charge.reservation.connection.name if charge.reservation else ""


def content(charge: Charge, original_number: str = "") -> str:
    """What was paid, and for a reversal the invoice that it goes back to: 払戻 JAL 313（元 2026-0052）."""
    words = [charge.get_kind_display(), charge.segment.service if charge.segment else ""]
    back = f"（元 {original_number}）" if original_number else ""
    return f"{' '.join(filter(None, words))}{back}"[:120]
