"""Events as an outsider reads them: who, when, what, in Japanese sentences."""

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.models import Event, EventObject
from lib import jst, registry
from lib.actor import Actor, ActorKind, Channel

PERSON = "accounts.user"
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
SERVICES = {
    "": "自動処理",
    "postman": "自動処理（メール）",
    "sweeper": "自動処理（確認）",
    "booker": "自動処理（手配）",
    "closer": "自動処理（締め）",
    "setup": "基礎データ",
    "command": "管理コマンド",
    "demo": "見本データ",
}
# Keys of data that many kinds of events share; the others are shown as they are.
FACTS = {
    "action": "操作",
    "added": "追加（行）",
    "address": "接続元",
    "amount": "金額（円）",
    "bad": "誤り（行）",
    "before": "前の終了日",
    "code": "コード",
    "confidence": "確度",
    "count": "個数",
    "department": "所属",
    "digest": "内容の指紋",
    "ended": "終了",
    "fee": "取消料（円）",
    "first": "開始日",
    "from": "前の状態",
    "kind": "種類",
    "last": "終了日",
    "login": "ログインID",
    "method": "方法",
    "name": "氏名",
    "number": "番号",
    "price": "金額（円）",
    "reason": "理由",
    "resumed": "続ける行の開始日",
    "role": "権限",
    "rows": "行数",
    "source": "出所",
    "subject": "対象",
    "table": "表",
    "title": "題名",
    "to": "後の状態",
    "total": "合計（円）",
    "unchanged": "変更なし（行）",
    "values": "値",
    "way": "方法",
    "why": "理由",
}
CHANNELS = {
    Channel.WEB: "ポータルの画面",
    Channel.DESK: "窓口の画面",
    Channel.TASK: "自動処理",
    Channel.COMMAND: "管理コマンド",
}


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event, ready to be shown."""

    public_id: UUID
    at: dt.datetime
    db_at: dt.datetime
    code: str
    label: str
    sentence: str
    actor: str
    acting_for: str
    channel: str
    request_id: str
    objects: Sequence[tuple[str, str, UUID]]
    data: Mapping[str, Any]
    personal: Mapping[str, Any]
    is_erased: bool

    @property
    def channel_word(self) -> str:
        """How it was done."""
        return CHANNELS[Channel(self.channel)]

    @property
    def facts(self) -> Sequence[tuple[str, object]]:
        """The data as (name, words)."""
        return _facts(self.data)

    @property
    def personal_facts(self) -> Sequence[tuple[str, object]]:
        """The personal values as (name, words)."""
        return _facts(self.personal)


def events(
    actor: Actor,
    *,
    person: UUID | None = None,
    object_id: UUID | None = None,
    code: str = "",
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> QuerySet[Event]:
    """Events that the actor may read, newest first; `person` is who did it, for whom, or whom it is about."""
    found = Event.objects.visible_to(actor)
    if person:
        about = Event.objects.filter(about__object_id=person).values("pk")
        found = found.filter(Q(actor_id=person) | Q(acting_for=person) | Q(pk__in=about))
    if object_id:
        found = found.filter(pk__in=Event.objects.filter(about__object_id=object_id).values("pk"))
    if code:
        found = found.filter(code__startswith=code)
    if first:
        found = found.filter(at__gte=jst.at(first))
    if last:
        found = found.filter(at__lt=jst.at(last + dt.timedelta(days=1)))
    return found


PAGE = 50


def event_page(found: QuerySet[Event], *, before: UUID | None) -> tuple[Sequence[EventLine], UUID | None]:
    """The 50 newest of the events, or the 50 that precede the event `before`; and where the next page begins.

    The log only grows: so no page counts it, and pages stay what they were while new events arrive.
    """
    if before:
        found = found.filter(seq__lt=Event.objects.filter(public_id=before).values("seq"))
    lines = event_lines(found[: PAGE + 1])
    return lines[:PAGE], lines[PAGE - 1].public_id if len(lines) > PAGE else None


def history_of(object_id: UUID, *, limit: int = 50) -> Sequence[EventLine]:
    """What happened to one object, newest first: for the history on its own page, whose access was checked before."""
    return event_lines(Event.objects.filter(about__object_id=object_id).distinct()[:limit])


def event_lines(found: Iterable[Event]) -> Sequence[EventLine]:
    """The events as lines; a constant number of queries for any number of events."""
    rows = list(found.select_related("personal").prefetch_related("about") if isinstance(found, QuerySet) else found)
    names = _names(rows)
    return [_line(row, names) for row in rows]


def person_name(person: UUID) -> str:
    """The person's name, or how their id begins."""
    return registry.object_names[PERSON][1]([person]).get(person, str(person)[:8])


def object_name(object_id: UUID) -> str:
    """What an object of events is called, such as 出張 T26010001; how its id begins when nothing names it."""
    known = EventObject.objects.filter(object_id=object_id).values_list("type", flat=True).first()
    if known not in registry.object_names:
        return str(object_id)[:8]
    word, names_of = registry.object_names[known]
    return f"{word} {names_of([object_id]).get(object_id, str(object_id)[:8])}"


def kinds() -> Sequence[tuple[str, str]]:
    """All kinds of events as (code, label), for the filter."""
    return sorted((kind.code, kind.label) for kind in registry.event_kinds.values())


def _names(rows: Iterable[Event]) -> Mapping[tuple[str, UUID], str]:
    wanted: dict[str, set[UUID]] = {}
    for row in rows:
        for item in row.about.all():
            wanted.setdefault(item.type, set()).add(item.object_id)
        people = {identifier for identifier in (row.actor_id, row.acting_for) if identifier}
        wanted.setdefault(PERSON, set()).update(people)
    found: dict[tuple[str, UUID], str] = {}
    for kind, identifiers in wanted.items():
        if identifiers and kind in registry.object_names:
            _, names_of = registry.object_names[kind]
            found |= {(kind, identifier): name for identifier, name in names_of(identifiers).items()}
    return found


class _Words(dict[str, object]):
    """The values of an event as words: codes, days and numbers as people read them; — for what is not there."""

    def __missing__(self, key: str) -> str:
        return "—"

    def __getitem__(self, key: str) -> object:
        value = super().__getitem__(key)
        if isinstance(value, int):
            return f"{value:,}"
        if isinstance(value, list):
            return "、".join(map(str, value))
        text = str(value)
        return jst.long_day(dt.date.fromisoformat(text)) if DAY.fullmatch(text) else _word(key, text)


def _facts(values: Mapping[str, Any]) -> Sequence[tuple[str, object]]:
    words = _Words(values)
    return [(FACTS.get(key, key), words[key]) for key in values]


def _word(key: str, code: str) -> str:
    return registry.event_words.get(key, {}).get(code, code)


def _line(row: Event, names: Mapping[tuple[str, UUID], str]) -> EventLine:
    body = json.loads(bytes(row.canonical))
    kind = registry.event_kinds.get(row.code)
    personal = row.personal.values if hasattr(row, "personal") else {}
    words = _Words(
        {key: f"{value:,}" if type(value) is int else value for key, value in (body["data"] | personal).items()}
    )
    who = {
        ActorKind.PERSON: names.get((PERSON, row.actor_id), "（不明の利用者）") if row.actor_id else "",
        ActorKind.SERVICE: SERVICES.get(row.service, f"自動処理（{row.service}）"),
        ActorKind.ANONYMOUS: "サインイン前の利用者",
    }[ActorKind(row.actor_kind)]
    about = [
        (
            registry.object_names.get(item.type, (item.type, None))[0],
            names.get((item.type, item.object_id), str(item.object_id)[:8]),
            item.object_id,
        )
        for item in row.about.all()
    ]
    return EventLine(
        public_id=row.public_id,
        at=row.at,
        db_at=row.db_at,
        code=row.code,
        label=kind.label if kind else row.code,
        sentence=kind.sentence.format_map(words) if kind else row.code,
        actor=who,
        acting_for=names.get((PERSON, row.acting_for), "") if row.acting_for else "",
        channel=row.channel,
        request_id=row.request_id,
        objects=about,
        data=body["data"],
        personal=personal,
        is_erased="person" in body and not personal,
    )
