"""What every page's frame shows: navigation by role, the person, contact, footer."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts import queries
from lib import clock
from lib.actor import Actor, ActorKind, Scope

# (action, least scope, label, address, path prefix)
ENTRIES: list[tuple[str, Scope, str, str, str]] = [
    ("booking.search", Scope.OWN, "予約する", "booking:search", "/search/"),
    ("booking.trip.read", Scope.OWN, "出張一覧", "booking:trips", "/trips/"),
    ("booking.reservation.record", Scope.ALL, "手配の記録", "booking:record", "/record/"),
    ("booking.disruption.handle", Scope.ALL, "運休・欠航", "booking:disruptions", "/disruptions/"),
    ("booking.feed.read", Scope.ALL, "利用実績", "booking:feeds", "/feeds/"),
    ("booking.call.read", Scope.ALL, "成立の確認", "booking:calls", "/calls/"),
    ("booking.refund.read", Scope.ALL, "返金待ち", "booking:claims", "/refunds/"),
    ("billing.period.read", Scope.ALL, "締め", "billing:periods", "/closing/"),
    ("billing.invoice.read", Scope.OFFICE, "請求書", "billing:invoices", "/invoices/"),
    ("billing.charge.read", Scope.ALL, "費用", "billing:charges", "/charges/"),
    ("billing.usage.read", Scope.OFFICE, "利用状況", "billing:usage", "/usage/"),
    ("billing.ledger.read", Scope.OFFICE, "費用台帳", "billing:ledger", "/ledger/"),
    ("accounts.confirmation.read", Scope.ALL, "二人確認", "accounts:confirmations", "/confirmations/"),
    ("accounts.person.read", Scope.OFFICE, "利用者", "accounts:people", "/people/"),
    ("accounts.dated.read", Scope.ALL, "料金・税・規則の表", "accounts:tables", "/tables/"),
    ("audit.event.read", Scope.ALL, "記録", "audit:events", "/audit/events/"),
    ("audit.mail.read", Scope.ALL, "送信メール", "audit:mails", "/audit/mails/"),
]


def navigation(actor: Actor, path: str) -> list[dict[str, Any]]:
    """The entries that the actor's roles open; the present one marked."""
    home = {"label": "ホーム", "url": reverse("config:home"), "current": path == "/"}
    return [
        home,
        *(
            {"label": label, "url": reverse(name), "current": path.startswith(prefix)}
            for action, least, label, name, prefix in ENTRIES
            if actor.scope(action) >= least
        ),
    ]


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of `base.html`; works before sign-in, too."""
    actor: Actor | None = getattr(request, "actor", None)
    signed_in = actor is not None and actor.kind is ActorKind.PERSON
    issuer = queries.issuer_on(clock.today())
    desk = signed_in and actor is not None and actor.may("billing.period.read")
    return {
        "nav": navigation(actor, request.path) if signed_in and actor else [],
        "desk": desk,
        "desk_label": ("オペレータ" if actor and actor.may("billing.period.close") else "監査者") if desk else "",
        "person_name": request.user.name if signed_in else "",  # type: ignore[union-attr]
        "footer_links": [
            {"label": text.title, "url": reverse("accounts:text", args=[text.slug])} for text in queries.public_texts()
        ],
        "contact": {"phone": issuer.telephone, "hours": issuer.hours} if issuer else None,
        "session_seconds": request.session.get("idle", 0) * 60 if signed_in else 0,
    }
