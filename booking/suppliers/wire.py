"""What is kept of what was said: readable, and without names, member numbers, credentials and tokens.

Two nets: fields that hold such values by their names, and every value that went out itself, wherever and however written
it comes back: in an error page, in a broken-off answer, in the address.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

KEPT_CHARACTERS = 4000
HIDDEN = "…"
# Too much is hidden rather than too little: a hotel's name goes with its guest's.
PERSONAL = (
    r"[^\"\\&=?]{0,40}(?:name|kana|member|card|token|offer|secret|passw|auth|mail|phone|birth|address)[^\"\\&=?]{0,40}"
)
SECRET_FIELD = re.compile(PERSONAL, re.IGNORECASE)
# A secret field of JSON that is broken off or inside something else: its value may have no end.
FIELD_IN_TEXT = re.compile(rf'("{PERSONAL}"\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|[-+.\w]+)', re.IGNORECASE | re.DOTALL)
FIELD_IN_QUERY = re.compile(rf"([?&]{PERSONAL}=)[^&\s]*", re.IGNORECASE)
KANA = r"[ァ-ヴー・ｦ-ﾟ]{2,}"
KANA_NAME = re.compile(rf"{KANA}[ 　]+{KANA}")
LONG_NUMBER = re.compile(r"(?<![A-Za-z0-9])\d{7,}")
UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
SHORTEST = 2


class Redactor:
    """Hides what is secret by its field, and what has been learnt."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        for secret in secrets:
            self._add(secret)

    def learn(self, body: Any) -> None:
        """Take note of every secret value of a request, so that its echo is hidden, too."""
        if isinstance(body, Mapping):
            for name, value in body.items():
                if isinstance(value, str | int) and SECRET_FIELD.fullmatch(name):
                    self._add(str(value))
                self.learn(value)
        elif isinstance(body, list | tuple):
            for value in body:
                self.learn(value)

    def text(self, text: str) -> str:
        """The text as it may be kept: JSON by its fields, anything else by what it looks like; cut to a readable length."""
        text = UNSTORABLE.sub("\ufffd", text)
        try:
            hidden = json.dumps(_hide(json.loads(text)), ensure_ascii=False) if len(text) <= 2 * KEPT_CHARACTERS else ""
        except (ValueError, RecursionError):
            hidden = ""
        if not hidden:
            hidden = FIELD_IN_TEXT.sub(rf'\1"{HIDDEN}"', text[: 2 * KEPT_CHARACTERS])
            hidden = LONG_NUMBER.sub(HIDDEN, KANA_NAME.sub(HIDDEN, hidden))
        # What JSON wrote as an escape has become a character again.
        return UNSTORABLE.sub("\ufffd", self._without_known(hidden))[:KEPT_CHARACTERS]

    def path(self, path: str) -> str:
        """An address without its secrets."""
        return LONG_NUMBER.sub(HIDDEN, self._without_known(FIELD_IN_QUERY.sub(rf"\1{HIDDEN}", path)))[:KEPT_CHARACTERS]

    def _add(self, secret: str) -> None:
        for part in {secret, *secret.split()}:
            if len(part) >= SHORTEST:
                written = json.dumps(part)[1:-1]
                self._known |= {part, written, html.escape(part), quote(part, safe=""), quote(part), quote_plus(part)}

    def _without_known(self, text: str) -> str:
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text


def _hide(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN
            if SECRET_FIELD.fullmatch(name) and isinstance(inner, str | int | float) and not isinstance(inner, bool)
            else _hide(inner)
            for name, inner in value.items()
        }
    return [_hide(inner) for inner in value] if isinstance(value, list) else value
