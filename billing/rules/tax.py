"""The sums on an invoice's face. Amounts are whole yen, tax included.

Consumption tax is computed once per rate and invoice from the inclusive sum (国税庁 インボイスQ&A 問57), refunds netted in
their rate. What the agency advanced (立替金) is no sale of the agency: it stands outside its tax sums.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from lib import yen

# The class names of the ledger carry the rate of the law; a new rate is a new class there.
PERCENT = {"standard": 10, "reduced": 8}
LABELS = {
    "standard": "10％ 対象",
    "reduced": "8％ 対象（軽減税率 ※）",
    "outside": "不課税（宿泊税・入湯税・取消手数料など）",
    "advance": "立替金（消費税額は支払先のもの）",
    "unset": "税区分が未設定（締められません）",
}


class Money(Protocol):
    """`count` lines of one tax class and nature with their sum."""

    @property
    def count(self) -> int: ...
    @property
    def amount(self) -> int: ...
    @property
    def tax_class(self) -> str: ...
    @property
    def nature(self) -> str: ...


@dataclass(frozen=True, slots=True)
class TaxRow:
    """One row of the breakdown; `tax` is None where no tax of the issuer is inside."""

    group: str
    label: str
    count: int
    amount: int
    tax: int | None


@dataclass(frozen=True, slots=True)
class TaxSummary:
    """The breakdown by rate, with the sums of all lines."""

    rows: tuple[TaxRow, ...]
    count: int
    total: int
    tax: int


def group_of(tax_class: str, nature: str) -> str:
    """The row of the breakdown to which a line belongs."""
    return "advance" if nature == "advance" else tax_class


def summarise(sums: Iterable[Money], *, nearest: bool = False) -> TaxSummary:
    """Sum by rate. The row of 10 % always stands; others only when they have lines.

    The tax of a rate is cut towards zero, or rounded half away from zero when `nearest` (四捨五入) is agreed.
    """
    counts, amounts = dict.fromkeys(LABELS, 0), dict.fromkeys(LABELS, 0)
    for row in sums:
        group = group_of(row.tax_class, row.nature)
        counts[group] += row.count
        amounts[group] += row.amount
    rows = tuple(
        TaxRow(
            group,
            label,
            counts[group],
            amounts[group],
            yen.included_tax(amounts[group], PERCENT[group], nearest=nearest) if group in PERCENT else None,
        )
        for group, label in LABELS.items()
        if counts[group] or group == "standard"
    )
    return TaxSummary(rows, sum(counts.values()), sum(amounts.values()), sum(row.tax or 0 for row in rows))
