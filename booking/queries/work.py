"""What waits for a person in this room."""

import datetime as dt

from django.db.models import Min, Q, QuerySet
from django.urls import reverse

from booking.models import (
    Change,
    ChangeKind,
    ChangeState,
    Reservation,
    ReservationState,
    Trip,
    TripState,
)
from booking.queries.desk import desk_items
from booking.suppliers.types import offer_from_json
from lib import clock, jst
from lib.actor import Actor, Scope
from lib.registry import WorkItem

R = ReservationState
# From when on the deadline of what is held stands in the work list.
NEAR = dt.timedelta(hours=24)


def work_items(actor: Actor) -> list[WorkItem]:
    """Own open steps for travellers; for the desk what needs an operator."""
    scope = actor.scope("booking.trip.arrange")
    if scope is Scope.NONE:
        return []
    items = _steps(actor)
    if scope is Scope.ALL:
        items += desk_items(actor)
    return items


def _steps(actor: Actor) -> list[WorkItem]:
    reachable = Trip.objects.visible_to(actor, "booking.trip.arrange")
    desk = actor.scope("booking.trip.arrange") is Scope.ALL
    items = [_item(reservation, desk=desk) for reservation in _waiting(reachable)[:50]]
    items += [_own_change(change, desk=desk) for change in _own_changes(reachable)[:50]]
    if not desk:
        drafts = reachable.filter(state=TripState.DRAFT).order_by("first_day").prefetch_related("reservations")
        items += [_draft(trip) for trip in drafts[:10]]
    return items


def _waiting(trips: QuerySet[Trip]) -> QuerySet[Reservation]:
    """Reservations that wait for a person: for a number, a decision, or a ticket before a deadline that is near."""
    changing = Change.objects.under_way().values("reservation")
    rebooked = Change.objects.under_way().filter(kind=ChangeKind.REBOOK).values("reservation")
    replaced = Change.objects.filter(
        state__in=[ChangeState.CONFIRMED, ChangeState.DONE], replacement__isnull=False
    ).values("reservation")
    near = Q(state=R.BOOKED, hold_until__lte=clock.now() + NEAR) & ~Q(pk__in=changing)
    # A ticket asks only where another one has taken its place and it could not be given back.
    asks = Q(state__in=[R.BOOKED, R.SCHEDULED]) | Q(state=R.TICKETED, pk__in=rebooked)
    lost = Q(state__in=[R.FAILED, R.EXPIRED]) & ~Q(pk__in=replaced)
    found = Reservation.objects.filter(
        near | asks & ~Q(problem="") | lost | Q(state=R.HANDED_OFF), trip__in=trips, trip__state=TripState.RELEASED
    )
    leaves = Min("segments__departs", filter=Q(segments__live=True))
    return found.annotate(leaves=leaves).select_related("trip__traveller").order_by("pk")


def _own_changes(trips: QuerySet[Trip]) -> QuerySet[Change]:
    """Changes that a person makes on the supplier's own site."""
    found = Change.objects.under_way().filter(kind=ChangeKind.OWN, reservation__trip__in=trips)
    return found.select_related("reservation__trip__traveller", "reservation__connection").order_by("pk")


def _own_change(change: Change, *, desk: bool) -> WorkItem:
    old = change.reservation
    trip = old.trip
    who = f"{trip.traveller.name} / " if desk else ""
    where = f"{trip.destination_name} {jst.day_range(trip.first_day, trip.last_day)}"
    return WorkItem(
        "change",
        f"{old.title} の変更を入力する",
        f"{who}{where}。{old.connection.name}で変更したら、番号と金額を入力してください。",
        reverse("booking:change_page", args=[change.public_id]),
        change.confirmed_at or change.created_at,
        verb="変更を入力する",
    )


def _draft(trip: Trip) -> WorkItem:
    chosen = [row for row in trip.reservations.all() if row.state == R.DRAFT]
    gone = any(offer_from_json(row.offer).is_gone for row in chosen if row.offer)
    return WorkItem(
        "draft",
        f"{trip.destination_name} {jst.day_range(trip.first_day, trip.last_day)} を確かめる",
        "候補の有効時間が過ぎました。同じ条件で探し直してください。"
        if gone
        else "候補を選んだまま、まだ予約していません。",
        reverse("booking:confirm", args=[trip.public_id]),
        trip.created_at,
        verb="確かめる",
    )


def _item(reservation: Reservation, *, desk: bool) -> WorkItem:
    trip = reservation.trip
    where = f"{trip.destination_name} {jst.day_range(trip.first_day, trip.last_day)}"
    who = f"{trip.traveller.name} / " if desk else ""
    since = reservation.waiting_since or trip.submitted_at or trip.created_at
    if reservation.state == R.HANDED_OFF:
        leaves = reservation.leaves  # type: ignore[attr-defined]
        left = leaves is not None and leaves <= clock.now()
        what = "出発の時刻を過ぎました。買ったときは番号を入力し、買わなかったときは取りやめてください。"
        return WorkItem(
            "left" if left else "number",
            f"{reservation.title} の予約番号を入力する",
            f"{who}{where}。{what if left else '手配先のサイトで買ったら、番号を入力してください。'}",
            reverse("booking:handoff", args=[reservation.public_id]),
            since,
            verb="番号を入力する",
        )
    deadline = reservation.state == R.BOOKED and not reservation.problem
    return WorkItem(
        "deadline" if deadline else "problem",
        f"{reservation.title} を{'発券する' if deadline else '確かめる'}",
        f"{who}{where}。{reservation.problem or '期限を過ぎると、予約は外れます。'}",
        reverse("booking:trip", args=[trip.public_id]),
        since,
        due=reservation.hold_until,
        verb="出張を開く",
    )
