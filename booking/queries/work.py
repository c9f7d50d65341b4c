"""What waits for a person in this room."""

import datetime as dt

from django.urls import reverse

from booking.models import Connection, FeedRow, Reservation, ReservationState, Trip, TripState
from booking.queries.connections import troubled_connections
from lib import clock, jst
from lib.actor import Actor, Scope
from lib.registry import WorkItem

R = ReservationState


def work_items(actor: Actor) -> list[WorkItem]:
    """Own open steps for travellers; for the desk what needs an operator."""
    scope = actor.scope("booking.trip.arrange")
    if scope is Scope.NONE:
        return []
    items = _steps(actor)
    if scope is Scope.ALL:
        items += _desk()
    return items


def _steps(actor: Actor) -> list[WorkItem]:
    reachable = Trip.objects.visible_to(actor, "booking.trip.arrange")
    waiting = Reservation.objects.filter(trip__in=reachable, trip__state=TripState.RELEASED)
    waiting = waiting.filter(state__in=[R.HANDED_OFF, R.FAILED, R.EXPIRED]) | waiting.filter(state=R.BOOKED).exclude(
        problem=""
    )
    desk = actor.scope("booking.trip.arrange") is Scope.ALL
    items = [
        _item(reservation, desk=desk) for reservation in waiting.select_related("trip__traveller").order_by("pk")[:50]
    ]
    if not desk:
        drafts = reachable.filter(state=TripState.DRAFT).order_by("first_day")[:10]
        items += [
            WorkItem(
                "draft",
                f"{trip.destination_name} {jst.day_range(trip.first_day, trip.last_day)} を確かめる",
                "候補を選んだまま、まだ予約していません。",
                reverse("booking:confirm", args=[trip.public_id]),
                trip.created_at,
                verb="確かめる",
            )
            for trip in drafts
        ]
    return items


def _item(reservation: Reservation, *, desk: bool) -> WorkItem:
    trip = reservation.trip
    where = f"{trip.destination_name} {jst.day_range(trip.first_day, trip.last_day)}"
    who = f"{trip.traveller.name} / " if desk else ""
    if reservation.state == R.HANDED_OFF:
        return WorkItem(
            "number",
            f"{reservation.title} の予約番号を入力する",
            f"{who}{where}。手配先のサイトで買ったら、番号を入力してください。",
            reverse("booking:handoff", args=[reservation.public_id]),
            trip.submitted_at or trip.created_at,
            verb="番号を入力する",
        )
    return WorkItem(
        "problem",
        f"{reservation.title} を確かめる",
        f"{who}{where}。{reservation.problem}",
        reverse("booking:trip", args=[trip.public_id]),
        trip.submitted_at or trip.created_at,
        due=reservation.hold_until,
        verb="出張を開く",
    )


def _desk() -> list[WorkItem]:
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
    unknown = Reservation.objects.filter(state=R.UNKNOWN).select_related("trip__traveller").order_by("pk")[:20]
    items += [
        WorkItem(
            "unknown",
            f"{reservation.title} の成立を確認中",
            f"{reservation.trip.traveller.name} / {reservation.trip.number}。手配先へ照会しています。",
            reverse("booking:trip", args=[reservation.trip.public_id]),
            reservation.trip.created_at,
        )
        for reservation in unknown
    ]
    return items + [_connection_item(connection) for connection in troubled_connections()]


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
