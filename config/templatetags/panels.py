"""Draw the parts that downstream rooms hang on a page."""

from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from lib import registry

register = template.Library()


@register.simple_tag(takes_context=True)
def panels(context: Context, page: str, obj: Any) -> SafeString:
    """The panels registered for `page`, about `obj`, in their order."""
    request = context["request"]
    drawn = (function(request.actor, obj) for function in registry.panels.get(page, []))
    parts = [render_to_string(panel.template, dict(panel.context), request) for panel in drawn if panel]
    return mark_safe("".join(parts))  # noqa: S308  parts are rendered templates, escaped there
