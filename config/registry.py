"""Who hangs what where: filled once, when every room is loaded."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.urls import reverse

import accounts.events
import accounts.queries
import audit.events
import billing.events
import billing.models
import billing.queries
import booking.events
import booking.models
import booking.queries
from config.dated import TABLES
from lib import registry


def _no_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:  # noqa: ARG001
    return {}


def _numbered(text: str) -> list[UUID]:
    """Trips, reservations and invoices that carry this number."""
    carriers = (booking.models.Trip, booking.models.Reservation, billing.models.Invoice)
    rows = [model._default_manager.filter(number__iexact=text) for model in carriers]  # noqa: SLF001
    return [identifier for found in rows for identifier in found.values_list("public_id", flat=True)[:5]]


for room in (audit.events, accounts.events, booking.events, billing.events):
    registry.register_events(room.KINDS)
registry.register_words(accounts.events.WORDS)

# type of object -> (what it is called, function that names objects by public id)
registry.object_names.update(
    {
        "accounts.user": ("利用者", accounts.queries.person_names),
        "accounts.office": ("拠点", accounts.queries.office_names),
        "accounts.department": ("所属", accounts.queries.department_names),
        "accounts.confirmation": ("二人確認", accounts.queries.confirmation_names),
        "accounts.contract": ("契約", _no_names),
        "audit.event": ("記録", _no_names),
        "audit.outgoingmail": ("メール", _no_names),
        "booking.trip": ("出張", booking.queries.trip_names),
        "booking.reservation": ("予約", booking.queries.reservation_names),
        "booking.search": ("検索", _no_names),
        "booking.refundclaim": ("返金待ち", _no_names),
        "booking.feed": ("利用実績", booking.queries.feed_names),
        "booking.disruption": ("運休・欠航", booking.queries.disruption_names),
        "booking.charge": ("費用", _no_names),
        "booking.suppliercall": ("手配先への要求", _no_names),
        "booking.connection": ("手配先", booking.queries.connection_names),
        "billing.period": ("締め", billing.queries.period_names),
        "billing.invoice": ("請求書", billing.queries.invoice_names),
        "billing.invoicedocument": ("請求書PDF", billing.queries.document_names),
        "billing.oneoffrequest": ("一時費用の請求", _no_names),
    }
)


def _close_page(period: UUID, _: UUID) -> str:
    return reverse("billing:close", args=[period])


def _invoice_correction_page(invoice: UUID, _: UUID) -> str:
    return reverse("billing:confirm_correction", args=[invoice])


def _correction_page(charge: UUID, _: UUID) -> str:
    return reverse("billing:decide_correction", args=[charge])


def _one_off_page(wish: UUID, _: UUID) -> str:
    return reverse("billing:decide_one_off", args=[wish])


def _claim_page(claim: UUID, _: UUID) -> str:
    return reverse("booking:decide_claim", args=[claim])


registry.register_confirmations(
    [
        registry.ConfirmationKind("billing.close", "締め", "billing.period.close", _close_page, "closing.md"),
        registry.ConfirmationKind(
            billing.queries.CORRECTION, "請求書の修正", "billing.invoice.issue", _invoice_correction_page, "invoices.md"
        ),
        registry.ConfirmationKind(
            "billing.correct_charge", "費用の訂正・取消", "billing.charge.correct", _correction_page, "corrections.md"
        ),
        registry.ConfirmationKind(
            "billing.one_off", "一時費用の請求", "billing.invoice.issue", _one_off_page, "one_off.md"
        ),
        registry.ConfirmationKind(
            booking.queries.CLAIM_END, "返金待ち", "booking.reservation.record", _claim_page, "refunds.md"
        ),
    ]
)

registry.work_items.extend([accounts.queries.work_items, booking.queries.work_items, billing.queries.work_items])
registry.register_dated(TABLES)


registry.person_search.append(accounts.queries.search_person)
registry.number_search.append(_numbered)

# event code -> tasks of downstream rooms that should look soon; each is harmless when lost
registry.hints.update({})
