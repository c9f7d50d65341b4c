"""Who takes part in a campaign, and what they share."""

import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from accounts.models import User
from tests.campaign import plan
from tests.campaign.doors import AWAY, NO, Away, Browser, Door, Services
from tests.campaign.ex_site import ExSite
from tests.world import Sandbox

T = TypeVar("T")


@dataclass
class Person:
    """Somebody who travels, with a member number at each supplier."""

    user: User
    ex_member: str
    browser: Browser | None = None
    site: ExSite | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class World:
    """What the stories share, and what they tell the judge."""

    people: list[Person]
    sandbox: Sandbox
    origin: str
    operator: User
    confirmed: dict[int, UUID] = field(default_factory=dict)
    abandoned: Counter[str] = field(default_factory=Counter)
    noes: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)

    def door(self, wish: plan.Wish) -> Door:
        person = self.people[wish.person]
        if wish.via != "http":
            return Services(person.user)
        with person.lock:
            person.browser = person.browser or Browser(person.user, self.origin)
            return person.browser

    def site(self, wish: plan.Wish) -> ExSite:
        person = self.people[wish.person]
        with person.lock:
            person.site = person.site or ExSite(self.sandbox.url, person.ex_member)
            return person.site


def growing(first: float = 0.4, longest: float = 3.0) -> Iterator[float]:
    """Pauses of somebody who looks again and again, and less and less often; in seconds."""
    pause = first
    while True:
        yield pause
        pause = min(pause * 1.5, longest)


def patiently(world: World, act: Callable[[], T]) -> Generator[float, None, T | None]:
    """Do it, again while the portal or its database is away; None when the portal says no."""
    for _ in range(60):
        try:
            return act()
        except (*AWAY, Away):
            world.acts["tried again"] += 1
            yield 1.0
        except NO as no:
            world.noes[f"{type(no).__name__}: {no}"[:60]] += 1
            return None
    world.noes["away for a minute"] += 1
    return None
