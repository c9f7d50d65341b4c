"""Print the tables of states and moves as Markdown, for docs/architecture.md: the picture cannot lie."""

from collections.abc import Mapping, Set
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import TextChoices

from accounts.states import CONFIRMATION_MOVES, ConfirmationState
from billing.states import PERIOD_MOVES, PeriodState
from booking.states import (
    AFTER_ASKING,
    CHANGE_MOVES,
    CLAIM_MOVES,
    DURING,
    RESERVATION_MOVES,
    TRIP_MOVES,
    CallVerb,
    ChangeState,
    ClaimState,
    ReservationState,
    TripState,
)

TABLES: list[tuple[str, type[TextChoices], Mapping[Any, Set[Any]]]] = [
    ("Trip", TripState, TRIP_MOVES),
    ("Reservation", ReservationState, RESERVATION_MOVES),
    ("Change of a booking", ChangeState, CHANGE_MOVES),
    ("Refund claim", ClaimState, CLAIM_MOVES),
    ("Closing period of an office", PeriodState, PERIOD_MOVES),
    ("Confirmation by a second person", ConfirmationState, CONFIRMATION_MOVES),
]


class Command(BaseCommand):
    help = "Prints the state tables as Markdown."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(state_tables())


def state_tables() -> str:
    """All tables, as they stand between the marks in docs/architecture.md."""
    parts = [_moves(*table) for table in TABLES]
    return "\n\n".join([*parts, _asking()])


def _moves(title: str, states: type[TextChoices], moves: Mapping[Any, Set[Any]]) -> str:
    rows = [
        (f"{state.value} ({state.label})", _listed(states, moves.get(state.value, frozenset()))) for state in states
    ]
    return _table(title, ("state", "leaves to"), rows)


def _asking() -> str:
    """Where a lost answer may lead, per verb of the call that was open."""
    rows = [
        (f"{verb.value} ({verb.label})", f"{DURING[verb]} → unknown → {_listed(ReservationState, AFTER_ASKING[verb])}")
        for verb in CallVerb
    ]
    return _table("Reservation whose answer was lost", ("call", "leads to"), rows)


def _listed(states: type[TextChoices], wanted: Set[Any]) -> str:
    return ", ".join(state.value for state in states if state.value in wanted) or "— (end)"


def _table(title: str, heads: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [f"**{title}**", "", f"| {heads[0]} | {heads[1]} |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| {left} | {right} |" for left, right in rows)])
