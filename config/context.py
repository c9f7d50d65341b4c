"""What every page's frame shows: navigation by role, the person, contact, footer."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts import queries
from lib import clock
from lib.actor import Actor, ActorKind, Scope


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the menu: who may do `action` at `least` as widely sees it."""

    action: str
    least: Scope
    label: str
    name: str
    prefix: str


# At the desk only the groups stand in the menu, and below them the pages of the present one.
GROUPS: dict[str, list[Entry]] = {
    "予約": [
        Entry("booking.search", Scope.OWN, "予約する", "booking:search", "/search/"),
        Entry("booking.trip.read", Scope.OWN, "出張一覧", "booking:trips", "/trips/"),
        Entry("booking.reservation.record", Scope.ALL, "手配の記録", "booking:record", "/record/"),
        Entry("booking.disruption.handle", Scope.ALL, "運休・欠航", "booking:disruptions", "/disruptions/"),
        Entry("booking.call.read", Scope.ALL, "成立の確認", "booking:calls", "/calls/"),
        Entry("booking.refund.read", Scope.ALL, "返金待ち", "booking:claims", "/refunds/"),
        Entry("booking.feed.read", Scope.ALL, "利用実績", "booking:feeds", "/feeds/"),
    ],
    "締め・請求": [
        Entry("billing.period.read", Scope.ALL, "締め", "billing:periods", "/closing/"),
        Entry("billing.invoice.read", Scope.OFFICE, "請求書", "billing:invoices", "/invoices/"),
        Entry("billing.charge.read", Scope.ALL, "費用", "billing:charges", "/charges/"),
        Entry("billing.usage.read", Scope.OFFICE, "利用状況", "billing:usage", "/usage/"),
        Entry("billing.ledger.read", Scope.OFFICE, "費用台帳", "billing:ledger", "/ledger/"),
    ],
    "二人確認": [
        Entry("accounts.confirmation.read", Scope.ALL, "二人確認", "accounts:confirmations", "/confirmations/"),
    ],
    "利用者・表": [
        Entry("accounts.person.read", Scope.OFFICE, "利用者", "accounts:people", "/people/"),
        Entry("accounts.dated.read", Scope.ALL, "料金・税・規則の表", "accounts:tables", "/tables/"),
    ],
    "記録": [
        Entry("audit.event.read", Scope.ALL, "記録", "audit:events", "/audit/events/"),
        Entry("audit.mail.read", Scope.ALL, "送信メール", "audit:mails", "/audit/mails/"),
    ],
}
Menu = list[dict[str, Any]]


def navigation(actor: Actor, path: str, *, grouped: bool) -> tuple[Menu, Menu]:
    """The entries that the actor's roles open, the present one marked; grouped: the groups, and the present one's pages."""
    pages: dict[str, Menu] = {}
    for group, entries in GROUPS.items():
        opened = [entry for entry in entries if actor.scope(entry.action) >= entry.least]
        pages[group] = [
            {"label": entry.label, "url": reverse(entry.name), "current": path.startswith(entry.prefix)}
            for entry in opened
        ]
    home = {"label": "ホーム", "url": reverse("config:home"), "current": path == "/"}
    if not grouped:
        return [home, *(page for group in pages.values() for page in group)], []
    here = next((group for group in pages.values() if any(page["current"] for page in group)), [])
    groups = [
        {"label": label, "url": group[0]["url"], "current": group is here} for label, group in pages.items() if group
    ]
    return [home, *groups], here if len(here) > 1 else []


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of `base.html`; works before sign-in, too."""
    actor: Actor | None = getattr(request, "actor", None)
    signed_in = actor is not None and actor.kind is ActorKind.PERSON
    issuer = queries.issuer_on(clock.today())
    desk = signed_in and actor is not None and actor.may("billing.period.read")
    nav, pages = navigation(actor, request.path, grouped=desk) if signed_in and actor else ([], [])
    return {
        "nav": nav,
        "nav_pages": pages,
        "desk": desk,
        "desk_label": ("オペレータ" if actor and actor.may("billing.period.close") else "監査者") if desk else "",
        "person_name": request.user.name if signed_in else "",  # type: ignore[union-attr]
        "footer_links": [
            {"label": text.title, "url": reverse("accounts:text", args=[text.slug])} for text in queries.public_texts()
        ],
        "contact": {"phone": issuer.telephone, "hours": issuer.hours} if issuer else None,
        "session_seconds": request.session.get("idle", 0) * 60 if signed_in else 0,
    }
