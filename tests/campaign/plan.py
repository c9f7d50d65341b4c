"""What a campaign will do, made from its seed before anything runs: wishes, faults, troubles, moves of the clock."""

import datetime as dt
import json
import random
from dataclasses import asdict, dataclass

from lib.clock import JST

PEOPLE = 20
AIR, RAIL, STAY = "jal_online", "ex", "yado_net"
# What a trip may consist of, by part; the order is the one in which its bookings are numbered.
SHAPES = (
    {"out": AIR},
    {"out": AIR, "back": AIR},
    {"stay": STAY},
    {"out": RAIL},
    {"out": AIR, "stay": STAY},
    {"out": AIR, "back": RAIL},
    {"out": AIR, "stay": STAY, "back": RAIL},
)
SHAPE_WEIGHTS = (5, 4, 4, 4, 3, 2, 2)
ROUTES = {False: (("東京", "福岡"), ("福岡", "東京"), ("大阪", "福岡"), ("東京", "札幌")), True: (("横浜", "福岡"),)}
FARES = ("ビジネスフレックス", "セイバー")
WIRE = {AIR: "jal-online", STAY: "yado-net"}
# Faults of a writing call, with what they need: shorter or longer than the portal's time-out of 3 s, never than its quiet time.
WRITING: tuple[tuple[str, dict[str, float]], ...] = (
    ("lose_before", {}),
    ("lose_after", {}),
    ("late_commit", {"seconds": 2.0}),
    ("late_commit", {"seconds": 6.0, "hold": 5.0}),
    ("hang", {"seconds": 5.0}),
    ("error_500", {}),
    ("error_500", {"after": True}),
    ("error_503", {}),
    ("error_503", {"after": True}),
    ("too_many", {"seconds": 1.0}),
    ("drip", {"seconds": 0.05}),
    ("garbage", {}),
    ("wrong_meaning", {}),
    ("reset_mid_answer", {}),
    ("session_expired", {}),
    ("maintenance", {}),
)
BOOKING: tuple[tuple[str, dict[str, float]], ...] = (*WRITING, ("price_changed", {}), ("sold_out", {}))
READING = ("lose_before", "error_500", "error_503", "too_many", "garbage", "wrong_meaning", "reset_mid_answer", "hang")
TROUBLES = ("kill web", "kill io", "kill cpu", "kill beat", "flush redis", "restart postgres")
# The campaign's calendar: it begins before midnight, and goes over a month's end, and over that of a fiscal year.
BEGIN = dt.datetime(2027, 2, 26, 21, 0, tzinfo=JST)
MOVES = (
    dt.datetime(2027, 2, 27, 0, 30, tzinfo=JST),
    dt.datetime(2027, 3, 1, 0, 10, tzinfo=JST),
    dt.datetime(2027, 3, 20, 9, 0, tzinfo=JST),
    dt.datetime(2027, 4, 1, 0, 10, tzinfo=JST),
)
LAST = dt.datetime(2027, 5, 20, 12, 0, tzinfo=JST)


@dataclass(frozen=True)
class Fault:
    """A fault for one booking, by its operation at the supplier."""

    operation: str
    fault: str
    times: int
    more: dict[str, float]


@dataclass(frozen=True)
class Instead:
    """What the person takes instead: the `choice`-th offer so many days later, with that fare.

    `faults` strike the booking that stands, `new_faults` the one that may come in its place. `ends` is "confirm", or
    "drop" for somebody who thinks better of it.
    """

    days: int
    fare: str
    choice: int
    faults: list[Fault]
    new_faults: list[Fault]
    ends: str


@dataclass(frozen=True)
class Part:
    """One booking of a wish: how it is to be had, what goes wrong, and what the person does with it afterwards.

    `then` is "keep", "cancel" or "change"; what could not be had is looked for again where `instead` says so. At a
    hand-off it is "number" (with the sum), "number only", "gone" (bought, and never returned), "give up", "forget" (never
    bought), "refund" (bought, entered and refunded), "moved" (bought, entered, changed there, and entered again), "owed" or
    "withheld" (bought, entered, and cancelled by the desk; the refund follows, or never comes).
    """

    part: str
    supplier: str
    fare: str
    faults: list[Fault]
    then: str
    choice: int
    instead: Instead | None


@dataclass(frozen=True)
class Wish:
    """What a person wants: the way there, the day (counted from the day on which they ask), over which door they come."""

    n: int
    person: int
    origin: str
    destination: str
    days: int
    nights: int
    parts: list[Part]
    via: str
    presses: int
    when_dearer: str


@dataclass(frozen=True)
class Trouble:
    """What befalls the portal once `after` wishes have begun."""

    after: int
    what: str


@dataclass(frozen=True)
class Plan:
    """Everything that a campaign does."""

    seed: int
    wishes: list[Wish]
    troubles: list[Trouble]
    moves: list[tuple[int, str]]
    search_faults: float

    def as_json(self) -> str:
        """To be kept: the same for the same seed and number."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)


def make_plan(seed: int, wishes: int, *, struck: float = 0.35) -> Plan:
    """The plan of a seed. `struck` is the share of bookings to which something happens."""
    dice = random.Random(f"{seed} {wishes}")
    made = [_wish(dice, n, struck) for n in range(wishes)]
    count = max(len(TROUBLES), wishes // 25)
    kinds = [*TROUBLES, *dice.choices(TROUBLES, weights=(3, 6, 2, 2, 3, 1), k=count - len(TROUBLES))]
    dice.shuffle(kinds)
    troubles = [Trouble(dice.randrange(2, max(3, wishes)), what) for what in kinds]
    moves = [(wishes * (k + 1) // (len(MOVES) + 1), move.isoformat()) for k, move in enumerate(MOVES)]
    return Plan(seed, made, sorted(troubles, key=lambda one: one.after), moves, search_faults=0.03)


def _wish(dice: random.Random, n: int, struck: float) -> Wish:
    shape = dice.choices(SHAPES, SHAPE_WEIGHTS)[0]
    origin, destination = dice.choice(ROUTES[RAIL in shape.values()])
    stays = "stay" in shape
    nights = dice.randint(1, 2) if stays else 0
    parts = [_part(dice, part, supplier, struck) for part, supplier in shape.items()]
    return Wish(
        n=n,
        person=n % PEOPLE,
        origin=origin,
        destination=destination,
        days=dice.randint(4, 34),
        nights=nights,
        parts=parts,
        via="http" if dice.random() < 0.3 else "services",
        presses=2 if dice.random() < 0.2 else 1,
        when_dearer=dice.choice(["accept", "press", "leave"]),
    )


def _part(dice: random.Random, part: str, supplier: str, struck: float) -> Part:
    if supplier == RAIL:
        ends = ["number", "number only", "gone", "give up", "forget", "refund", "moved", "owed", "withheld"]
        then = dice.choices(ends, weights=(4, 2, 3, 2, 1, 2, 3, 2, 1))[0]
    else:
        then = dice.choices(["keep", "cancel", "change"], weights=(5, 3, 3))[0]
    faults: list[Fault] = []
    operations = {AIR: ["book", "ticket"], STAY: ["book"], RAIL: []}[supplier]
    for operation in [*operations, *(["cancel"] if then == "cancel" else [])]:
        if dice.random() < struck:
            faults += _faults(dice, operation)
    if supplier == AIR and dice.random() < struck / 4:
        faults = [Fault("book", "dearer", 1, {}), *(one for one in faults if one.operation != "book")]
    fare, choice = dice.choice(FARES), dice.randrange(4)
    wanted = supplier != RAIL and (then == "change" or dice.random() < 0.5)
    return Part(part, supplier, fare, faults, then, choice, _instead(dice, supplier, fare, struck) if wanted else None)


def _instead(dice: random.Random, supplier: str, fare: str, struck: float) -> Instead:
    # The same fare may be exchanged within the booking, another one is booked anew.
    other = fare if dice.random() < 0.7 else dice.choice(FARES)
    faults: list[Fault] = []
    for operation in ["change", "cancel"] if supplier == AIR else ["cancel"]:
        if dice.random() < struck:
            faults += _faults(dice, operation)
    new_faults: list[Fault] = []
    for operation in ["book", "ticket"] if supplier == AIR else ["book"]:
        if dice.random() < struck:
            new_faults += _faults(dice, operation)
    ends = "drop" if dice.random() < 0.1 else "confirm"
    return Instead(dice.choice([0, 0, 1]), other, 1 + dice.randrange(4), faults, new_faults, ends)


def _faults(dice: random.Random, operation: str) -> list[Fault]:
    kinds = BOOKING if operation == "book" else WRITING
    name, more = dice.choice(kinds)
    found = [Fault(operation, name, 2 if dice.random() < 0.2 else 1, dict(more))]
    if dice.random() < 0.3:
        more = {"seconds": 4.0} if (name := dice.choice(READING)) == "hang" else {}
        found.append(Fault("find", name, dice.randint(1, 2), more))
    return found
