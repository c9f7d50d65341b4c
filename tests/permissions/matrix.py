"""Who gets what: address × method × viewer → answer.

The traveller is `own`; `proxy` books for them, `other` is a colleague of their department, `approver` decides on their
trips, `admin` belongs to their office and `admin'` to another one; `half` is the traveller after the password alone.

Answers: a status, or where a redirect leads: `in` the sign-in, `code` the second factor, `home` the home page.
A name with `@` is an address with a parameter that names an object. What an address does not list answers 405.
"""

from __future__ import annotations

from typing import NamedTuple

VIEWERS = ("anonymous", "half", "own", "proxy", "other", "approver", "admin", "admin'", "operator", "auditor")

TABLE = """
address                              method  anon  half  own   proxy other appr  admin admin' oper  audit
"""


class Row(NamedTuple):
    """One address with one method: what each viewer gets."""

    name: str
    method: str
    answers: dict[str, str]

    @property
    def address(self) -> str:
        """The name without its parameter."""
        return self.name.partition("@")[0]

    @property
    def entitled(self) -> list[str]:
        """The viewers for whom the address does its work."""
        return [viewer for viewer, answer in self.answers.items() if answer in {"200", "204", "303"}]


def rows() -> list[Row]:
    """The table, read."""
    lines = [line.split() for line in TABLE.strip().splitlines()[1:] if line.strip()]
    return [Row(name, method, dict(zip(VIEWERS, answers, strict=True))) for name, method, *answers in lines]
