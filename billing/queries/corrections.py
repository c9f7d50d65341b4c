"""What a correction (訂正) or a reversal (取消) of a charge would do: what stands now, and where it will stand."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from accounts.models import Office
from accounts.queries import membership_on
from billing.models import Period, PeriodState
from billing.rules.days import late_period, period_name
from booking.models import Charge, Relation, Settlement
from booking.queries.billing_days import reversal_day
from lib import clock, jst

CORRECT = "billing.correct_charge"
TRANSFERS = frozenset({Relation.TRANSFER_OUT, Relation.TRANSFER_IN})


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of a charge: itself and the corrections that nothing took back; `amount` in yen.

    `refusal` says why it cannot be corrected, empty when it can; `digest` changes with whatever follows the charge.
    """

    charge: Charge
    corrections: Sequence[Charge]
    amount: int
    refusal: str
    digest: str


def standing_of(charge: Charge) -> Standing:
    """What stands of the charge now (one query)."""
    chain = list(Charge.objects.filter(Q(origin=charge) | Q(origin__origin=charge)).order_by("pk"))
    reversed_ids = {row.origin_id for row in chain if row.relation == Relation.REVERSAL}
    corrections = [
        row
        for row in chain
        if row.origin_id == charge.pk and row.relation == Relation.CORRECTION and row.pk not in reversed_ids
    ]
    facts = [(row.pk, row.origin_id, row.relation, row.amount) for row in chain]
    return Standing(
        charge=charge,
        corrections=corrections,
        amount=charge.amount + sum(row.amount for row in corrections),
        refusal=_refusal(charge, is_reversed=charge.pk in reversed_ids),
        digest=hashlib.sha256(repr((charge.pk, charge.amount, facts)).encode()).hexdigest(),
    )


def _refusal(charge: Charge, *, is_reversed: bool) -> str:
    if charge.relation in TRANSFERS:
        return "付替の費用は訂正できません。元の費用を訂正してください。"
    if charge.relation == Relation.REVERSAL:
        return "取消の費用は訂正できません。"
    if charge.relation == Relation.CORRECTION:
        return "訂正の費用は訂正できません。元の費用をもう一度訂正してください。"
    return "この費用は、もう取り消してあります。" if is_reversed else ""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where something new about a charge will stand: `words` as a sentence, `mark` as 11月利用分 for a closed period."""

    words: str
    mark: str = ""


def correction_placement(charge: Charge) -> Placement:
    """Where a correction of the charge recorded today will stand."""
    return _placement(charge, charge.billing_on, charge.billing_on)


def reversal_placement(charge: Charge) -> Placement:
    """Where a reversal of the charge recorded today will stand."""
    billing_on, rule = reversal_day(charge, clock.today())
    return _placement(charge, billing_on, charge.used_on if rule == "happened_on" else billing_on)


def _placement(charge: Charge, billing_on: dt.date, belongs_on: dt.date) -> Placement:
    if charge.reservation and charge.reservation.settlement == Settlement.SELF:
        return Placement("本人立替のため、請求書には載りません。")
    office = payer_of(charge)
    if office is None:
        return Placement("利用日の所属が登録されるまで、請求を待ちます。")
    rows = list(Period.objects.filter(office=office).order_by("last_day"))
    taking = next((row for row in rows if row.state != PeriodState.CLOSED and row.last_day >= billing_on), None)
    if taking is None:
        return Placement(f"{office.name}の、{jst.long_day(billing_on)}を含む期間の請求書に載ります。")
    days = [(row.first_day, row.last_day) for row in rows]
    late = late_period(belongs_on, taking.first_day, days)
    mark = f"{late.month}月利用分" if late else ""
    words = f"{office.name}の{period_name(taking.last_day)}の請求書に載ります。"
    return Placement(f"{words}【{mark}】の印が付きます。" if mark else words, mark)


def payer_of(charge: Charge) -> Office | None:
    """The office that pays a charge as is known now; None without a membership on the day of use."""
    if charge.office:
        return charge.office
    membership = membership_on(charge.person, charge.used_on) if charge.person else None
    return membership.department.office if membership else None
