"""Which days a period has, when its invoice is due, and what it is called. All days are days in Japan."""

import calendar
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lib import jst

DAY = dt.timedelta(days=1)
REFUND_MARK, CORRECTION_MARK, TRANSFER_MARK = "返還", "訂正", "付替"


@dataclass(frozen=True, slots=True)
class ClosingDay:
    """The closing day (締め日) that holds from `first` on; 31 means month end, as does every day that a month lacks."""

    first: dt.date
    day: int


def month_end(day: dt.date, *, months: int = 0) -> dt.date:
    """The last day of the month that is `months` after the day's."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def closes(day: dt.date, rules: Sequence[ClosingDay]) -> bool:
    """Whether the day is a closing day by the rule of that very day; before the first rule that one holds, too."""
    valid = [rule for rule in rules if rule.first <= day] or list(rules[:1])
    return day.day == min(valid[-1].day, month_end(day).day)


def periods(
    first: dt.date, until: dt.date, rules: Sequence[ClosingDay], contract_end: dt.date
) -> Iterator[tuple[dt.date, dt.date]]:
    """Periods as (first day, last day) from `first` on until the one that holds `until`, without gap or overlap.

    `rules` are ordered by their first day. A change in mid-month makes a short period; one is cut at the contract's end.
    """
    day = start = first
    while start <= until:
        if closes(day, rules) or day == contract_end:
            yield start, day
            start = day + DAY
        day += DAY


def due_date(last_day: dt.date, issued_on: dt.date, months: int) -> dt.date:
    """The end of the month `months` after the period's, or the business day before it.

    A period that is closed too late for that is due by the same rule, counted from the day of issue.
    """
    for base in (last_day, issued_on):
        due = month_end(base, months=months)
        while not jst.is_business_day(due):
            due -= DAY
        if due >= issued_on:
            return due
    return due


def period_name(last_day: dt.date) -> str:
    """2026年11月利用分: a period is called by the month in which it ends."""
    return f"{last_day.year}年{last_day.month}月利用分"


def late_period(billing_on: dt.date, first_day: dt.date, periods: Sequence[tuple[dt.date, dt.date]]) -> dt.date | None:
    """The last day of the earlier period that holds the billing day; None for what is not late."""
    if billing_on >= first_day:
        return None
    return next((last for first, last in periods if first <= billing_on <= last), billing_on)


def marks(amount: int, late_for: dt.date | None, relation: str, kind: str) -> Sequence[str]:
    """Marks of a line: 返還 for what is paid back, 訂正, 付替, 11月利用分 for what belongs to an earlier period."""
    words = [
        REFUND_MARK if amount < 0 else "",
        CORRECTION_MARK if kind == "correction" else "",
        TRANSFER_MARK if relation.startswith("transfer") else "",
        f"{late_for.month}月利用分" if late_for else "",
    ]
    return [word for word in words if word]
