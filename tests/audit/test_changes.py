"""advance(): only moves of the table, one winner of a race, and the event in the same transaction."""

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from audit.changes import advance
from audit.models import Event, MailState, OutgoingMail
from audit.services import record
from booking.models import Reservation, ReservationState
from booking.states import RESERVATION_MOVES
from lib import clock, registry
from lib.actor import anonymous
from lib.errors import MoveNotAllowed, Stale
from lib.registry import kind
from lib.verbs import WrongPlace

pytestmark = pytest.mark.django_db

QUEUED, SENT, FAILED = MailState.QUEUED, MailState.SENT, MailState.FAILED
MOVES = {QUEUED: {SENT, FAILED}, FAILED: {QUEUED}, SENT: frozenset[str]()}
CODE = "trial.mail.moved"


@pytest.fixture(autouse=True)
def trial_kind(monkeypatch):
    monkeypatch.setitem(registry.event_kinds, CODE, kind(CODE, "試し", keys="from to why extra"))


def mail(state: str = QUEUED) -> OutgoingMail:
    return OutgoingMail.objects.create(
        kind="trial",
        to_address="a@client.example",
        subject="試し",
        body="試し",
        state=state,
        created_at=clock.now(),
        next_try_at=clock.wall(),
        sent_at=clock.now() if state == SENT else None,
    )


def move(row: OutgoingMail, to: str, **fields: Any) -> None:
    advance(row, to, code=CODE, allowed=MOVES, actor=anonymous(), sent_at=clock.now(), **fields)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(MailState.values, repeat=2)))
def test_every_pair_of_states_moves_exactly_when_the_table_says_so(before, after):
    row = mail(before)
    if after in MOVES[MailState(before)]:
        move(row, after)
        assert row.state == after
    else:
        with pytest.raises(MoveNotAllowed):
            move(row, after)
    stored = OutgoingMail.objects.get(pk=row.pk)
    assert stored.state == row.state
    assert Event.objects.filter(code=CODE).count() == (after in MOVES[MailState(before)])


@pytest.mark.parametrize(("before", "after"), list(itertools.product(ReservationState.values, repeat=2)))
def test_no_reservation_makes_a_move_that_its_table_does_not_have(before, after):
    if after in RESERVATION_MOVES.get(before, frozenset()):
        return
    with pytest.raises(MoveNotAllowed), transaction.atomic():
        advance(Reservation(pk=1, state=before), after, code=CODE, allowed=RESERVATION_MOVES, actor=anonymous())


def test_fields_change_with_the_state_and_the_event_tells_from_where_to_where_and_why():
    row = mail()
    move(row, FAILED, why="宛先なし", error="550", data={"extra": 7})
    row.refresh_from_db()
    assert (row.state, row.error) == (FAILED, "550")
    event = Event.objects.get(code=CODE)
    assert event.about.get().object_id == row.public_id
    assert '"data":{"extra":7,"from":"queued","to":"failed","why":"宛先なし"}' in bytes(event.canonical).decode()


def test_who_saw_an_old_state_changes_nothing():
    seen, row = mail(), OutgoingMail.objects.get()
    move(row, SENT)
    with pytest.raises(Stale):
        move(seen, FAILED, error="late")
    assert OutgoingMail.objects.get().state == SENT
    assert seen.state == QUEUED
    assert Event.objects.filter(code=CODE).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_move_needs_a_transaction():
    row = mail()
    with pytest.raises(WrongPlace):
        move(row, SENT)
    assert OutgoingMail.objects.get().state == QUEUED


@pytest.mark.django_db(transaction=True)
def test_if_the_event_cannot_be_written_the_state_does_not_move():
    row = mail()
    with pytest.raises(LookupError), transaction.atomic():
        advance(row, SENT, code="trial.unknown", allowed=MOVES, actor=anonymous(), sent_at=clock.now())
    assert OutgoingMail.objects.get().state == QUEUED
    assert row.state == QUEUED


def race(mover: Callable[[OutgoingMail, str], None]) -> list[str]:
    """Two people who saw the same state move it at once; what became of each."""
    row = mail()
    start, ends = threading.Barrier(2), []

    def go(to: str) -> None:
        mine = OutgoingMail.objects.get(pk=row.pk)
        start.wait()
        try:
            with transaction.atomic():
                mover(mine, to)
            ends.append("moved")
        except Stale:
            ends.append("stale")
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[to]) for to in (SENT, FAILED)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ends)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_move_at_once_one_wins():
    assert race(move) == ["moved", "stale"]
    assert Event.objects.filter(code=CODE).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_race_can_be_lost_a_copy_that_does_not_compare_lets_both_through():
    def without_comparing(row: OutgoingMail, to: str) -> None:
        OutgoingMail.objects.filter(pk=row.pk).update(state=to, sent_at=clock.now())
        record(anonymous(), CODE, objects=[row], data={"from": row.state, "to": to})

    assert race(without_comparing) == ["moved", "moved"]
