"""Usage data (利用状況): one row per charge, by travel date. The page shows the first rows of what the file holds."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Count, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import Office, OfficeDetails
from billing.models import InvoiceLine
from billing.permissions import READ_USAGE
from billing.queries.lines import content, route, supplier_name, with_payer
from booking.models import Charge, Settlement
from lib.actor import Actor, Scope
from lib.csvfiles import unfit

COLUMNS = (
    "利用日",
    "拠点",
    "所属",
    "利用者",
    "ログインID",
    "出張番号",
    "用務",
    "手配先",
    "予約番号",
    "区間・宿泊先",
    "内容",
    "金額",
    "税区分",
    "支払",
    "発券日",
    "請求書番号",
    "状態",
)

# Up to here the page tells how many characters Shift_JIS lacks; the file itself always counts.
COUNTED_ROWS = 2000


class Basis:
    """Which day of a charge the period means."""

    USED = "used_on"
    BILLED = "billing_on"
    CHOICES = ((USED, "利用日"), (BILLED, "請求の基準日"))


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """Days (both inclusive) of the basis, and one office or all that the actor may read."""

    first: dt.date
    last: dt.date
    basis: str = Basis.USED
    office: Office | None = None


def usage_offices(actor: Actor) -> QuerySet[Office]:
    """Offices whose usage the actor may read."""
    scope = actor.scope(READ_USAGE)
    if scope is Scope.ALL:
        return Office.objects.all()
    if scope is Scope.OFFICE:
        return Office.objects.filter(public_id__in=actor.offices)
    return Office.objects.none()


def usage_charges(actor: Actor, wanted: UsageFilter) -> QuerySet[Charge]:
    """Charges of the days, annotated with office, department and invoice: frozen ones once billed, else as of the day."""
    line = InvoiceLine.objects.filter(charge=OuterRef("pk"))
    details = OfficeDetails.objects.filter(office=OuterRef("paying"), valid__contains=OuterRef("used_on"))
    charges: QuerySet[Any] = (
        with_payer(Charge.objects.filter(**{f"{wanted.basis}__range": (wanted.first, wanted.last)}))
        .annotate(
            paying=Coalesce(Subquery(line.values("invoice__office")[:1]), F("payer"), output_field=BigIntegerField()),
            department=Coalesce(Subquery(line.values("department_name")[:1]), F("payer_name")),
            invoice_number=Subquery(line.values("invoice__number")[:1]),
            route_words=route(),
            supplier_words=supplier_name(),
            content_words=content(with_origin=False),
        )
        .annotate(office_name=Subquery(details.values("name")[:1]))
        .select_related("person", "reservation__trip")
        .order_by(wanted.basis, "pk")
    )
    if wanted.office:
        charges = charges.filter(paying=wanted.office.pk)
    if actor.scope(READ_USAGE) is Scope.ALL:
        return charges
    return charges.filter(paying__in=usage_offices(actor).values("pk"))


def usage_row(charge: Any) -> Sequence[str | int]:
    """The cells of a charge from `usage_charges`, in the order of COLUMNS; days as 2026-12-10, money in yen."""
    reservation = charge.reservation
    settlement = reservation.settlement if reservation else Settlement.LUMP
    return (
        charge.used_on.isoformat(),
        charge.office_name or "未設定",
        charge.department or "未設定",
        charge.person.name if charge.person else "",
        charge.person.login_id if charge.person else "",
        reservation.trip.number if reservation else "",
        reservation.trip.purpose if reservation else "",
        charge.supplier_words,
        reservation.number if reservation else charge.reference,
        charge.route_words,
        charge.content_words,
        charge.amount,
        charge.get_tax_class_display(),
        Settlement(settlement).label,
        charge.issued_on.isoformat() if charge.issued_on else "",
        charge.invoice_number or "",
        _state(charge, settlement),
    )


def _state(charge: Any, settlement: str) -> str:
    if settlement == Settlement.SELF:
        return "請求しない"
    return "請求済" if charge.invoice_number else "未請求"


def usage_count_and_sum(charges: QuerySet[Charge]) -> tuple[int, int]:
    """How many rows, and how many yen."""
    found = charges.aggregate(rows=Count("pk"), total=Coalesce(Sum("amount"), 0))
    return found["rows"], found["total"]


def usage_unfit(charges: Iterable[Charge]) -> int:
    """How many characters of the rows Shift_JIS cannot hold; each becomes 〓 in that file. Reads all rows."""
    return sum(unfit(cell) for charge in charges for cell in usage_row(charge) if isinstance(cell, str))


@dataclass(frozen=True, slots=True)
class UsagePreview:
    """The first rows of a file, how many it will have, their sum in yen, and what Shift_JIS cannot hold."""

    rows: Sequence[Sequence[str | int]]
    count: int
    total: int
    unfit: int | None


def usage_preview(actor: Actor, wanted: UsageFilter, size: int) -> UsagePreview:
    """The first `size` rows of the same query that the file is made from; `unfit` is None where counting would take long."""
    charges = usage_charges(actor, wanted)
    count, total = usage_count_and_sum(charges)
    unfit_count = usage_unfit(charges.iterator(chunk_size=size)) if count <= COUNTED_ROWS else None
    return UsagePreview([usage_row(charge) for charge in charges[:size]], count, total, unfit_count)
