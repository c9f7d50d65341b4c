"""What waits for a person in this room."""

from django.urls import reverse

from booking.models import FeedRow, Reservation, ReservationState, Trip, TripState
from booking.queries.disruptions import disruption_list, open_fee_bookings
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
        items += _desk(actor)
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


def _desk(actor: Actor) -> list[WorkItem]:
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
    items += _disruptions(actor)
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
    return items


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
