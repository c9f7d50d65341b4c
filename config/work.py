"""What waits for the actor, from all rooms, in the order of urgency."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lib import clock, registry
from lib.actor import Actor
from lib.registry import WorkItem

# kind of work -> (tone of the badge, icon, word)
BADGES = {
    "number": ("act", "leave", "番号待ち"),
    "left": ("late", "stop", "番号なしで出発"),
    "deadline": ("act", "clock", "発券期限"),
    "change": ("act", "change", "変更待ち"),
    "problem": ("act", "warn", "要確認"),
    "draft": ("draft", "draft", "下書き"),
    "disruption": ("act", "warn", "運休・欠航"),
    "free_fee": ("act", "yen", "額の確認"),
    "feed_row": ("wait", "warn", "不一致"),
    "refund": ("wait", "yen", "返金待ち"),
    "refund_differs": ("wait", "yen", "返金の差"),
    "unknown": ("odd", "ask", "確認中"),
    "connection": ("act", "stop", "接続"),
    "confirmation": ("wait", "two", "要二人確認"),
    "confirmation_own": ("go", "clock", "確認待ち"),
    "closing": ("act", "yen", "締め"),
}
OTHER = ("act", "warn", "要対応")
LATE = ("late", "stop", "期限超過")


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work, with its badge."""

    item: WorkItem
    badge: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Queue:
    """All work of one kind, as an entry of the desk's list; `kind` empty means everything."""

    kind: str
    word: str
    count: int
    is_current: bool


def work_for(actor: Actor) -> list[Work]:
    """Everything that waits for the actor: what is due first, then what waits longest."""
    items = [item for offer in registry.work_items for item in offer(actor)]
    items.sort(key=lambda item: (item.due is None, item.due or item.since))
    now = clock.now()
    return [Work(item, LATE if item.due and item.due < now else BADGES.get(item.kind, OTHER)) for item in items]


def queues(work: Sequence[Work], kind: str) -> list[Queue]:
    """The kinds of work that there is, with counts; `kind` is the one that is shown."""
    counts = Counter(piece.item.kind for piece in work)
    kinds = [(name, BADGES.get(name, OTHER)[2], count) for name, count in counts.items()]
    return [Queue(name, word, count, name == kind) for name, word, count in [("", "すべて", len(work)), *kinds]]
