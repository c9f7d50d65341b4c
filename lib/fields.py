"""Form fields that read what people in Japan type, and say in Japanese what to do when they cannot.

Every field takes a `label` and may take a `hint` (support text) and a `size` (width class of the input). No field cuts
text while it is typed: too long is said, not lost.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from lib import jst, text


class Asked(forms.Field):
    """What all fields share: label first, hint, width of the input, and a required message that names the label."""

    ask = "を入力してください。"
    unit = ""

    def __init__(self, label: str, *, hint: str = "", size: str = "", **kwargs: Any) -> None:
        messages = {"required": f"{label}{self.ask}"} | kwargs.pop("error_messages", {})
        super().__init__(label=label, help_text=hint, error_messages=messages, **kwargs)
        self.size = size


class TextField(Asked, forms.CharField):
    """Free text of at most `max_length` characters; with `lines` a text area. See `lib.text.clean`."""

    def __init__(self, label: str, *, max_length: int, lines: bool = False, **kwargs: Any) -> None:
        if lines:
            kwargs = {"widget": forms.Textarea(attrs={"rows": 4}), "size": "full"} | kwargs
        super().__init__(label, **kwargs)
        # Set late, so that the input gets no maxlength: a browser would cut pasted text without a word.
        self.max_length = max_length
        self.lines = lines

    def tidy(self, value: str) -> str:
        return text.clean(value, lines=self.lines)

    def to_python(self, value: Any) -> str | None:
        try:
            tidy = self.tidy("" if value is None else str(value))
        except text.UnusableCharacter as bad:
            raise ValidationError(
                f"使えない文字({bad.shown})が入っています。消すか、別の文字にしてください。", code="unusable"
            ) from bad
        return tidy or self.empty_value

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and self.max_length is not None and len(value) > self.max_length:
            raise ValidationError(f"{self.max_length}文字以内にしてください(いま{len(value)}文字)。", code="max_length")


class NameField(TextField):
    """A person's name, stored as typed."""

    def __init__(self, label: str, *, max_length: int = 40, **kwargs: Any) -> None:
        super().__init__(label, max_length=max_length, **kwargs)


class CodeField(TextField):
    """An ID, booking number or code: full width, blanks and odd hyphens are tolerated.

    Letters become capitals with `upper`; `pattern` must match the whole; `example` is shown when it does not.
    """

    def __init__(
        self, label: str, *, max_length: int, pattern: str = "", example: str = "", upper: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(label, max_length=max_length, **kwargs)
        self.pattern = re.compile(pattern) if pattern else None
        self.example = example
        self.upper = upper

    def tidy(self, value: str) -> str:
        plain = text.code(value)
        return plain.upper() if self.upper else plain

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and self.pattern and not self.pattern.fullmatch(value):
            shape = f"(例:{self.example})" if self.example else ""
            raise ValidationError(f"{self.label}の形を確かめて、入力し直してください{shape}。", code="pattern")


class WholeField(Asked):
    """A whole number between `low` and `high`; commas, full width and the `unit` behind it are tolerated."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    example = "2"

    def __init__(
        self, label: str, *, low: int = 0, high: int = 999, unit: str = "", size: str = "y", **kwargs: Any
    ) -> None:
        super().__init__(label, size=size, **kwargs)
        self.low, self.high = low, high
        self.unit = unit or self.unit

    def to_python(self, value: Any) -> int | None:
        if value is None or isinstance(value, int):
            return value
        try:
            plain = text.code(str(value))
        except text.UnusableCharacter:
            plain = "?"
        if not plain:
            return None
        digits = re.fullmatch(rf"[¥\\]?(-?[0-9,]+)(?:{re.escape(self.unit)})?", plain)
        if digits is None or not re.fullmatch(r"-?[0-9]{1,12}", digits[1].replace(",", "")):
            raise ValidationError(f"数字だけで入力してください(例:{self.example})。", code="invalid")
        return int(digits[1].replace(",", ""))

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and not self.low <= value <= self.high:
            raise ValidationError(
                f"{self.low:,}{self.unit}以上 {self.high:,}{self.unit}以下で入力してください。", code="bounds"
            )


class YenField(WholeField):
    """Whole yen."""

    unit = "円"
    example = "23480"

    def __init__(self, label: str, *, high: int = 9_999_999, size: str = "m", **kwargs: Any) -> None:
        super().__init__(label, high=high, size=size, **kwargs)


class RateField(Asked):
    """A rate with at most two decimals, from 0 to 100; full width and ％ behind it are tolerated."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    unit = "％"

    def __init__(self, label: str, *, size: str = "y", **kwargs: Any) -> None:
        super().__init__(label, size=size, **kwargs)

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        try:
            plain = text.code(str(value)).removesuffix("%").removesuffix("％")
        except text.UnusableCharacter:
            plain = "?"
        if not plain:
            return None
        if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,2})?|100(\.0{1,2})?", plain):
            raise ValidationError("0から100までの数字で入力してください(例:3、2.5)。", code="invalid")
        return Decimal(plain)


class DateWidget3(forms.MultiWidget):
    """年, 月 and 日 as numeric inputs `name_y`, `name_m`, `name_d`. `wrong` names the parts to mark as invalid."""

    template_name = "django/forms/widgets/date3.html"
    parts = "ymd"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        plain = {"inputmode": "numeric", "autocomplete": "off"}
        super().__init__({part: forms.TextInput(attrs=dict(plain)) for part in self.parts}, attrs)
        self.wrong = ""

    def decompress(self, value: Any) -> list[Any]:
        if isinstance(value, dt.date):
            return [value.year, value.month, value.day]
        return ["", "", ""]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        own = context["widget"]["attrs"]
        for part, word, inner in zip(self.parts, "年月日", context["widget"]["subwidgets"], strict=True):
            inner["word"] = word
            inner["attrs"]["id"] = f"{own.get('id', name)}_{part}"
            inner["attrs"]["class"] = "input input--y" if part == "y" else "input input--d"
            if part not in self.wrong:
                inner["attrs"].pop("aria-invalid", None)
        return context


class DateField3(Asked):
    """A day. `earliest` and `latest` are asked when the form is checked, so that they may depend on today.

    Errors carry `params={"parts": "ymd"}`: which of the three inputs to mend.
    """

    widget = DateWidget3

    def __init__(
        self,
        label: str,
        *,
        earliest: Callable[[], dt.date] | None = None,
        latest: Callable[[], dt.date] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, **kwargs)
        self.earliest, self.latest = earliest, latest

    def to_python(self, value: Any) -> dt.date | None:
        if value is None or isinstance(value, dt.date):
            return value
        try:
            typed = {part: text.code(str(given or "")) for part, given in zip("ymd", value, strict=True)}
        except text.UnusableCharacter:
            typed = dict.fromkeys("ymd", "?")
        if not any(typed.values()):
            return None
        numbers = self._numbers(typed)
        try:
            return dt.date(**numbers)
        except ValueError:
            day = f"{numbers['month']}月{numbers['day']}日"
            if numbers["month"] == 2 and numbers["day"] == 29:
                day = f"{numbers['year']}年{day}"
            raise self._wrong("d", f"{day}はありません。日を直してください。") from None

    def _numbers(self, typed: Mapping[str, str]) -> dict[str, int]:
        words = dict(zip("ymd", "年月日", strict=True))
        missing = "".join(part for part in typed if not typed[part])
        if missing:
            raise self._wrong(missing, f"{'と'.join(words[part] for part in missing)}も入力してください。")
        odd = "".join(part for part in typed if not re.fullmatch(r"[0-9]{1,4}", typed[part]))
        if odd:
            raise self._wrong(odd, f"{'と'.join(words[part] for part in odd)}は数字だけで入力してください。")
        if not 1900 <= int(typed["y"]) <= 2199:
            raise self._wrong("y", "年は西暦の4桁で入力してください(例:2026)。")
        if not 1 <= int(typed["m"]) <= 12:
            raise self._wrong("m", "月は1から12までの数字にしてください。")
        return {"year": int(typed["y"]), "month": int(typed["m"]), "day": int(typed["d"])}

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is None:
            return
        if self.earliest and value < (first := self.earliest()):
            raise self._wrong("ymd", f"{jst.long_day(first)}以後の日にしてください。")
        if self.latest and value > (last := self.latest()):
            raise self._wrong("ymd", f"{jst.long_day(last)}以前の日にしてください。")

    @staticmethod
    def _wrong(parts: str, message: str) -> ValidationError:
        return ValidationError(message, code="date", params={"parts": parts})


class TimeField(Asked):
    """A time of day in Japan, to the minute: 15:00, 1500, 15時, １５：００."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    _shapes = re.compile(r"([0-9]{1,2})(?:[:.時]([0-9]{2})?分?)?|([0-9]{1,2})([0-9]{2})")

    def __init__(self, label: str, *, size: str = "y", **kwargs: Any) -> None:
        super().__init__(label, size=size, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value.strftime("%H:%M") if isinstance(value, dt.time) else value

    def to_python(self, value: Any) -> dt.time | None:
        if value is None or isinstance(value, dt.time):
            return value
        try:
            plain = text.code(str(value))
        except text.UnusableCharacter:
            plain = "?"
        if not plain:
            return None
        found = self._shapes.fullmatch(plain)
        try:
            if found is None:
                raise ValueError(plain)
            return dt.time(int(found[1] or found[3]), int(found[2] or found[4] or 0))
        except ValueError:
            raise ValidationError("24時間の時刻で入力してください(例:15:00)。", code="invalid") from None


class Chosen(Asked):
    """A field whose value is picked, not typed."""

    ask = "を選んでください。"

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        again = "選べる中から選び直してください。"
        self.error_messages |= {"invalid_choice": again, "invalid_list": again}


class RadioField(Chosen, forms.ChoiceField):
    """One of a few, all in sight."""

    widget = forms.RadioSelect


class ChecksField(Chosen, forms.MultipleChoiceField):
    """Any of a few, all in sight."""

    widget = forms.CheckboxSelectMultiple
    ask = "を1つ以上選んでください。"


class SelectField(Chosen, forms.ChoiceField):
    """One of many; begins with 選択してください unless a value is preset and required."""

    def __init__(self, label: str, *, choices: Any = (), **kwargs: Any) -> None:
        if not callable(choices) and not (kwargs.get("required", True) and kwargs.get("initial")):
            choices = [("", "選択してください"), *choices]
        super().__init__(label, choices=choices, **kwargs)


class CheckField(Asked, forms.BooleanField):
    """One check box; its label is the sentence that is agreed to."""

    def __init__(self, label: str, *, ask: str = "チェックを入れてください。", **kwargs: Any) -> None:
        super().__init__(label, error_messages={"required": ask}, **kwargs)


class UploadField(Asked, forms.FileField):
    """A file with one of `endings` (as ".csv"), not empty, of at most `max_bytes`."""

    ask = "のファイルを選んでください。"
    widget = forms.FileInput

    def __init__(self, label: str, *, endings: Sequence[str], max_bytes: int = 10 * 1024 * 1024, **kwargs: Any) -> None:
        self.endings = tuple(ending.lower() for ending in endings)
        self.max_bytes = max_bytes
        super().__init__(label, max_length=200, **kwargs)
        self.error_messages |= {
            "invalid": self.error_messages["required"],
            "missing": self.error_messages["required"],
            "empty": "中身のあるファイルを選んでください(選んだファイルは空です)。",
            "max_length": "ファイル名を200文字以内にしてください。",
        }

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "accept": ",".join(self.endings)}

    def validate(self, value: Any) -> None:
        super().validate(value)
        if not isinstance(value, UploadedFile):
            return
        if not (value.name or "").lower().endswith(self.endings):
            raise ValidationError(f"{'、'.join(self.endings)} のファイルを選んでください。", code="ending")
        if (value.size or 0) > self.max_bytes:
            raise ValidationError(
                f"{_size(self.max_bytes)}以下のファイルを選んでください(いま{_size(value.size or 0)})。", code="size"
            )


def _size(count: int) -> str:
    """12MB, 340KB; rounded up, so that what is too large never reads as the limit."""
    unit, name = (1024 * 1024, "MB") if count >= 1024 * 1024 else (1024, "KB")
    return f"{-(-count // unit):,}{name}"
