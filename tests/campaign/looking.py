"""Searches as people make them: asked, waited for, chosen from, and made again when nobody answered."""

import datetime as dt
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from booking.models import AnswerState, Reservation, SearchAnswer
from booking.services.searching import Wish as Asked
from lib import clock
from tests.campaign import plan
from tests.campaign.doors import Door
from tests.campaign.world import World, growing, patiently
from tests.world import city

# Who is told to search again a little later does so, this often.
SEARCHES = 8
A_LITTLE = 5.0


class NothingFits(Exception):
    """A supplier answered, and has nothing of the kind."""


def searched(world: World, wish: plan.Wish, door: Door) -> Generator[float, None, tuple[UUID, dict[str, str]] | None]:
    return (yield from _found(world, lambda n: door.search(_asked(world, wish, n)), partial(_tokens, wish)))


def proposed(
    world: World, wish: plan.Wish, door: Door, reservation: Reservation, part: plan.Part
) -> Generator[float, None, UUID | None]:
    """A search for something else, answered, and one of its offers chosen."""
    instead = part.instead
    assert instead is not None

    def look(_attempt: int) -> UUID:
        rides = reservation.segments.order_by("departs").first()
        first: Any = rides or reservation.nights.order_by("date").first()
        day = first.travel_on if rides else first.date
        kind = "rail" if part.supplier == plan.RAIL else "air"
        return door.look_instead(
            reservation, day + dt.timedelta(days=instead.days), wish.nights if not rides else 0, kind
        )

    wanted = replace(part, fare=instead.fare, choice=instead.choice)
    answered = yield from _found(world, look, partial(_tokens_instead, wanted))
    return (yield from patiently(world, partial(door.propose, *answered))) if answered else None


def _found(
    world: World, look: Callable[[int], UUID], choose: Callable[[UUID], dict[str, str] | None]
) -> Generator[float, None, tuple[UUID, dict[str, str]] | None]:
    """A search and what is chosen from its answers; who gets none waits a little and searches again, as the page says."""
    for attempt in range(SEARCHES):
        search = yield from patiently(world, partial(look, attempt))
        if search is None:
            return None
        world.acts["search"] += 1
        until = time.monotonic() + 40
        for pause in growing():
            if time.monotonic() > until:
                break
            yield pause
            try:
                tokens = yield from patiently(world, partial(choose, search))
            except NothingFits:
                return None
            if tokens is None:
                break
            if tokens:
                return search, tokens
        yield A_LITTLE
    return None


def _asked(world: World, wish: plan.Wish, attempt: int) -> Asked:
    suppliers = {part.supplier for part in wish.parts}
    out_on = clock.today() + dt.timedelta(days=wish.days)
    parts = {part.part for part in wish.parts}
    return Asked(
        traveller=world.people[wish.person].user,
        # One search of many: the same wish within two minutes would be the same search.
        purpose=f"現地協議 {wish.n}-{attempt}",
        origin=city(wish.origin),
        destination=city(wish.destination),
        out_on=out_on,
        back_on=out_on + dt.timedelta(days=wish.nights) if "back" in parts else None,
        nights=wish.nights,
        air=plan.AIR in suppliers,
        rail=plan.RAIL in suppliers,
    )


def _tokens(wish: plan.Wish, search: UUID) -> dict[str, str] | None:
    """The chosen offers; empty while answers are still to come, None when a supplier that is needed gave none."""
    answers = SearchAnswer.objects.filter(search__public_id=search)
    states = dict(_states(answers))
    wanted = {(part.part, part.supplier) for part in wish.parts}
    if any(states.get(key, AnswerState.FAILED) == AnswerState.FAILED for key in wanted):
        return None
    if any(states[key] != AnswerState.ANSWERED for key in wanted):
        return {}
    rows = {(answer.part, answer.connection.supplier): answer for answer in answers.select_related("connection")}
    return {part.part: _token(part, rows[part.part, part.supplier]) for part in wish.parts}


def _states(answers: QuerySet[SearchAnswer]) -> Iterable[tuple[tuple[str, str], str]]:
    """The states by part and supplier, without the offers: many look often."""
    for part, supplier, state in answers.values_list("part", "connection__supplier", "state"):
        yield (part, supplier), state


def _token(part: plan.Part, answer: SearchAnswer) -> str:
    """The part's choice among the offers of an answer. Raises NothingFits."""
    numbers = list(range(len(answer.offers)))
    fitting = [n for n in numbers if part.supplier != plan.AIR or part.fare in answer.offers[n]["detail"]]
    # Early on the way out and late on the way back, so that no choice contradicts another.
    fitting = fitting[::-1] if part.part == "back" else fitting
    if not fitting:
        raise NothingFits
    return f"{answer.public_id}.{fitting[min(part.choice, len(fitting) - 1)]}"


def _tokens_instead(part: plan.Part, search: UUID) -> dict[str, str] | None:
    """The chosen offer under the search's own name of its part; empty while it is to come, None without an answer."""
    answers = SearchAnswer.objects.filter(search__public_id=search, connection__supplier=part.supplier)
    state = answers.values_list("state", flat=True).first()
    if state != AnswerState.ANSWERED:
        return {} if state == AnswerState.ASKED else None
    answer = answers.get()
    return {answer.part: _token(part, answer)}
