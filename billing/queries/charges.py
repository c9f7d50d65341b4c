"""Charges as a list: all of them, or by where they stand, who pays, and what people call them."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import BigIntegerField, Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import Office
from billing.models import InvoiceLine
from billing.permissions import READ_CHARGES
from billing.queries.collecting import UNSET, open_charges
from billing.queries.lines import with_payer
from booking.models import Charge, Settlement
from lib.actor import Actor, Scope


class ChargeState(models.TextChoices):
    """Where a charge stands."""

    OPEN = "open", "未請求"
    UNSET = "unset", "取扱い・税区分が未設定"
    HOMELESS = "homeless", "所属が未設定"
    BILLED = "billed", "請求済"
    SELF = "self", "本人立替"


@dataclass(frozen=True, slots=True)
class ChargeFilter:
    """Which charges: `first` and `last` are billing days, inclusive; empty values do not narrow."""

    state: str = ""
    office: Office | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    text: str = ""


def charges(actor: Actor, wanted: ChargeFilter) -> QuerySet[Any]:
    """Charges for those who may read all of them, the latest billing day first.

    Each has `bearer` (the office that was billed, or that would be today), `payer_name`, and of its invoice
    `invoice_number` and `invoice_id_public`, both NULL while it is on none.
    """
    if actor.scope(READ_CHARGES) is not Scope.ALL:
        return Charge.objects.none()
    line = InvoiceLine.objects.filter(charge=OuterRef("pk"))
    found: QuerySet[Any] = with_payer(_in_state(wanted.state)).annotate(
        invoice_number=Subquery(line.values("invoice__number")[:1]),
        invoice_id_public=Subquery(line.values("invoice__public_id")[:1]),
        bearer=Coalesce(Subquery(line.values("invoice__office")[:1]), "payer", output_field=BigIntegerField()),
    )
    if wanted.state == ChargeState.HOMELESS:
        found = found.filter(payer=None)
    if wanted.office:
        found = found.filter(bearer=wanted.office.pk)
    if wanted.first:
        found = found.filter(billing_on__gte=wanted.first)
    if wanted.last:
        found = found.filter(billing_on__lte=wanted.last)
    for word in wanted.text.split():
        found = found.filter(
            Q(person__login_id__iexact=word)
            | Q(person__name__icontains=word)
            | Q(person__kana__icontains=word)
            | Q(reservation__trip__number__iexact=word)
            | Q(reservation__number__iexact=word)
            | Q(reference__iexact=word)
        )
    return found.select_related("person", "reservation__trip").order_by("-billing_on", "-pk")


def charges_count_and_sum(found: QuerySet[Any]) -> tuple[int, int]:
    """How many, and their sum in yen (one query)."""
    row = found.order_by().aggregate(count=Count("pk"), total=Sum("amount"))
    return row["count"], row["total"] or 0


def _in_state(state: str) -> QuerySet[Charge]:
    if state in {ChargeState.OPEN, ChargeState.HOMELESS}:
        return open_charges()
    if state == ChargeState.UNSET:
        return with_payer(open_charges()).filter(UNSET)
    if state == ChargeState.BILLED:
        return Charge.objects.filter(pk__in=InvoiceLine.objects.values("charge"))
    if state == ChargeState.SELF:
        return Charge.objects.filter(reservation__settlement=Settlement.SELF)
    return Charge.objects.all()
