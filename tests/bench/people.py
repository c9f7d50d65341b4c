"""Twenty people who search and book in the browser's way, five seconds between their steps, and what they waited for."""

import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from django.db import connections
from django.urls import reverse

from accounts.models import User
from booking.models import AnswerState, Part, Search
from tests.campaign.doors import AWAY, Away, Browser, Refused
from tests.world import wish

PAUSE_SECONDS = 5.0
SEARCH_SECONDS = 40.0
Answer = tuple[str, str]


class Clocks:
    """How long people waited, by name, in seconds; names may be added to by many threads."""

    def __init__(self) -> None:
        self.waited: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def add(self, name: str, seconds: float) -> None:
        with self._lock:
            self.waited[name].append(seconds)

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.add(name, time.perf_counter() - begun)

    def median(self, name: str) -> float:
        """The median in seconds; infinity when nobody got that far."""
        return statistics.median(self.waited[name]) if self.waited[name] else float("inf")


def all_at_it(people: list[User], origin: str, clocks: Clocks, *, rounds: int, ready: Callable[[], None]) -> None:
    """Everybody signed in, then `ready()`, then each goes through their rounds, one in a quarter second after the other."""
    browsers = [Browser(user, origin) for user in people]
    for browser in browsers:
        browser.client.get("/")
    ready()
    threads = [
        threading.Thread(target=_rounds, args=(browser, clocks, n * PAUSE_SECONDS / len(browsers), rounds))
        for n, browser in enumerate(browsers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for browser in browsers:
        browser.client.close()


def _rounds(browser: Browser, clocks: Clocks, after: float, rounds: int) -> None:
    time.sleep(after)
    for n in range(rounds):
        try:
            _one_round(browser, clocks, n)
        except (*AWAY, Away, Refused) as no:
            clocks.add(f"refused: {no}"[:60], 0)
        finally:
            connections.close_all()


def _one_round(browser: Browser, clocks: Clocks, n: int) -> None:
    """Home, search, choose, confirm, look at the trip, home again."""
    home(browser, clocks)
    asked = wish(browser.user, days=20 + 3 * n, purpose=f"現地協議 {n}")
    with clocks.timing("search accepted"):
        pk = browser.search(asked)
    chosen = _chosen(_answers(browser, clocks, pk))
    home(browser, clocks)
    if not chosen:
        clocks.add("nothing to choose", 0)
        return
    trip = browser.choose(pk, chosen)
    time.sleep(PAUSE_SECONDS)
    with clocks.timing("confirmed"):
        browser.confirm(trip)
    time.sleep(PAUSE_SECONDS)
    with clocks.timing("trip page"):
        browser.page(reverse("booking:trip", args=[trip]))
    time.sleep(PAUSE_SECONDS)
    home(browser, clocks)


def home(browser: Browser, clocks: Clocks) -> None:
    """The home page, and a pause."""
    with clocks.timing("home page"):
        browser.page("/")
    time.sleep(PAUSE_SECONDS)


def _answers(browser: Browser, clocks: Clocks, pk: object) -> Search:
    """Looks at the results until all answers are in, as the page does by itself; notes when each supplier's came."""
    search = Search.objects.get(public_id=pk)
    begun, seen = time.perf_counter(), set[Answer]()
    expected = search.answers.count()
    while time.perf_counter() - begun < SEARCH_SECONDS and len(seen) < expected:
        address = f"{reverse('booking:results', args=[pk])}?seen={len(seen)}"
        with suppress(*AWAY):
            browser.client.get(address, headers={"HX-Request": "true", "HX-Target": "results"})
        waited = time.perf_counter() - begun
        for answer in search.answers.exclude(state=AnswerState.ASKED).select_related("connection"):
            which = (answer.part, answer.connection.supplier)
            if which not in seen:
                seen.add(which)
                failed = " (none)" if answer.state == AnswerState.FAILED else ""
                clocks.add(f"answer of {answer.connection.supplier}{failed}", waited)
    return search


def _chosen(search: Search) -> dict[str, str]:
    """By air where air answered, else by rail; back by rail; with a hotel if one was found."""
    chosen: dict[str, str] = {}
    for answer in search.answers.filter(state=AnswerState.ANSWERED).select_related("connection").order_by("pk"):
        numbers = range(len(answer.offers))
        if answer.connection.supplier == "jal_online":
            numbers = [n for n in numbers if "ビジネスフレックス" in answer.offers[n]["detail"]]  # type: ignore[assignment]
            if answer.part == Part.BACK:
                continue
        if numbers and (answer.part not in chosen or answer.connection.supplier == "jal_online"):
            chosen[answer.part] = f"{answer.public_id}.{numbers[-1 if answer.part == Part.BACK else 0]}"
    return chosen
