"""What goes in and out: requests with checked fields, answers, refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from http.cookies import SimpleCookie
from typing import Any, Protocol
from urllib.parse import parse_qsl

Json = dict[str, Any]
NAME_KANA = r"[ァ-ヴー・ 　]{1,40}"
REFERENCE = r"[0-9A-Za-z_\-]{1,40}"
MAX_YEN = 100_000_000


@dataclass(frozen=True)
class Answer:
    """A whole answer, before any fault touches it."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


def json_answer(status: int, value: Json) -> Answer:
    """JSON, UTF-8, Japanese unescaped."""
    return Answer(status, json.dumps(value, ensure_ascii=False).encode())


class Refusal(Exception):
    """An operation that is not done.

    `code` is for programs, `message` is Japanese for people; `beside` stands beside `error`.
    """

    def __init__(self, status: int, code: str, message: str, *, field: str = "", **beside: object) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.beside = beside

    def answer(self) -> Answer:
        """The refusal as JSON."""
        error = {"code": self.code, "message": self.message} | ({"field": self.field} if self.field else {})
        return json_answer(self.status, {"error": error, **self.beside})


def invalid(place: str, why: str = "形が正しくありません。") -> Refusal:
    """The request does not follow the contract at `place`."""
    return Refusal(400, "INVALID_REQUEST", f"{place or '本文'}: {why}", field=place)


@dataclass
class Request:
    """One HTTP request. `args` are the parts of the path; `about` is the reference that it is about.

    `dearer`: a fault lets the price rise while the request is carried out.
    """

    method: str
    path: str
    query_text: str
    headers: dict[str, str]
    body: bytes
    args: dict[str, str] = field(default_factory=dict)
    about: str | None = None
    dearer: bool = False

    @property
    def query(self) -> dict[str, str]:
        """Query parameters, the last of each name."""
        return dict(parse_qsl(self.query_text, keep_blank_values=True))

    def wanted(self, name: str, pattern: str) -> str:
        """A query parameter that must be there and match the pattern as a whole."""
        value = self.query.get(name, "")
        if not re.fullmatch(pattern, value):
            raise invalid(name)
        return value

    def form(self) -> dict[str, str]:
        """Fields of an HTML form. Raises Refusal when the bytes are not a form."""
        try:
            return dict(parse_qsl(self.body.decode("ascii"), keep_blank_values=True, errors="strict"))
        except ValueError:
            raise invalid("") from None

    def fields(self) -> Fields:
        """The JSON object in the body. Raises Refusal when there is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            raise invalid("", "JSONとして読めません。") from None
        if not isinstance(value, dict):
            raise invalid("", "JSONのオブジェクトではありません。")
        return Fields(value)

    def cookie(self, name: str) -> str:
        """A cookie's value, or an empty text."""
        morsel = SimpleCookie(self.headers.get("cookie", "")).get(name)
        return morsel.value if morsel else ""


class Fields:
    """A JSON object whose fields are taken one by one; each taking checks, and `done` refuses what nobody took."""

    def __init__(self, value: Json, place: str = "") -> None:
        self._value = value
        self._place = place
        self._taken: set[str] = set()

    def _take(self, name: str) -> Any:
        self._taken.add(name)
        return self._value.get(name)

    def _where(self, name: str) -> str:
        return f"{self._place}{name}"

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._value.get(name) is not None

    def text(self, name: str, pattern: str, default: str | None = None) -> str:
        """A text that matches the pattern as a whole."""
        value = self._take(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise invalid(self._where(name))
        return value

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number within the bounds."""
        value = self._take(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise invalid(self._where(name))
        return value

    def number(self, name: str, low: float, high: float, default: float) -> float:
        """Any number within the bounds."""
        value = self._take(name)
        if value is None:
            return default
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise invalid(self._where(name))
        return value

    def flag(self, name: str) -> bool:
        """true or false; false when left out."""
        value = self._take(name)
        if value not in (None, True, False):
            raise invalid(self._where(name))
        return bool(value)

    def day(self, name: str) -> date:
        """A date, YYYY-MM-DD."""
        value = self.text(name, r"\d{4}-\d{2}-\d{2}")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise invalid(self._where(name), "この日付はありません。") from None

    def texts(self, name: str, pattern: str, most: int) -> list[str]:
        """A list of 1 to `most` different texts."""
        value = self._take(name)
        if not isinstance(value, list) or not 1 <= len(value) <= most or not all(isinstance(one, str) for one in value):
            raise invalid(self._where(name))
        if len(set(value)) < len(value) or not all(re.fullmatch(pattern, one) for one in value):
            raise invalid(self._where(name))
        return value

    def part(self, name: str) -> Fields:
        """An object inside."""
        value = self._take(name)
        if not isinstance(value, dict):
            raise invalid(self._where(name))
        return Fields(value, f"{self._where(name)}.")

    def done(self) -> None:
        """Refuses fields that the contract does not know."""
        for name in self._value:
            if name not in self._taken:
                raise invalid(self._where(name), "知らない項目です。")


class Handler(Protocol):
    """Answers one operation."""

    def __call__(self, request: Request, /) -> Answer: ...


@dataclass(frozen=True)
class Route:
    """One operation: where it is found and who answers. `supplier` is empty for control and the sandbox itself."""

    method: str
    pattern: re.Pattern[str]
    supplier: str
    operation: str
    handler: Handler

    @property
    def key(self) -> str:
        """As counted: `supplier.operation`."""
        return f"{self.supplier}.{self.operation}"


def route(method: str, path: str, supplier: str, operation: str, handler: Callable[[Request], Answer]) -> Route:
    """A route from a path with `{names}`."""
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
    return Route(method, re.compile(pattern), supplier, operation, handler)
