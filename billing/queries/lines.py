"""What stands on a line, as expressions over charges: the same ones for the preview, the closing and usage data."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateField,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    SmallIntegerField,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import Cast, Coalesce, Concat, ExtractYear, Left, RowNumber

from billing.models import InvoiceLine, Period
from booking.models import ChargeKind, Nature, Relation, SupplierNature, TaxClass, TaxRule

TEXT = 120
TRANSFERS = [Relation.TRANSFER_OUT, Relation.TRANSFER_IN]
ORDER = ("line_part", "line_department_code", "person__kana", "person", "used_on", "pk")


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One charge as it will stand on an invoice: the facts of an InvoiceLine. `amount` in yen, tax included.

    `charge_id` is None for half of a transfer that closing will write.
    """

    charge_id: int | None
    part: int
    kind: str
    relation: str
    amount: int
    tax_class: str
    nature: str
    used_on: dt.date
    occurred_on: dt.date
    billing_on: dt.date
    rule: str
    late_for: dt.date | None
    department_code: str
    department_name: str
    budget_code: str
    project_code: str
    order_number: str
    person_name: str
    person_login: str
    route: str
    supplier: str
    supplier_name: str
    number: str
    fare_name: str
    content: str
    trip_number: str

    def facts(self) -> dict[str, Any]:
        """The facts as fields of an InvoiceLine."""
        return asdict(self)


def with_payer(charges: QuerySet[Any]) -> QuerySet[Any]:
    """Charges with the office that pays as `payer`, and the department: both NULL without a membership on the day of use.

    One join: memberships of a person never overlap, so no charge comes twice. What takes a line back from an office
    names it, and the department as it was billed.
    """
    billed = InvoiceLine.objects.filter(charge=OuterRef("origin"))
    is_out = When(relation=Relation.TRANSFER_OUT, then=Subquery(billed.values("department_code")[:1]))
    is_out_name = When(relation=Relation.TRANSFER_OUT, then=Subquery(billed.values("department_name")[:1]))
    found: QuerySet[Any] = charges.annotate(
        member=FilteredRelation("person__memberships", condition=Q(person__memberships__valid__contains=F("used_on"))),
        payer=Coalesce("office", "member__department__office", output_field=BigIntegerField()),
        payer_code=Case(is_out, default=F("member__department__code")),
        payer_name=Case(is_out_name, default=F("member__department__name")),
        nature_now=nature_now(),
        tax_class_now=tax_class_now(),
    )
    return found


def nature_now(way: str = "") -> Any:
    """The nature of a charge; of one that was 未設定 when it was written what the supplier's dated row says by now."""
    rule = SupplierNature.objects.filter(supplier=OuterRef(f"{way}supplier"), valid__contains=OuterRef(f"{way}used_on"))
    known = Coalesce(Subquery(rule.values("nature")[:1]), Value(Nature.UNSET.value))
    return Case(When(**{f"{way}nature": Nature.UNSET}, then=known), default=F(f"{way}nature"))


def tax_class_now(way: str = "") -> Any:
    """The tax class of a charge, likewise; of what goes back to another charge by that one's kind."""
    kind = Coalesce(OuterRef(f"{way}origin__kind"), OuterRef(f"{way}kind"))
    rule = TaxRule.objects.filter(kind=kind, valid__contains=OuterRef(f"{way}used_on"))
    known = Coalesce(Subquery(rule.values("tax_class")[:1]), Value(TaxClass.UNSET.value))
    return Case(When(**{f"{way}tax_class": TaxClass.UNSET}, then=known), default=F(f"{way}tax_class"))


def fiscal_year(day: str) -> Any:
    """The Japanese fiscal year (from April) of a date column."""
    is_before_april = Case(When(**{f"{day}__month__lt": 4}, then=1), default=0)
    return Cast(ExtractYear(day) - is_before_april, SmallIntegerField())


def line_columns(first_day: dt.date, *, way: str = "") -> Mapping[str, Any]:
    """Field of an InvoiceLine → expression over charges from `with_payer`; `first_day` is the period's.

    `way` leads to the charge from another model, as "charge__".
    """
    blank = Value("")
    plain = ("kind", "relation", "amount", "used_on", "occurred_on", "billing_on", "rule")
    return {
        "charge_id": F(f"{way}id"),
        "part": fiscal_year(f"{way}billing_on"),
        **{name: F(f"{way}{name}") for name in plain},
        "tax_class": F("tax_class_now"),
        "nature": F("nature_now"),
        "late_for": _late_for(first_day, way),
        "department_code": Coalesce("payer_code", blank),
        "department_name": Coalesce("payer_name", blank),
        "budget_code": Coalesce(f"{way}reservation__trip__budget_code", blank),
        "project_code": Coalesce(f"{way}reservation__trip__project_code", blank),
        "order_number": Coalesce(f"{way}reservation__trip__order_number", blank),
        "person_name": Coalesce(f"{way}person__name", blank),
        "person_login": Coalesce(f"{way}person__login_id", blank),
        "route": route(way),
        "supplier": F(f"{way}supplier"),
        "supplier_name": supplier_name(way),
        "number": Coalesce(f"{way}reservation__number", f"{way}reference"),
        "fare_name": Coalesce(f"{way}reservation__detail", blank),
        "content": content(way),
        "trip_number": Coalesce(f"{way}reservation__trip__number", blank),
    }


def numbered(charges: QuerySet[Any], first_day: dt.date) -> QuerySet[Any]:
    """Charges from `with_payer` with every field of a line as `line_…`, in the order of the invoice, and `position`."""
    columns = {f"line_{name}": expression for name, expression in line_columns(first_day).items()}
    found: QuerySet[Any] = charges.annotate(**columns).order_by(*ORDER)
    ordered: QuerySet[Any] = found.annotate(position=Window(RowNumber(), order_by=[F(name) for name in ORDER]))
    return ordered


def draft_line(row: Mapping[str, Any]) -> DraftLine:
    """A DraftLine of a row of values whose names begin with line_."""
    return DraftLine(**{name: row[f"line_{name}"] for name in DraftLine.__slots__})


def route(way: str = "") -> Any:
    """From–to of a ride, the house of a night; of what has no booking its description."""
    return Case(
        When(
            Q(**{f"{way}segment__isnull": False}),
            then=Concat(f"{way}segment__from_name", Value(" → "), f"{way}segment__to_name"),
        ),
        default=Coalesce(f"{way}reservation__title", f"{way}description"),
        output_field=CharField(),
    )


def supplier_name(way: str = "") -> Any:
    """The name of the connection that sold it; empty for what the agency charges itself."""
    return Coalesce(f"{way}reservation__connection__name", Value(""))


def content(way: str = "", *, with_origin: bool = True) -> Any:
    """What was paid, and the invoice that it goes back to: 払戻 JAL 313（元 2026-0052）; 付替 for transfers."""
    words: list[Any] = [
        Case(When(**{f"{way}relation__in": TRANSFERS}, then=Value("付替 ")), default=Value("")),
        Case(*(When(**{f"{way}kind": kind.value}, then=Value(kind.label)) for kind in ChargeKind), default=Value("")),
        Case(
            When(**{f"{way}segment__isnull": False}, then=Concat(Value(" "), f"{way}segment__service")),
            default=Value(""),
        ),
    ]
    if with_origin:
        billed = InvoiceLine.objects.filter(charge=OuterRef(f"{way}origin"))
        number = billed.values(words=Concat(Value("（元 "), "invoice__number", Value("）")))[:1]
        # Asked only where there is an original: while lines are being written, a table without statistics would be read
        # from end to end for each of them.
        has_origin = When(**{f"{way}origin__isnull": False}, then=Coalesce(Subquery(number), Value("")))
        words.append(Case(has_origin, default=Value("")))
    return Left(Concat(*words, output_field=CharField()), TEXT)


def _late_for(first_day: dt.date, way: str) -> Any:
    """The last day of the earlier period to which a line belongs; NULL for what belongs to this one.

    A cancellation that is billed by the day it happened belongs to the day of use that was planned.
    """
    billing_on, used_on = f"{way}billing_on", f"{way}used_on"

    def period_of(day: str) -> Any:
        holding = Period.objects.filter(
            office=OuterRef("payer"), first_day__lte=OuterRef(day), last_day__gte=OuterRef(day)
        )
        return Coalesce(Subquery(holding.values("last_day")[:1]), F(day))

    return Case(
        When(**{f"{billing_on}__lt": first_day}, then=period_of(billing_on)),
        When(**{f"{way}rule": "happened_on", f"{used_on}__lt": first_day}, then=period_of(used_on)),
        default=None,
        output_field=DateField(),
    )
