"""Every pair of states: exactly the moves of the tables go through, and the architecture page shows those tables."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Mapping, Set
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import models, transaction

from accounts.models import Confirmation, ConfirmationState, Role
from accounts.states import CONFIRMATION_MOVES
from audit.changes import advance
from audit.models import Event
from billing.models import Period, PeriodState
from billing.states import PERIOD_MOVES
from booking.models import (
    Change,
    ChangeKind,
    ChangeState,
    ClaimState,
    Place,
    RefundClaim,
    ReservationState,
    Search,
    SearchAnswer,
    TripState,
)
from booking.states import AFTER_ASKING, CHANGE_MOVES, CLAIM_MOVES, DURING, RESERVATION_MOVES, TRIP_MOVES
from lib import clock, registry
from lib.errors import MoveNotAllowed
from lib.registry import kind
from tests import factories
from tests.factories import SETUP

pytestmark = pytest.mark.django_db
CODE = "trial.state.moved"
PAGE = Path(settings.BASE_DIR) / "docs" / "architecture.md"


def trip(state: str) -> models.Model:
    return factories.trip(state=state)


def reservation(state: str) -> models.Model:
    return factories.reservation(state=state, cancelled_at=clock.now(), not_before=clock.now())


def change(state: str) -> models.Model:
    of: Any = factories.reservation()
    who = of.trip.traveller
    place = Place.objects.create(code="C1", kind="city", name="福岡", latitude=33, longitude=130, terms="福岡")
    asked = Search.objects.create(
        asked_by=who,
        traveller=who,
        purpose="協議",
        origin=place,
        destination=place,
        out_on=of.trip.first_day,
        created_at=clock.now(),
    )
    answer = SearchAnswer.objects.create(search=asked, connection=of.connection, part="out", asked_at=clock.now())
    return Change.objects.create(
        reservation=of, kind=ChangeKind.OWN, state=state, search=asked, answer=answer, offer={}, max_cost=0, max_fee=0,
        created_at=clock.now(), confirmed_at=clock.now(), done_at=clock.now(),
    )  # fmt: skip


def claim(state: str) -> models.Model:
    said = {"reason": "other", "note": "相殺", "said_by": factories.person(Role.OPERATOR)} if state == "closed" else {}
    return RefundClaim.objects.create(
        reservation=factories.reservation(), state=state, charged=14400, expected=14080, opened_at=clock.now(),
        ended_at=None if state == "open" else clock.now(), **said,
    )  # fmt: skip


def period(state: str) -> models.Model:
    day = dt.date(2026, 11, 1)
    return Period.objects.create(
        office=factories.office(), first_day=day, last_day=day, state=state, closed_at=clock.now()
    )


def confirmation(state: str) -> models.Model:
    asker, decider = factories.person(Role.OPERATOR), factories.person(Role.OPERATOR)
    return Confirmation.objects.create(
        kind="trial.act",
        subject_type="accounts.user",
        subject=asker.public_id,
        title="試し",
        state=state,
        note="違う",
        asked_by=asker,
        decided_by=decider if state in {"given", "refused"} else None,
        decided_at=None if state == "asked" else clock.now(),
    )


def with_it(name: str, after: str) -> dict[str, Any]:
    """What the database wants in the same UPDATE as the state."""
    if name == "reservation":
        return {"not_before": clock.now()}
    if name == "claim":
        why = {"reason": "other", "note": "相殺", "said_by": factories.person(Role.OPERATOR)}
        return {"ended_at": clock.now(), **(why if after == "closed" else {})}
    if name != "confirmation":
        return {}
    decided = after in {"given", "refused"}
    return {"decided_at": clock.now(), **({"decided_by": factories.person(Role.OPERATOR)} if decided else {})}


Make = Callable[[str], models.Model]
TABLES: dict[str, tuple[type[models.TextChoices], Mapping[Any, Set[Any]], Make]] = {
    "trip": (TripState, TRIP_MOVES, trip),
    "reservation": (ReservationState, RESERVATION_MOVES, reservation),
    "change": (ChangeState, CHANGE_MOVES, change),
    "claim": (ClaimState, CLAIM_MOVES, claim),
    "period": (PeriodState, PERIOD_MOVES, period),
    "confirmation": (ConfirmationState, CONFIRMATION_MOVES, confirmation),
}
PAIRS = [
    (name, before, after)
    for name, (states, _, _) in TABLES.items()
    for before, after in itertools.product(states.values, repeat=2)
]


@pytest.mark.parametrize(("name", "before", "after"), PAIRS)
def test_exactly_the_moves_of_the_table_go_through(monkeypatch, name: str, before: str, after: str):
    monkeypatch.setitem(registry.event_kinds, CODE, kind(CODE, "試し", keys="from to why"))
    _, moves, make = TABLES[name]
    row: Any = make(before)

    def move() -> None:
        with transaction.atomic():
            advance(row, after, code=CODE, allowed=moves, actor=SETUP, **with_it(name, after))

    may = after in moves.get(before, frozenset())
    if may:
        move()
    else:
        with pytest.raises(MoveNotAllowed):
            move()
    row.refresh_from_db()
    assert row.state == (after if may else before)
    assert Event.objects.filter(code=CODE).count() == may


@pytest.mark.parametrize("name", TABLES)
def test_a_table_names_known_states_only_and_its_ends_lead_nowhere(name: str):
    states, moves, _ = TABLES[name]
    assert set(moves) <= set(states.values)
    assert set().union(*moves.values()) <= set(states.values)
    assert all(state not in targets for state, targets in moves.items())


def test_unknown_leaves_only_to_where_an_open_call_could_have_led():
    assert set().union(*AFTER_ASKING.values()) == RESERVATION_MOVES[ReservationState.UNKNOWN]
    for verb, during in DURING.items():
        assert ReservationState.UNKNOWN in RESERVATION_MOVES[during]
        assert AFTER_ASKING[verb] <= RESERVATION_MOVES[during], verb


def test_the_architecture_page_shows_the_tables_as_they_are():
    printed = StringIO()
    call_command("state_tables", stdout=printed)
    shown = PAGE.read_text(encoding="utf-8").split("<!-- states -->")[1].split("<!-- /states -->")[0]
    assert shown.strip() == printed.getvalue().strip(), "put what `manage.py state_tables` prints between the marks"
