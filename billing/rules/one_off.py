"""What a one-off invoice asks for, before there are charges."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OneOffLine:
    """One line: what for, yen with tax included (negative for a discount), the tax class by its code."""

    content: str
    amount: int
    tax_class: str
