"""Text that people type: what is let in, and how it is tidied without changing what they wrote.

Neither NFC nor NFKC is applied: both turn characters of names (塚 U+FA10, 神 U+FA19, 隆 U+F9DC) into others. Only kana
followed by a combining ゛ or ゜, as some systems paste them, are joined. Codes and numbers go through `code`.
"""

import re
import unicodedata

_ZERO_WIDTH = re.compile("[\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff]")
_SPLIT_KANA = re.compile("[\u3041-\u30ff][\u3099\u309a]")
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")
# Everything that a Japanese keyboard offers where a hyphen is meant.
_HYPHENS = str.maketrans(dict.fromkeys("‐‑‒–—―−ー─", "-"))
_UNUSABLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


class UnusableCharacter(ValueError):
    """The text holds a control, bidi, private or broken character. `shown` names the first, as U+202E."""

    def __init__(self, character: str) -> None:
        self.shown = f"U+{ord(character):04X}"
        super().__init__(self.shown)


def _usable(character: str, *, lines: bool) -> bool:
    category = unicodedata.category(character)
    if category in _UNUSABLE:
        return lines and character in "\n\t"
    # Unassigned: refused, but for the planes of kanji, where Unicode is ahead of this Python's tables.
    return category != "Cn" or (0x20000 <= ord(character) < 0x3FFFE and ord(character) & 0xFFFE != 0xFFFE)


def has_invisible(value: str) -> bool:
    """Whether `clean` would take zero-width characters out."""
    return bool(_ZERO_WIDTH.search(value.strip()))


def clean(value: str, *, lines: bool = False) -> str:
    """The text without surrounding blanks and zero-width characters; line ends become LF.

    With `lines` line ends and tabs are allowed. Raises UnusableCharacter for everything that could not be printed, or
    would turn the reading direction.
    """
    tidy = _ZERO_WIDTH.sub("", value).strip()
    if lines:
        tidy = _LINE_ENDS.sub("\n", tidy)
    for character in tidy:
        if not _usable(character, lines=lines):
            raise UnusableCharacter(character)
    return _SPLIT_KANA.sub(lambda pair: unicodedata.normalize("NFC", pair[0]), tidy)


def code(value: str) -> str:
    """An ID or number in plain half-width form: NFKC, one kind of hyphen, no blanks. Raises UnusableCharacter."""
    plain = unicodedata.normalize("NFKC", clean(value)).translate(_HYPHENS)
    return "".join(plain.split())


def whole_number(posted: str) -> int | None:
    """A whole number of one to nine digits out of what was posted; None for anything else. No column takes more."""
    return int(posted) if posted.isascii() and posted.isdigit() and len(posted) <= 9 else None
