"""Trains and flights that do not run: no longer sold, and given back or changed for nothing."""

from __future__ import annotations

from datetime import date

from sandbox.messages import Json
from sandbox.world import World

TABLE = "disruptions"


def set_disruption(world: World, supplier: str, service: str, day: date, *, runs: bool) -> Json:
    """Lets a train or flight of a day not run, or run again. Call with the state's lock held."""
    record: Json = {"supplier": supplier, "service": service, "date": day.isoformat(), "runs": runs}
    world.state.write((TABLE, _key(supplier, service, day.isoformat()), record))
    return record


def is_stopped(world: World, supplier: str, service: str, day: str) -> bool:
    """Whether a train (のぞみ21号) or flight (JL313) does not run on a day (YYYY-MM-DD)."""
    found = world.state.table(TABLE).get(_key(supplier, service, day))
    return found is not None and not found["runs"]


def _key(supplier: str, service: str, day: str) -> str:
    return f"{supplier} {service} {day}"
