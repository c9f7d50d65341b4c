"""What stops or delays a closing: each with its reason, how much it is about, and where it is mended."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, DateField, Exists, F, Max, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts.models import ContractTerms
from billing.models import Period, PeriodState
from billing.queries.collecting import UNSET, homeless_charges, open_charges
from billing.queries.lines import with_payer
from booking.models import (
    Charge,
    Connection,
    Feed,
    FeedRow,
    FeedRowState,
    FeedState,
    Reservation,
    ReservationState,
    Segment,
    Settlement,
    StayNight,
    Way,
)
from lib import jst

HOMELESS = "所属が未設定"
NO_FEED = "利用実績が未取込"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way of a closing: it `stops` it, or only warns. `amount` in yen, None where nobody knows it.

    `is_common` concerns all offices; `url` leads to where it is mended.
    """

    word: str
    detail: str
    count: int
    amount: int | None
    stops: bool
    url: str = ""
    is_common: bool = False
    is_feed: bool = False


@dataclass(slots=True)
class DaySums:
    """Open charges of one office and billing day."""

    day: dt.date
    count: int
    amount: int
    unset: int
    unset_amount: int


def open_sums(last_day: dt.date) -> dict[int, list[DaySums]]:
    """Open charges up to the day, per office and billing day (one query)."""
    grouped = (
        with_payer(open_charges().filter(billing_on__lte=last_day))
        .filter(payer__isnull=False)
        .order_by()
        .values("payer", "billing_on")
        .annotate(
            count=Count("pk"),
            total=Sum("amount"),
            unset=Count("pk", filter=UNSET),
            unset_total=Coalesce(Sum("amount", filter=UNSET), 0),
        )
    )
    sums: dict[int, list[DaySums]] = {}
    for row in grouped:
        day = DaySums(row["billing_on"], row["count"], row["total"], row["unset"], row["unset_total"])
        sums.setdefault(row["payer"], []).append(day)
    return sums


def common_obstacles(last_day: dt.date, terms: ContractTerms) -> list[Obstacle]:
    """What concerns all offices alike: people without a department, usage files that are missing or have open rows."""
    return [*_homeless(last_day, terms), *_missing_feeds(last_day, terms), *_open_rows(terms)]


def _homeless(last_day: dt.date, terms: ContractTerms) -> list[Obstacle]:
    found = homeless_charges(last_day).aggregate(count=Count("pk"), total=Sum("amount"))
    if not found["count"]:
        return []
    detail = "利用日に所属がない利用者の費用です。所属を登録すると、その拠点の次の請求に入ります（全拠点の合計）。"
    return [
        Obstacle(
            HOMELESS,
            detail,
            found["count"],
            found["total"],
            stops=terms.waits_for_membership,
            url=f"{reverse('billing:charges')}?state=homeless",
            is_common=True,
        )
    ]


def _missing_feeds(last_day: dt.date, terms: ContractTerms) -> list[Obstacle]:
    """Suppliers whose usage file of the days up to the last one has not been taken in: none came after that day."""
    after = jst.at(last_day) + dt.timedelta(days=1)
    came = Feed.objects.filter(connection=OuterRef("pk"), state=FeedState.DONE, uploaded_at__gte=after)
    missing = Connection.objects.filter(~Exists(came), way=Way.HANDOFF, active=True).values_list("name", flat=True)
    names = list(missing)
    if not names:
        return []
    detail = f"{'、'.join(names)}の利用実績を、{jst.short_day(last_day)}の後に取り込んでください。"
    return [
        Obstacle(
            NO_FEED,
            detail,
            len(names),
            None,
            stops=terms.waits_for_feeds,
            url=reverse("booking:feeds"),
            is_common=True,
            is_feed=True,
        )
    ]


def _open_rows(terms: ContractTerms) -> list[Obstacle]:
    rows = FeedRow.objects.filter(state__in=[FeedRowState.UNMATCHED, FeedRowState.BAD])
    count = rows.count()
    if not count:
        return []
    detail = "利用実績に、予約と結びつかない行か、読めない行があります。"
    return [
        Obstacle(
            "利用実績の要確認",
            detail,
            count,
            None,
            stops=terms.waits_for_feeds,
            url=reverse("booking:feeds"),
            is_common=True,
            is_feed=True,
        )
    ]


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Reservations of one day and state whose money is not known yet."""

    day: dt.date
    state: str
    count: int


def unsettled(last_day: dt.date) -> dict[int, list[Unsettled]]:
    """Reservations whose money is not known yet, per office of the traveller on their first day (one query)."""
    segment = Segment.objects.filter(reservation=OuterRef("pk")).order_by("travel_on").values("travel_on")[:1]
    night = StayNight.objects.filter(reservation=OuterRef("pk")).order_by("date").values("date")[:1]
    priced = Charge.objects.filter(reservation=OuterRef("pk"))
    bought = [ReservationState.TICKETED, ReservationState.USED]
    rows = (
        Reservation.objects.filter(settlement=Settlement.LUMP)
        .filter(Q(state=ReservationState.UNKNOWN) | Q(~Exists(priced), state__in=bought))
        .annotate(day=Coalesce(Subquery(segment), Subquery(night), output_field=DateField()))
        .filter(day__lte=last_day, trip__traveller__memberships__valid__contains=F("day"))
        .order_by()
        .values("state", "day", office=F("trip__traveller__memberships__department__office"))
        .annotate(count=Count("pk"))
    )
    found: dict[int, list[Unsettled]] = {}
    for row in rows:
        found.setdefault(row["office"], []).append(Unsettled(row["day"], row["state"], row["count"]))
    return found


def earlier_open(periods: Sequence[Period]) -> dict[int, dt.date]:
    """Per office the last day of the latest open period before the earliest of these."""
    first = min(period.first_day for period in periods)
    rows = Period.objects.filter(last_day__lt=first).exclude(state=PeriodState.CLOSED).order_by()
    return dict(rows.values("office").annotate(last=Max("last_day")).values_list("office", "last"))


def office_obstacles(
    due: Sequence[DaySums],
    waiting: Sequence[Unsettled],
    earlier: dt.date | None,
    last_day: dt.date,
    terms: ContractTerms,
) -> list[Obstacle]:
    """What concerns one office's period: earlier months, unset natures, bookings whose money is not known."""
    return [*_earlier(due, earlier), *_unset(due), *_unsettled(waiting, last_day, terms)]


def _earlier(due: Sequence[DaySums], earlier: dt.date | None) -> list[Obstacle]:
    before = [row for row in due if earlier and row.day <= earlier]
    if not before or earlier is None:
        return []
    count, amount = sum(row.count for row in before), sum(row.amount for row in before)
    url = f"{reverse('billing:periods')}?month={earlier:%Y-%m}"
    return [Obstacle("前の期間が未締め", "古い期間から順に締めてください。", count, amount, stops=True, url=url)]


def _unset(due: Sequence[DaySums]) -> list[Obstacle]:
    count, amount = sum(row.unset for row in due), sum(row.unset_amount for row in due)
    if not count:
        return []
    url = f"{reverse('billing:charges')}?state=unset"
    detail = (
        "手配先の取扱い（自社売上・立替金・媒介者交付特例）か税区分が決まっていません。窓口の責任者に確かめてください。"
    )
    return [Obstacle("取扱い・税区分が未設定", detail, count, amount, stops=True, url=url)]


def _unsettled(rows: Sequence[Unsettled], last_day: dt.date, terms: ContractTerms) -> list[Obstacle]:
    unknown = sum(row.count for row in rows if row.day <= last_day and row.state == ReservationState.UNKNOWN)
    unpriced = sum(row.count for row in rows if row.day <= last_day and row.state != ReservationState.UNKNOWN)
    found, url = [], reverse("booking:trips")
    if unknown:
        detail = "結果が分かると、次の請求に入ります。"
        found.append(Obstacle("手配先に確認中の予約", detail, unknown, None, stops=terms.waits_for_unknown, url=url))
    if unpriced:
        detail = "利用実績を取り込むか、金額を記録すると請求に入ります。"
        found.append(Obstacle("金額が未確定の予約", detail, unpriced, None, stops=terms.waits_for_unknown, url=url))
    return found
