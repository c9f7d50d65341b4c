"""The base form of every screen: Japanese need words, linked hints and errors, and the data of the error summary.

Fields stand in `lib.fields` and are handed on here. Templates: `django/forms/field.html` draws one field
(`{{ form.purpose.as_field_group }}`), `components/error_summary.html` the summary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.boundfield import BoundField as DjangoBoundField
from django.forms.renderers import TemplatesSetting
from django.utils.datastructures import MultiValueDict

from lib import text
from lib.errors import PortalError
from lib.fields import (
    CheckField,
    ChecksField,
    CodeField,
    DateField3,
    DateWidget3,
    NameField,
    RadioField,
    SelectField,
    TextField,
    TimeField,
    UploadField,
    WholeField,
    YenField,
)

__all__ = [
    "BoundField",
    "CheckField",
    "ChecksField",
    "CodeField",
    "DateField3",
    "Form",
    "NameField",
    "RadioField",
    "Renderer",
    "SelectField",
    "SummaryItem",
    "TextField",
    "TimeField",
    "UploadField",
    "WholeField",
    "YenField",
    "summary_of",
    "typed_values",
]

_TYPED = (forms.TextInput, forms.Textarea, forms.Select, forms.FileInput)
_PICKED = (forms.RadioSelect, forms.CheckboxSelectMultiple)


class BoundField(DjangoBoundField):
    """A field on a page: classes of the input, ids of hint and error, the need word, where a link to it leads."""

    @property
    def need(self) -> str:
        """必須, 任意, or nothing where the word would only be noise (preset choices, forms without need words)."""
        if not isinstance(self.form, Form) or not self.form.need_words or self.name in self.form.silent:
            return ""
        return "必須" if self.field.required else "任意"

    @property
    def unit(self) -> str:
        return str(getattr(self.field, "unit", ""))

    @property
    def is_single_check(self) -> bool:
        """One check box whose label stands behind it."""
        return isinstance(self.field.widget, forms.CheckboxInput)

    @property
    def wrong_parts(self) -> str:
        """Of a date: the parts (y, m, d) that its errors are about; all when they do not say."""
        parts = ""
        for error in self.form.errors.as_data().get(self.name, []):
            parts += str((error.params or {}).get("parts", "ymd"))
        return "".join(part for part in "ymd" if part in parts)

    @property
    def focus_id(self) -> str:
        """The id of the control that mends the first error of this field."""
        widget = self.field.widget
        if isinstance(widget, DateWidget3):
            return f"{self.auto_id}_{(self.wrong_parts or 'y')[0]}"
        return f"{self.auto_id}_0" if isinstance(widget, _PICKED) else self.auto_id

    @property
    def aria_describedby(self) -> str | None:
        """Error first, then hint and unit: what is wrong is heard before what is wanted."""
        if self.is_hidden or not self.auto_id:
            return None
        present = {"error": self.errors, "helptext": self.help_text, "unit": self.unit}
        return " ".join(f"{self.auto_id}_{name}" for name, there in present.items() if there) or None

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        built = super().build_widget_attrs(attrs, widget)
        widget = widget or self.field.widget
        if widget.is_hidden:
            return built
        if isinstance(widget, DateWidget3):
            widget.wrong = self.wrong_parts
        if isinstance(widget, _TYPED) and not isinstance(widget, _PICKED):
            size = str(getattr(self.field, "size", ""))
            names = f"input {size and f'input--{size}'} {widget.attrs.get('class', '')}".split()
            built["class"] = " ".join(dict.fromkeys(names))
        if isinstance(widget, forms.RadioSelect):
            built.pop("aria-invalid", None)
        # Screen readers may pass over a description that stands on the fieldset only.
        if self.errors and self.use_fieldset:
            built["aria-describedby"] = f"{self.auto_id}_error"
        return built


class Renderer(TemplatesSetting):
    """Draws forms with the portal's templates, those of third parties too (setting FORM_RENDERER)."""

    field_template_name = "django/forms/field.html"
    form_template_name = "django/forms/form.html"
    bound_field_class = BoundField


@dataclass(frozen=True, slots=True)
class SummaryItem:
    """One line of the error summary; `target` is the id to jump to, empty for what concerns the whole form."""

    message: str
    target: str = ""


class Form(forms.Form):
    """Base of all forms.

    `silent` names fields that carry no need word (a preset choice); `need_words = False` leaves them out altogether.
    Browsers' own messages are off: ours say what to do, in Japanese, beside the field.
    """

    default_renderer = Renderer
    use_required_attribute = False
    need_words = True
    silent: frozenset[str] = frozenset()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    @property
    def summary(self) -> list[SummaryItem]:
        """Every error once, in the order of the page."""
        return summary_of(self)

    @property
    def notices(self) -> list[str]:
        """What was tidied away in what the person typed, to be told beside the result."""
        if not self.is_bound:
            return []
        return [
            f"{bound.label}から、目に見えない文字を取り除きました。"
            for bound in self
            if isinstance(bound.field, TextField) and text.has_invisible(str(bound.data or ""))
        ]

    def take_error(self, error: PortalError) -> None:
        """Show what a verb refused: beside the field that the error names, else above the form."""
        self.add_error(error.field if error.field in self.fields else None, error.message)


def summary_of(*several: forms.BaseForm) -> list[SummaryItem]:
    """The errors of all forms on a page, in their order; each line makes sense without the field beside it."""
    items = []
    for form in several:
        if not form.is_bound:
            continue
        items += [SummaryItem(_line(message)) for message in form.errors.get(NON_FIELD_ERRORS, [])]
        for bound in form:
            target = bound.focus_id if isinstance(bound, BoundField) else bound.id_for_label
            items += [SummaryItem(_line(message, str(bound.label)), target) for message in bound.errors]
    return items


def _line(message: Any, label: str = "") -> str:
    words = str(message).removesuffix("。")
    return words if not label or label in words else f"{label}:{words}"


def typed_values(form_class: type[forms.Form], raw: MultiValueDict[str, str]) -> Mapping[str, Any]:
    """What somebody typed into the form, as `initial` of a fresh one: shown again, unchecked and never carried out."""
    fields = form_class.base_fields.items()
    return {
        name: field.widget.value_from_datadict(raw, MultiValueDict(), name)
        for name, field in fields
        if not isinstance(field, forms.FileField)
        and not field.widget.value_omitted_from_data(raw, MultiValueDict(), name)
    }
