"""Reading what a supplier says, strictly: what is not as agreed is BadAnswer, never a guess."""

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Never, TypeVar

T = TypeVar("T")
MOST_YEN = 100_000_000
MOST_DIGITS = 15
MOST_ITEMS = 5_000
FIRST_YEAR, LAST_YEAR = 2020, 2100
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class BadAnswer(ValueError):
    """The answer is not as agreed; the text says where."""


def strict_json(content: bytes) -> Any:
    """The value of a JSON text in UTF-8: no field twice, no NaN, no number beyond reason, no endless nesting."""
    try:
        return json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_each_once,
            parse_constant=_no_number,
            parse_int=_whole,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"answer is not JSON: {type(error).__name__}") from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadAnswer("a field stands twice")
    return fields


def _no_number(text: str) -> Never:
    raise BadAnswer(f"{text} is no number")


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise BadAnswer("number too large")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadAnswer("number too large")
    return number


def fields(value: Any, name: str = "answer") -> Mapping[str, Any]:
    """`value`, which must be an object."""
    if not isinstance(value, dict):
        raise BadAnswer(f"{name} is no object")
    return value


def items(body: Any, name: str) -> list[Any]:
    """A list."""
    value = _given(body, name)
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise BadAnswer(f"{name} is no list")
    return value


def code(body: Any, name: str, pattern: str) -> str:
    """A text of exactly this form: numbers, references, whatever is sent back later or compared."""
    value = _given(body, name)
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise BadAnswer(f"{name} has another form")
    return value


def words(body: Any, name: str, *, most: int = 80) -> str:
    """A text for people: not empty, in one line, cut to `most` characters."""
    value = _given(body, name)
    if not isinstance(value, str):
        raise BadAnswer(f"{name} is no text")
    line = " ".join(value.split())
    if not line or CONTROL.search(line):
        raise BadAnswer(f"{name} is no line of text")
    return line[:most]


def choice(body: Any, name: str, known: Collection[str]) -> str:
    """One of the known words."""
    value = _given(body, name)
    if not isinstance(value, str) or value not in known:
        raise BadAnswer(f"{name} is not known")
    return value


def flag(body: Any, name: str) -> bool:
    """True or false."""
    value = _given(body, name)
    if not isinstance(value, bool):
        raise BadAnswer(f"{name} is neither true nor false")
    return value


def whole(body: Any, name: str, *, least: int = 0, most: int) -> int:
    """A whole number of a range."""
    value = _given(body, name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadAnswer(f"{name} is out of range")
    return value


def yen(body: Any, name: str) -> int:
    """Whole yen, never negative."""
    return whole(body, name, most=MOST_YEN)


def day(body: Any, name: str) -> dt.date:
    """A date, YYYY-MM-DD."""
    value = _given(body, name)
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise BadAnswer(f"{name} is no date")
    return _in_our_time(name, dt.date.fromisoformat, value)


def moment(body: Any, name: str) -> dt.datetime:
    """A moment with its offset."""
    value = _given(body, name)
    if not isinstance(value, str):
        raise BadAnswer(f"{name} is no moment")
    found = _in_our_time(name, dt.datetime.fromisoformat, value)
    if found.tzinfo is None:
        raise BadAnswer(f"{name} has no offset")
    return found


def optional(body: Any, name: str, read: Callable[[Any, str], T]) -> T | None:
    """`read`, or None where the field is null; it must stand there in any case."""
    return None if _given(body, name) is None else read(body, name)


def expect(true: bool, what: str) -> None:  # noqa: FBT001  reads as a sentence
    """What must hold between fields."""
    if not true:
        raise BadAnswer(what)


def _given(body: Any, name: str) -> Any:
    found = fields(body)
    if name not in found:
        raise BadAnswer(f"{name} is missing")
    return found[name]


D = TypeVar("D", dt.date, dt.datetime)


def _in_our_time(name: str, read: Callable[[str], D], text: str) -> D:
    try:
        found = read(text)
    except ValueError as error:
        raise BadAnswer(f"{name} is no date") from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise BadAnswer(f"{name} is out of range")
    return found
