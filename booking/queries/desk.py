"""What waits for the desk in this room: usage rows, refunds, disruptions, lost answers, connections."""

import datetime as dt

from django.urls import reverse

from booking.models import CallState, Connection, FeedRow, ReservationState, SupplierCall
from booking.queries.claims import late_claims, step_of, unexplained_claims
from booking.queries.connections import troubled_connections
from booking.queries.disruptions import disruption_list, open_fee_bookings
from lib import clock, jst, yen
from lib.actor import Actor
from lib.registry import WorkItem

R = ReservationState


def desk_items(actor: Actor) -> list[WorkItem]:
    """What needs an operator, whoever travels."""
    rows = FeedRow.objects.filter(state__in=["unmatched", "bad"]).select_related("feed").order_by("-pk")[:20]
    items = [
        WorkItem(
            "feed_row",
            f"利用実績 {row.line}行目を確かめる",
            f"{row.feed.file_name}。{row.reason}",
            reverse("booking:feed", args=[row.feed.public_id]),
            row.feed.uploaded_at,
        )
        for row in rows
    ]
    items += _refunds()
    items += _disruptions(actor)
    unknown = SupplierCall.objects.filter(reservation__state=R.UNKNOWN).exclude(state=CallState.DONE)
    items += [
        WorkItem(
            "unknown",
            f"{call.reservation.title} の{call.get_verb_display()}の成立を確認中",
            f"{call.reservation.trip.traveller.name} / {call.reservation.trip.number}。照会 {call.asks}回。",
            reverse("booking:call", args=[call.public_id]),
            call.created_at,
        )
        for call in unknown.select_related("reservation__trip__traveller").order_by("pk")[:20]
    ]
    return items + [_connection_item(connection) for connection in troubled_connections()]


def _refunds() -> list[WorkItem]:
    """Money that is late, and money that came otherwise than expected."""
    items = [
        WorkItem(
            "refund",
            f"{claim.reservation.title} の返金を確かめる",
            f"{claim.reservation.trip.traveller.name} / {claim.reservation.trip.number}。"
            f"{claim.reservation.connection.name}から、{claim.age}日たっても返金がありません。",
            reverse(f"booking:{step_of(claim)}", args=[claim.reservation.public_id]),
            claim.opened_at,
            verb="返金を記録する",
        )
        for claim in late_claims(limit=20)
    ]
    return items + [
        WorkItem(
            "refund_differs",
            f"{claim.reservation.title} に予定と違う額が戻った理由を記録する",
            f"{claim.reservation.trip.traveller.name} / {claim.reservation.trip.number}。"
            f"予定は{yen.text(claim.expected)}、戻った額は{yen.text(claim.charged - claim.standing)}です。",
            reverse("booking:explain_claim", args=[claim.public_id]),
            claim.ended_at,
            verb="理由を記録する",
        )
        for claim in unexplained_claims(limit=20)
    ]


def _disruptions(actor: Actor) -> list[WorkItem]:
    """People of today's and later disruptions who have done nothing yet, and fees that should not have been asked for."""
    if not actor.may("booking.disruption.handle"):
        return []
    rows = disruption_list(actor, since=clock.today())
    items = [
        WorkItem(
            "disruption",
            f"{jst.short_day(row.disruption.day)} {row.disruption.service} の人に連絡する",
            f"{row.disruption.get_kind_display()}。対象{row.people}件のうち{row.idle}件は、まだ手続きがありません。",
            reverse("booking:disruption", args=[row.disruption.public_id]),
            row.disruption.entered_at,
            verb="確かめる",
        )
        for row in rows
        if row.idle and row.disruption.withdrawn_at is None
    ]
    return items + [
        WorkItem(
            "free_fee",
            f"{row.reservation.title} の額を手配先に確かめる",
            f"{row.reservation.trip.traveller.name} / {row.reservation.trip.number}。"
            f"無料の決まりですが、手配先が{row.stated_fee:,}円を示しました。",
            reverse("booking:disruption_follow_up", args=[row.public_id]),
            row.stated_at or row.told_at,
            verb="対応を記録する",
        )
        for row in open_fee_bookings()[:20]
    ]


def _connection_item(connection: Connection) -> WorkItem:
    ahead = dt.timedelta(seconds=clock.shift_seconds())
    rests = connection.rests_since + ahead if connection.rests_since else None
    return WorkItem(
        "connection",
        f"{connection.name} {'が休止中です' if connection.active else 'の接続を止めています'}",
        f"{connection.get_rests_because_display()}のため、予約と照会を待たせています。"
        if connection.active
        else connection.paused_because,
        reverse("booking:connections"),
        connection.paused_at or rests or clock.now(),
        verb="接続を見る",
    )
