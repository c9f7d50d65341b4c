"""A registered table of dated rows as one page reads it: names, words and codes of its cells, and the form of one row."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db import models

from lib import fields, jst, text
from lib.dated import Confidence, DatedRow
from lib.forms import Form
from lib.registry import DatedColumn, DatedTable

FIRST, LAST, SOURCE, CONFIDENCE = "初日", "末日", "出典", "確度"
YES_NO = {"True": "はい", "False": "いいえ"}
LONG = 80
DAY_MARKS = re.compile("[-/年月]")


class Sheet:
    """A table with its options of today; the database is asked for those once."""

    def __init__(self, table: DatedTable) -> None:
        self.table = table
        self.fields: dict[str, models.Field[Any, Any]] = {}
        self.options: dict[str, Mapping[str, str]] = {}
        self.labels: dict[str, str] = {}
        for column in table.columns:
            field = table.model._meta.get_field(column.name)  # noqa: SLF001
            assert isinstance(field, models.Field)
            self.fields[column.name] = field
            self.options[column.name] = _options(column, field)
            self.labels[column.name] = column.label or str(field.verbose_name)

    @property
    def heads(self) -> list[str]:
        """The heads of a file of the table, in their order."""
        return [*self.labels.values(), FIRST, LAST, SOURCE, CONFIDENCE]

    def code(self, row: DatedRow, column: DatedColumn) -> str | int | None:
        """What stands in the cell: a code, a number, a text; of a reference the key. None when nothing is known."""
        value = getattr(row, column.name)
        if value is not None and column.key:
            value = getattr(value, column.key)
        return value if value is None or type(value) is int else str(value)

    def words(self, row: DatedRow, column: DatedColumn) -> str:
        """The cell as people read it."""
        value, code = getattr(row, column.name), self.code(row, column)
        if code is None:
            return ""
        if isinstance(value, dt.date):
            return jst.long_day(value)
        if type(code) is int:
            return f"{code:,}{column.unit}"
        return self.options[column.name].get(str(code), str(code))

    def subject(self, row: DatedRow) -> str:
        """What the row is about, in words."""
        return " ".join(self.words(row, column) for column in self.table.columns if column.name in self.table.subject)

    def key(self, row: DatedRow) -> tuple[str | int | None, ...]:
        """What the row is about, in codes: equal for rows of one subject."""
        return tuple(self.code(row, column) for column in self.table.columns if column.name in self.table.subject)

    def codes(self, row: DatedRow) -> dict[str, str | int | None]:
        """All cells by column; the days are not among them."""
        return {column.name: self.code(row, column) for column in self.table.columns}

    def facts(self, row: DatedRow) -> list[tuple[str, str]]:
        """The whole row as (name, words)."""
        cells = [(self.labels[column.name], self.words(row, column)) for column in self.table.columns]
        confidence = Confidence(row.confidence).label
        return [*cells, ("有効期間", row.days), (SOURCE, row.source), (CONFIDENCE, str(confidence))]

    def line(self, row: DatedRow) -> list[str | int]:
        """The row as cells of a file: words for codes, the key of a reference, days as 2026-04-01, nothing when open."""
        cells: list[str | int] = []
        for column in self.table.columns:
            code = self.code(row, column)
            words = code if column.key else self.options[column.name].get(str(code), code)
            cells.append("" if words is None else words)
        days = [day.isoformat() if day else "" for day in (row.first_day, row.last_day)]
        return [*cells, *days, row.source, str(Confidence(row.confidence).label)]

    def typed(self, cells: Mapping[str, str]) -> dict[str, str]:
        """Cells of a file by head as `row_form` wants them: words turned back into codes."""
        options = {**self.options, "confidence": {str(code): str(word) for code, word in Confidence.choices}}
        typed = {}
        for name, head in {**self.labels, "source": SOURCE, "confidence": CONFIDENCE}.items():
            codes = {word: code for code, word in options.get(name, {}).items()}
            cell = cells[head].strip()
            typed[name] = cell if cell in options.get(name, {}) else codes.get(cell, cell)
            if isinstance(self.fields.get(name), models.DateField):
                typed |= dict(
                    zip((f"{name}_{part}" for part in "ymd"), DAY_MARKS.split(cell.strip("日")), strict=False)
                )
        return typed


def read_day(cell: str) -> dt.date | None:
    """A day of a file: 2026-04-01, 2026/4/1 or 2026年4月1日; None for an empty cell. Raises ValueError."""
    plain = text.code(cell)
    return dt.date(*map(int, DAY_MARKS.split(plain.strip("日")))) if plain else None


def _options(column: DatedColumn, field: models.Field[Any, Any]) -> Mapping[str, str]:
    if column.options:
        return column.options()
    if isinstance(field, models.BooleanField):
        return YES_NO
    return {str(code): str(word) for code, word in field.flatchoices}


class RowForm(Form, forms.ModelForm):  # type: ignore[type-arg]
    """Base of the forms of a dated row; `instance` is the row that was typed, still without its days."""

    silent = frozenset({"confidence"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["confidence"].initial = Confidence.HIGH


class ReferenceField(fields.SelectField):
    """One of the rows of another table, picked by its key."""

    def __init__(self, label: str, *, model: type[models.Model], key: str, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.model, self.key = model, key

    def clean(self, value: Any) -> models.Model | None:
        code = super().clean(value)
        rows = self.model._default_manager  # noqa: SLF001
        return rows.get(**{self.key: code}) if code else None


def row_form(sheet: Sheet, base: type[RowForm] = RowForm) -> type[RowForm]:
    """The form of one row, made from the fields of the model; fields that `base` declares follow those of the table.

    Raises TypeError for a kind of field that the project's forms do not have.
    """
    columns = {column.name: column for column in sheet.table.columns}

    def field_for(field: models.Field[Any, Any], **_: Any) -> forms.Field:
        if field.name == "source":
            return fields.TextField(
                SOURCE, max_length=400, size="full", required=False, hint="根拠となる文書や通知、URL"
            )
        if field.name == "confidence":
            return fields.RadioField(CONFIDENCE, choices=Confidence.choices)
        return _field(sheet, columns[field.name], field)

    names = [*columns, "source", "confidence"]
    built = forms.modelform_factory(sheet.table.model, form=base, fields=names, formfield_callback=field_for)
    built.field_order = [*columns, *base.declared_fields, "source", "confidence"]
    return built  # type: ignore[return-value]


def _field(sheet: Sheet, column: DatedColumn, field: models.Field[Any, Any]) -> forms.Field:
    label = sheet.labels[column.name]
    asked: dict[str, Any] = {"hint": column.hint, "required": not (field.blank or field.null)}
    choices = list(sheet.options[column.name].items())
    if isinstance(field, models.BooleanField):
        return fields.CheckField(label, required=False, hint=column.hint)
    if column.key:
        related = field.related_model
        assert isinstance(related, type)
        # A single one needs no choosing.
        preset = choices[0][0] if len(choices) == 1 else None
        return ReferenceField(label, model=related, key=column.key, choices=choices, initial=preset, **asked)
    if choices:
        return fields.SelectField(label, choices=choices, **asked)
    if isinstance(field, models.DecimalField):
        return fields.RateField(label, **asked)
    if isinstance(field, models.IntegerField):
        return fields.WholeField(label, low=column.low, high=column.high, unit=column.unit, size="m", **asked)
    if isinstance(field, models.DateField):
        return fields.DateField3(label, **asked)
    return _text_field(label, column, field, asked)


def _text_field(label: str, column: DatedColumn, field: models.Field[Any, Any], asked: dict[str, Any]) -> forms.Field:
    if isinstance(field, models.TextField):
        return fields.TextField(label, max_length=field.max_length or 20000, lines=True, **asked)
    if isinstance(field, models.CharField):
        length = field.max_length or LONG
        if column.pattern:
            asked |= {"pattern": column.pattern, "example": column.example}
            return fields.CodeField(label, max_length=length, size="m", **asked)
        return fields.TextField(label, max_length=length, size="full" if length >= LONG else "", **asked)
    raise TypeError(f"no form field for {field}")


def same_cells(sheet: Sheet, one: DatedRow, other: DatedRow) -> bool:
    """Whether two rows say the same, days apart."""
    same: Sequence[str] = ("source", "confidence")
    return sheet.codes(one) == sheet.codes(other) and all(getattr(one, name) == getattr(other, name) for name in same)
