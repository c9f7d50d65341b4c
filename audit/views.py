"""The auditor's pages: the log, one event, the mails that were sent."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit import access, queries
from audit.forms import EventFilterForm
from audit.models import MailState
from audit.permissions import READ_EVENTS, READ_MAIL
from audit.services import record_reading
from lib import jst, registry
from lib.requests import actor_of

# state of a mail -> (tone of the badge, icon)
MAIL_BADGES = {MailState.QUEUED: ("go", "clock"), MailState.SENT: ("ok", "ok"), MailState.FAILED: ("act", "stop")}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """The log, newest first, filtered by person, object, kind and days."""
    actor = actor_of(request)
    access.page_for(actor, READ_EVENTS)
    form = EventFilterForm(request.GET or None)
    typed = form.cleaned_data if form.is_bound and form.is_valid() else {}
    person, people = _person(form, request.GET, typed)
    about = _object(form, request.GET, typed)
    wanted = {"person": person, "object_id": about, "code": typed.get("kind", "")}
    days = {name: typed.get(name) for name in ("first", "last")}
    context: dict[str, Any] = {"form": form, "people": people, "chips": _chips(request.GET, wanted, days)}
    if not form.errors and not people:
        record_reading(actor, looked_for={**wanted, **days})
        found = queries.events(actor, **wanted, **days)  # type: ignore[arg-type]
        context["lines"], context["next"] = queries.event_page(found, before=_uuid(request.GET.get("before", "")))
    context["crumbs"] = [("ホーム", "/"), ("記録", "")]
    return render(request, "audit/events.html", context)


def _person(
    form: EventFilterForm, params: QueryDict, typed: Mapping[str, Any]
) -> tuple[UUID | None, Iterable[tuple[UUID, str]]]:
    """Whose events: the person of the address, or the one whose name was typed; several to choose from."""
    chosen = _uuid(params.get("person", ""))
    if chosen or not typed.get("who"):
        return chosen, []
    found = [row for search in registry.person_search for row in search(typed["who"])]
    if not found:
        form.add_error("who", "当てはまる人がいません。氏名・カナ・ログインIDの一部を入力してください。")
    return (found[0][0], []) if len(found) == 1 else (None, found)


def _object(form: EventFilterForm, params: QueryDict, typed: Mapping[str, Any]) -> UUID | None:
    """What the events are about: the object of the address, or the number or id that was typed."""
    text = typed.get("about", "")
    chosen = _uuid(params.get("object", "")) or _uuid(text)
    if chosen or not text:
        return chosen
    found = [identifier for search in registry.number_search for identifier in search(text)]
    if not found:
        form.add_error("about", "当てはまる対象がありません。出張番号・予約番号・請求書番号かIDを入力してください。")
    return found[0] if found else None


def _chips(params: QueryDict, wanted: Mapping[str, Any], days: Mapping[str, Any]) -> list[dict[str, str]]:
    """The filters that are set, each with the address without it."""
    kind = registry.event_kinds.get(wanted["code"])
    set_now = [
        (f"人:{queries.person_name(wanted['person'])}" if wanted["person"] else "", ["person", "who"]),
        (f"対象:{queries.object_name(wanted['object_id'])}" if wanted["object_id"] else "", ["object", "about"]),
        (f"種別:{kind.label}" if kind else "", ["kind"]),
        (f"{jst.long_day(days['first'])}から" if days["first"] else "", ["first_y", "first_m", "first_d"]),
        (f"{jst.long_day(days['last'])}まで" if days["last"] else "", ["last_y", "last_m", "last_d"]),
    ]
    return [{"label": label, "url": _without(params, names)} for label, names in set_now if label]


def _without(params: QueryDict, names: Iterable[str]) -> str:
    rest = params.copy()
    for name in ("before", *names):
        rest.pop(name, None)
    return f"?{rest.urlencode()}"


@require_safe
def event(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One event with everything that was recorded."""
    found = access.event_for(actor_of(request), pk)
    record_reading(actor_of(request), looked_for={"event": found.public_id})
    (line,) = queries.event_lines([found])
    crumbs = [("ホーム", "/"), ("記録", reverse("audit:events")), (line.label, "")]
    return render(request, "audit/event.html", {"line": line, "crumbs": crumbs})


@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """The outbox, which is also the mail log."""
    access.page_for(actor_of(request), READ_MAIL)
    asked = request.GET.get("state", "")
    state = asked if asked in MailState.values else ""
    rows, following = queries.mail_page(
        queries.mails(actor_of(request), state=state), before=_uuid(request.GET.get("before", ""))
    )
    here = reverse("audit:mails")
    tabs = [{"label": "すべて", "url": here, "current": not state}] + [
        {"label": label, "url": f"{here}?state={value}", "current": state == value}
        for value, label in MailState.choices
    ]
    context = {
        "rows": [(row, *MAIL_BADGES[MailState(row.state)]) for row in rows],
        "next": following,
        "tabs": tabs,
        "crumbs": [("ホーム", "/"), ("送信メール", "")],
    }
    return render(request, "audit/mails.html", context)


@require_safe
def mail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One mail as it was written."""
    found = access.mail_for(actor_of(request), pk)
    context = {
        "mail": found,
        "badge": MAIL_BADGES[MailState(found.state)],
        "crumbs": [("ホーム", "/"), ("送信メール", reverse("audit:mails")), (found.subject, "")],
    }
    return render(request, "audit/mail.html", context)
