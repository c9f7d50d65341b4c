"""Filters and parts of all pages; a builtin of the template engine, so templates need no `load`.

Filters show None as 未設定 (what is not known is never guessed) and an empty value as nothing. Parts draw
`templates/components/<name>.html`, where their inputs are documented.
"""

import datetime as dt
from typing import Any

from django import forms, template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from lib import jst
from lib import yen as money
from lib.forms import SummaryItem, summary_of

register = template.Library()

UNKNOWN = "未設定"
ICONS = {
    "ask",
    "asc",
    "back",
    "change",
    "clock",
    "copy",
    "cross",
    "desc",
    "draft",
    "go",
    "in",
    "info",
    "leave",
    "ok",
    "out",
    "print",
    "sort",
    "stop",
    "ticket",
    "two",
    "warn",
    "why",
    "yen",
}
TONES = {"draft", "go", "ok", "wait", "odd", "act", "late", "mute"}
VERDICTS = {"in": "規程内", "why": "要理由", "out": "規程外(承認不可)", "done": "判定済"}
# Levels of Django's messages, as the tones and icons of banners.
BANNERS = {"ok": "ok", "go": "info", "wait": "warn", "bad": "stop"}
MESSAGE_TONES = {"success": "ok", "info": "go", "warning": "wait", "error": "bad", "debug": "go"}


# -- Filters -----------------------------------------------------------------------------------------------------------
def _day(value: dt.date) -> dt.date:
    return jst.day_of(value) if isinstance(value, dt.datetime) else value


@register.filter
def yen(value: int | None) -> str:
    """76,340円; − before negative sums."""
    return _blank(value) or money.text(int(value or 0))


@register.filter
def jdate(value: dt.date | None) -> str:
    """12月10日(木); of a moment, its day in Japan."""
    return _blank(value) if not isinstance(value, dt.date) else jst.short_day(_day(value))


@register.filter
def jdate_long(value: dt.date | None) -> str:
    """2026年12月10日(木)."""
    return _blank(value) if not isinstance(value, dt.date) else jst.long_day(_day(value))


@register.filter
def jdates(first: dt.date | None, last: dt.date | None = None) -> str:
    """`first|jdates:last`: 12月10日(木)–11日(金); one day when both are the same or the last is not known."""
    return _blank(first) if not isinstance(first, dt.date) else jst.day_range(_day(first), _day(last or first))


@register.filter
def jtime(value: dt.datetime | dt.time | None) -> str:
    """10:40 in Japan; a bare time is one of Japan already."""
    if isinstance(value, dt.datetime):
        return jst.clock_time(value)
    return value.strftime("%H:%M") if isinstance(value, dt.time) else _blank(value)


@register.filter
def jdatetime(value: dt.datetime | None) -> str:
    """11月24日(火) 10:42 in Japan."""
    return jst.short_moment(value) if isinstance(value, dt.datetime) else _blank(value)


@register.filter
def minutes(value: int | dt.timedelta | None) -> str:
    """1時間55分, from whole minutes or a duration."""
    if isinstance(value, dt.timedelta):
        value = int(value.total_seconds()) // 60
    if not isinstance(value, int):
        return _blank(value)
    hours, rest = divmod(abs(value), 60)
    words = "".join([f"{hours}時間" if hours else "", f"{rest}分" if rest or not hours else ""])
    return f"−{words}" if value < 0 else words


@register.filter
def tel(value: str) -> str:
    """The address of a telephone link: tel: and digits only."""
    return "tel:" + "".join(character for character in value if character in "+0123456789")


def _blank(value: object) -> str:
    return UNKNOWN if value is None else ""


# -- Small tags --------------------------------------------------------------------------------------------------------
@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of `components/icons.html`. Never alone: always beside a word."""
    if name not in ICONS:
        raise ValueError(f"no icon {name!r}")
    return format_html('<svg class="icon" aria-hidden="true" viewBox="0 0 24 24"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def badge(tone: str, icon: str, word: str) -> SafeString:
    if tone not in TONES:
        raise ValueError(f"no badge {tone!r}")
    return render_to_string("components/badge.html", {"tone": tone, "icon": icon, "word": word})


@register.simple_tag
def verdict(kind: str, reason: str = "", word: str = "") -> SafeString:
    return render_to_string("components/verdict.html", {"kind": kind, "word": word or VERDICTS[kind], "reason": reason})


@register.simple_tag
def copy_value(value: str, label: str) -> SafeString:
    return render_to_string("components/copy_value.html", {"value": value, "label": label})


@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: object) -> str:
    """The present address' query with some parameters replaced; None takes one out.

    A page number never outlives a change of anything else.
    """
    params = context["request"].GET.copy()
    params.pop("page", None)
    for name, value in changes.items():
        if value is None:
            params.pop(name, None)
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}"


@register.filter
def message_tone(level: str) -> str:
    """The banner tone of a Django message level."""
    return MESSAGE_TONES.get(level, "go")


# -- Forms -------------------------------------------------------------------------------------------------------------
def _errors(context: Context) -> list[SummaryItem]:
    several = context.get("forms") or [context.get("form")]
    return summary_of(*(form for form in several if isinstance(form, forms.BaseForm)))


@register.simple_tag(takes_context=True)
def error_mark(context: Context) -> str:
    """エラー: 2件 — , first in the title of a page whose `form` (or one of whose `forms`) has errors."""
    count = len(_errors(context))
    return f"エラー: {count}件 — " if count else ""


@register.inclusion_tag("components/error_summary.html", takes_context=True)
def error_summary(context: Context, *several: forms.BaseForm) -> dict[str, Any]:
    """The errors of the given forms, or of the page's `form` or `forms`; nothing when there are none."""
    return {"items": summary_of(*several) if several else _errors(context)}


# -- Parts around content ----------------------------------------------------------------------------------------------
@register.simple_block_tag
def banner(content: str, tone: str, title: str, *, line: bool = False, level: int = 2) -> SafeString:
    return render_to_string(
        "components/banner.html",
        {"content": content, "tone": tone, "icon": BANNERS[tone], "title": title, "line": line, "level": level},
    )


@register.simple_block_tag
def empty(content: str, title: str, *, level: int = 3) -> SafeString:
    return render_to_string("components/empty.html", {"content": content, "title": title, "level": level})


@register.simple_block_tag
def dialog(content: str, title: str, *, level: int = 2) -> SafeString:
    return render_to_string("components/dialog.html", {"content": content, "title": title, "level": level})


@register.simple_block_tag
def dl_row(content: str, term: str, *, figures: bool = False, total: bool = False) -> SafeString:
    return render_to_string(
        "components/dl_row.html", {"content": content, "term": term, "figures": figures, "total": total}
    )


@register.simple_block_tag
def timeline_item(content: str, at: str, title: str, *, badge: str = "", kind: str = "", level: int = 4) -> SafeString:
    return render_to_string(
        "components/timeline_item.html",
        {"content": content, "at": at, "title": title, "badge": badge, "kind": kind, "level": level},
    )


@register.simple_block_tag
def pickbar(content: str, *, lines: Any = (), total: str = "", note: str = "") -> SafeString:
    return render_to_string(
        "components/pickbar.html", {"content": content, "lines": lines, "total": total, "note": note}
    )
