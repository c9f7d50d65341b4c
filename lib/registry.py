"""Empty typed tables that `config` fills at start: what hangs where, without a room knowing another.

`audit` reads event kinds and names of objects, pages draw panels, the desk joins work lists; none of them imports the
rooms that offer them.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.actor import Actor

if TYPE_CHECKING:
    from lib.dated import DatedRow


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of event: its code, how it reads in Japanese, which keys its data has, and which of them are personal.

    `sentence` may name data keys in braces; `keys` are codes, numbers, dates and ids and stay for ever, `personal` ones can
    be erased with consent.
    """

    code: str
    label: str
    sentence: str
    keys: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()


def kind(code: str, label: str, sentence: str = "", *, keys: str = "", personal: str = "") -> EventKind:
    """Short form for a room's `events.py`; keys as words."""
    return EventKind(code, label, sentence or label, frozenset(keys.split()), frozenset(personal.split()))


@dataclass(frozen=True, slots=True)
class Panel:
    """A part that one room draws on another room's page."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """Something that waits for a person."""

    kind: str
    title: str
    detail: str
    url: str
    since: dt.datetime
    due: dt.datetime | None = None
    verb: str = "開く"


@dataclass(frozen=True, slots=True)
class ConfirmationKind:
    """A kind of act that takes two people.

    `action` is what asking and deciding need, reaching everything; `url(subject, confirmation)`, both public ids, is the
    page of the room on which it is decided; `manual` is the file in docs/operations that says how it is done.
    """

    code: str
    label: str
    action: str
    url: Callable[[UUID, UUID], str]
    manual: str


@dataclass(frozen=True, slots=True)
class DatedColumn:
    """A column of a dated table: a field of its model, with what the field itself does not say.

    `label` replaces the field's name, `hint` helps the person who types. A number lies between `low` and `high` and has a
    `unit`; a code matches `pattern`, as `example` does. `options` gives code → words of what may stand here; for a
    reference the code is what the other row has in its field `key`.
    """

    name: str
    label: str = ""
    hint: str = ""
    unit: str = ""
    low: int = 0
    high: int = 999_999_999
    pattern: str = ""
    example: str = ""
    options: Callable[[], Mapping[str, str]] | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class DatedTable:
    """A table of dated rows that people look after on the generic screen of accounts.

    `subject` names the columns of the model's exclusion constraint: what a row is about. `read` and `edit` are the actions
    that guard it; `freeze` says, before a change, what keeps its value.
    """

    slug: str
    label: str
    model: type["DatedRow"]
    subject: tuple[str, ...]
    columns: tuple[DatedColumn, ...]
    help: str
    read: str
    edit: str
    freeze: str = ""


PanelFunction = Callable[[Actor, Any], Panel | None]
WorkFunction = Callable[[Actor], Sequence[WorkItem]]
NameFunction = Callable[[Iterable[UUID]], Mapping[UUID, str]]
PersonSearch = Callable[[str], Sequence[tuple[UUID, str]]]
NumberSearch = Callable[[str], Sequence[UUID]]

event_kinds: dict[str, EventKind] = {}
# key of an event's data -> code -> how the code reads in a sentence
event_words: dict[str, dict[str, str]] = {}
object_names: dict[str, tuple[str, NameFunction]] = {}
panels: dict[str, list[PanelFunction]] = {}
work_items: list[WorkFunction] = []
hints: dict[str, list[str]] = {}
confirmation_kinds: dict[str, ConfirmationKind] = {}
# Words of a name, kana or login ID -> (public id, how the person is told apart).
person_search: list[PersonSearch] = []
# A number that people know (of a trip, a booking, an invoice) -> public ids of what carries it.
number_search: list[NumberSearch] = []

# slug in the address -> table of dated rows
dated_tables: dict[str, DatedTable] = {}


def register_events(kinds: Iterable[EventKind]) -> None:
    """Add a room's event kinds. Raises ValueError when a code is taken."""
    for event_kind in kinds:
        if event_kind.code in event_kinds:
            raise ValueError(f"event code taken: {event_kind.code}")
        event_kinds[event_kind.code] = event_kind


def register_words(words: Mapping[str, Mapping[str, str]]) -> None:
    """Add how a room's codes read in sentences, by key of the data."""
    for key, codes in words.items():
        event_words.setdefault(key, {}).update(codes)


def register_confirmations(kinds: Iterable[ConfirmationKind]) -> None:
    """Add a room's acts that take two people, and how their codes read in sentences."""
    for act in kinds:
        confirmation_kinds[act.code] = act
        register_words({"kind": {act.code: act.label}})


def register_dated(tables: Iterable[DatedTable]) -> None:
    """Add tables of dated rows; events call them by their labels."""
    for table in tables:
        dated_tables[table.slug] = table
        register_words({"table": {table.slug: table.label}})
