"""Whole yen, and the only place that rounds."""

from collections.abc import Sequence
from typing import NewType

Yen = NewType("Yen", int)


def text(amount: int) -> str:
    """76,340円; a minus sign (U+2212) before negative sums."""
    return f"−{-amount:,}円" if amount < 0 else f"{amount:,}円"


def cut(amount: int, unit: int) -> Yen:
    """Cut below `unit` yen, towards zero, also for negative sums."""
    return Yen(-(-amount // unit * unit) if amount < 0 else amount // unit * unit)


def part(amount: int, numerator: int, denominator: int) -> Yen:
    """`amount` × numerator / denominator, cut towards zero."""
    product = amount * numerator
    return Yen(-(-product // denominator) if product < 0 else product // denominator)


def included_tax(amount: int, percent: int, *, nearest: bool = False) -> Yen:
    """The consumption tax inside a tax-inclusive sum: amount × rate / (100 + rate).

    Cut towards zero, or to the nearest yen with halves away from zero (四捨五入). Rounded once per rate and invoice
    (国税庁 インボイスQ&A 問57): call it with the sum of a rate, never with a line.
    """
    if not nearest:
        return part(amount, percent, 100 + percent)
    whole = 100 + percent
    rounded = (2 * abs(amount) * percent + whole) // (2 * whole)
    return Yen(-rounded if amount < 0 else rounded)


def split(amount: int, shares: int) -> Sequence[Yen]:
    """Equal whole-yen shares whose sum is `amount`; odd yen go to the first ones."""
    if shares < 1:
        raise ValueError("at least one share")
    base = part(amount, 1, shares)
    rest = amount - base * shares
    step = 1 if rest >= 0 else -1
    return [Yen(base + (step if n < abs(rest) else 0)) for n in range(shares)]
