"""The page of a search: offers side by side, who has answered and who has not."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accounts.models import User
from accounts.queries import membership_on
from booking.models import AnswerState, Part, Place, PlaceKind, Reservation, Search, SearchAnswer
from booking.queries.changing import CHANGEABLE, kind_of_change
from booking.suppliers.types import Offer, offer_from_json
from lib import clock
from lib.actor import Actor

SHOWN = 12
# Times of day that a table of moves can be narrowed to: word, first hour, hour after the last.
WINDOWS = [
    ("6", "9時まで", 0, 9),
    ("9", "9–12時", 9, 12),
    ("12", "12–15時", 12, 15),
    ("15", "15–18時", 15, 18),
    ("18", "18時から", 18, 24),
]


@dataclass(frozen=True, slots=True)
class Choice:
    """An offer on the page: its token, and what stands in its row."""

    token: str
    offer: Offer
    supplier_name: str
    is_gone: bool
    is_chosen: bool
    difference: int | None = None
    means: str = ""

    @property
    def minutes(self) -> int | None:
        """From departure to arrival."""
        rides = self.offer.rides
        return round((rides[-1].arrives - rides[0].departs).total_seconds() / 60) if rides else None

    @property
    def departs(self) -> dt.datetime | None:
        return self.offer.rides[0].departs if self.offer.rides else None

    @property
    def arrives(self) -> dt.datetime | None:
        return self.offer.rides[-1].arrives if self.offer.rides else None


@dataclass(frozen=True, slots=True)
class Table:
    """The offers of one part, in one comparable order."""

    part: str
    heading: str
    day: dt.date
    choices: Sequence[Choice]
    hidden: int
    waiting: bool
    windows: Sequence[tuple[str, str, bool]] = ()


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """Everything on the page."""

    tables: Sequence[Table]
    answered: int
    asked: int
    waiting: Sequence[str]
    silent: Sequence[tuple[str, str]]
    notes: Sequence[str]
    submitted: bool
    ages: Sequence[tuple[str, int]]

    @property
    def is_complete(self) -> bool:
        return self.answered == self.asked


def answered_count(search: Search) -> int:
    """How many answers are in, good or bad."""
    return SearchAnswer.objects.filter(search=search).exclude(state=AnswerState.ASKED).count()


def results_page(
    search: Search, *, params: Mapping[str, str] | None = None, chosen: Mapping[str, str] | None = None
) -> ResultsPage:
    """The present state of a search (three queries).

    `params` of the address: `show=all`, and per part a time of day (`out_at=9`, `back_at=15`; keys of WINDOWS).
    """
    answers = list(search.answers.select_related("connection"))
    picked = set((chosen or {}).values()) or _chosen_before(search)
    moves = [Part.OUT] if search.air or search.rail else []
    parts = [*moves, *([Part.STAY] if search.stay else []), *([Part.BACK] if search.back_on else [])]
    tables = [_table(search, part, answers, picked, params or {}) for part in parts]
    waiting = [answer.connection.name for answer in answers if answer.state == AnswerState.ASKED]
    silent = [(answer.connection.name, answer.message) for answer in answers if answer.state == AnswerState.FAILED]
    notes = sorted({offer["basis"] for answer in answers for offer in answer.offers if offer.get("basis")})
    now = clock.now()
    ages = {
        answer.connection.name: max(0, int((now - answer.answered_at).total_seconds() // 60))
        for answer in answers
        if answer.answered_at and answer.state == AnswerState.ANSWERED
    }
    trip = getattr(search, "trip", None)
    return ResultsPage(
        tables=tables,
        answered=sum(answer.state != AnswerState.ASKED for answer in answers),
        asked=len(answers),
        waiting=list(dict.fromkeys(waiting)),
        silent=list(dict.fromkeys(silent)),
        notes=notes,
        submitted=trip is not None and trip.state != "draft",
        ages=list(ages.items()),
    )


def _chosen_before(search: Search) -> set[str]:
    trip = getattr(search, "trip", None)
    if trip is None:
        return set()
    tokens = set()
    for reservation in trip.reservations.filter(state="draft").select_related("answer"):
        if reservation.answer is not None:
            offers = reservation.answer.offers
            if reservation.offer in offers:
                tokens.add(f"{reservation.answer.public_id}.{offers.index(reservation.offer)}")
    return tokens


def _table(
    search: Search, part: Part, answers: Sequence[SearchAnswer], picked: set[str], params: Mapping[str, str]
) -> Table:
    mine = [answer for answer in answers if answer.part == part]
    old = search.replaces if search.replaces and search.replaces.state in CHANGEABLE else None
    choices = [_choice(answer, n, plain, picked, old) for answer in mine for n, plain in enumerate(answer.offers)]
    choices.sort(key=_order)
    at = next((window for window in WINDOWS if window[0] == params.get(f"{part.value}_at")), None)
    if params.get("show") == "all":
        shown = choices
    elif at:
        shown = [choice for choice in _best_of_each(choices) if choice.is_chosen or _leaves(choice, at[2], at[3])]
    else:
        shown = [choice for n, choice in enumerate(_best_of_each(choices)) if n < SHOWN or choice.is_chosen]
    heading = {Part.OUT: "行き", Part.STAY: "宿泊", Part.BACK: "帰り"}[part]
    return Table(
        part=part.value,
        heading="移動" if search.replaces_id and part == Part.OUT else heading,
        day=search.back_on if part == Part.BACK and search.back_on else search.out_on,
        choices=shown,
        hidden=len(choices) - len(shown),
        waiting=any(answer.state == AnswerState.ASKED for answer in mine),
        windows=[]
        if part == Part.STAY
        else [(key, word, at is not None and at[0] == key) for key, word, *_ in WINDOWS],
    )


def _leaves(choice: Choice, first: int, last: int) -> bool:
    departs = choice.departs
    return departs is not None and first <= departs.astimezone(clock.JST).hour < last


def _choice(
    answer: SearchAnswer, n: int, plain: Mapping[str, Any], picked: set[str], old: Reservation | None
) -> Choice:
    offer = offer_from_json(plain)
    token = f"{answer.public_id}.{n}"
    choice = Choice(token, offer, answer.connection.name, offer.is_gone, token in picked)
    if old is None:
        return choice
    difference = None if offer.price is None or old.price is None else offer.price - old.price
    return replace(choice, difference=difference, means=str(kind_of_change(old, answer, offer).label))


def _order(choice: Choice) -> tuple[Any, ...]:
    price = choice.offer.price if choice.offer.price is not None else 10**9
    departs = choice.departs
    return (departs.timestamp(), price) if departs is not None else (price, choice.offer.title)


def _best_of_each(choices: Sequence[Choice]) -> list[Choice]:
    """Of each flight the cheapest fare and the cheapest changeable one, so that a page can be read; chosen ones always."""
    kept: list[Choice] = []
    by_service: dict[Any, list[Choice]] = {}
    for choice in choices:
        key = (choice.offer.title, choice.departs) if choice.departs else choice.token
        by_service.setdefault(key, []).append(choice)
    for same in by_service.values():
        flexible = [choice for choice in same if choice.offer.changeable][:1]
        wanted = {id(choice) for choice in [*same[:1], *flexible, *(c for c in same if c.is_chosen)]}
        kept += [choice for choice in same if id(choice) in wanted]
    return kept


def form_values(search: Search) -> Mapping[str, Any]:
    """An earlier search as values of the form."""
    return {
        "traveller": str(search.traveller.public_id),
        "purpose": search.purpose,
        "origin": search.origin.name,
        "destination": search.destination.name,
        "out_on": search.out_on,
        "trip_type": "round" if search.back_on else "one_way",
        "back_on": search.back_on,
        "nights": search.nights,
        "kinds": [name for name in ("air", "rail") if getattr(search, name)],
    }


def default_values(actor: Actor, today: dt.date) -> Mapping[str, Any]:
    """What a new form begins with: the person's last origin, else the city of their office."""
    last = Search.objects.filter(asked_by__public_id=actor.subject).order_by("-pk").select_related("origin").first()
    origin = last.origin.name if last else ""
    if not origin:
        person = User.objects.get_queryset().filter(public_id=actor.subject).first()
        membership = membership_on(person, today) if person else None
        details = membership.department.office.details_on(today) if membership else None
        origin = _city_of(details.address) if details else ""
    return {"traveller": str(actor.id), "origin": origin, "nights": 0, "kinds": ["air", "rail"], "trip_type": "round"}


def _city_of(address: str) -> str:
    """The city of an address, among those that can be searched for: the one named last (福島県いわき市 → いわき)."""
    cities = Place.objects.filter(kind=PlaceKind.CITY).values_list("name", flat=True)
    return max((name for name in cities if name in address), key=address.rindex, default="")
