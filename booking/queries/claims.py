"""Money owed by suppliers, as the desk reads it: who has it, for how long, and what came in the end."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import Membership, Office
from accounts.queries import offices
from booking.models import Charge, ClaimState, Connection, RefundClaim, RefundLimit, ReservationState
from booking.queries.refunds import net_total, suppliers_part
from lib import clock, jst
from lib.actor import Actor
from lib.csvfiles import csv_line

CLAIM_END = "booking.end_claim"
R = ReservationState
COLUMNS = (
    "発生日", "経過日数", "手配先", "拠点", "利用者", "ログインID", "出張番号", "予約", "予約番号",
    "計上した額", "戻る予定の額", "状態", "戻った額", "終了日", "返金なしの理由", "理由の説明",
)  # fmt: skip


class ClaimList(models.TextChoices):
    """Which claims a list shows."""

    OPEN = "open", "返金待ち"
    DIFFERS = "differs", "予定と違う額が戻ったもの"
    ENDED = "ended", "終わったもの"


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    """Which claims: `older` means more than so many days old; empty values do not narrow."""

    which: str = ClaimList.OPEN
    connection: Connection | None = None
    office: Office | None = None
    older: int = 0


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim in a list: `limit` days may pass (None: 未設定), `received` yen came (None: nothing has)."""

    claim: RefundClaim
    office: str
    limit: int | None
    received: int | None

    @property
    def is_late(self) -> bool:
        return self.claim.state == ClaimState.OPEN and self.limit is not None and self.claim.age > self.limit

    @property
    def difference(self) -> int:
        """How much more came than was expected, in yen."""
        return 0 if self.received is None else self.received - self.claim.expected

    @property
    def step(self) -> str:
        return step_of(self.claim)


def step_of(claim: RefundClaim) -> str:
    """What the desk records when the money comes: the refund, or first that the booking was given back."""
    state = ReservationState(claim.reservation.state)
    return {R.BOOKED: "cancel", R.TICKETED: "cancel", R.USED: "no_show"}.get(state, "refund")


def claims(actor: Actor, wanted: ClaimFilter) -> QuerySet[Any]:
    """Claims that the actor may read, the oldest first; each with `office` (today's, of its traveller) and `standing` yen."""
    home = Membership.objects.on(clock.today()).filter(user=OuterRef("reservation__trip__traveller"))
    found: QuerySet[Any] = _with_standing(RefundClaim.objects.visible_to(actor)).annotate(
        office=Subquery(home.values("department__office")[:1])
    )
    is_open = Q(state=ClaimState.OPEN)
    found = found.filter(is_open if wanted.which == ClaimList.OPEN else ~is_open)
    if wanted.which == ClaimList.DIFFERS:
        found = _differing(found)
    if wanted.connection:
        found = found.filter(reservation__connection=wanted.connection)
    if wanted.office:
        found = found.filter(office=wanted.office.pk)
    if wanted.older:
        found = found.filter(opened_at__lt=jst.at(clock.today() - dt.timedelta(days=wanted.older)))
    return found.select_related("reservation__connection", "reservation__trip__traveller")


def _with_standing(rows: QuerySet[RefundClaim]) -> QuerySet[Any]:
    of_it = suppliers_part(Charge.objects.filter(reservation=OuterRef("reservation"))).order_by()
    total = of_it.values("reservation").annotate(yen=Sum("amount")).values("yen")
    return rows.annotate(standing=Coalesce(Subquery(total), 0))


def _differing(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(state=ClaimState.SETTLED).exclude(expected=F("charged") - F("standing"))


def unexplained_claims(*, limit: int) -> Sequence[Any]:
    """Settled claims for which another sum came than was expected, without a reason, the oldest first."""
    rows = _differing(_with_standing(RefundClaim.objects.filter(note="")))
    return list(rows.select_related("reservation__connection", "reservation__trip__traveller")[:limit])


def claims_count_and_sum(found: QuerySet[Any]) -> tuple[int, int]:
    """How many, and the yen that were expected of them (one query)."""
    row = found.order_by().aggregate(count=Count("pk"), total=Sum("expected"))
    return row["count"], row["total"] or 0


def claim_rows(found: Sequence[Any] | QuerySet[Any]) -> list[ClaimRow]:
    """The claims of `claims` as rows (two queries more, whatever their number)."""
    names: Mapping[int, str] = {office.pk: office.name for office in offices()}
    limits = refund_limits()
    return [
        ClaimRow(
            claim=claim,
            office=names.get(claim.office, ""),
            limit=limits.get(claim.reservation.supplier),
            received=claim.charged - claim.standing if claim.state == ClaimState.SETTLED else None,
        )
        for claim in found
    ]


def claim_row(claim: RefundClaim) -> ClaimRow:
    """One claim, without the words that only a list shows."""
    came = claim.charged - net_total(claim.reservation) if claim.state == ClaimState.SETTLED else None
    return ClaimRow(claim=claim, office="", limit=None, received=came)


def refund_limits() -> Mapping[str, int]:
    """Today's days to wait by supplier; who has none is 未設定."""
    return dict(RefundLimit.objects.on(clock.today()).values_list("supplier", "wait_days"))


def late_claims(*, limit: int) -> Sequence[RefundClaim]:
    """Claims older than their supplier's days, the oldest first; none where no days are set."""
    today, late = clock.today(), Q()
    for supplier, days in refund_limits().items():
        late |= Q(reservation__supplier=supplier, opened_at__lt=jst.at(today - dt.timedelta(days=days)))
    if not late:
        return []
    rows = RefundClaim.objects.waiting().filter(late)
    return list(rows.select_related("reservation__connection", "reservation__trip__traveller")[:limit])


def claims_csv(rows: Sequence[ClaimRow]) -> Iterator[str]:
    """The rows as lines of a file for a spreadsheet program."""
    yield "\ufeff"
    yield csv_line(COLUMNS)
    for row in rows:
        claim, reservation = row.claim, row.claim.reservation
        trip = reservation.trip
        yield csv_line(
            [
                jst.day_of(claim.opened_at).isoformat(),
                claim.age,
                reservation.connection.name,
                row.office,
                trip.traveller.name,
                trip.traveller.login_id,
                trip.number,
                reservation.title,
                reservation.number,
                claim.charged,
                claim.expected,
                claim.get_state_display(),
                "" if row.received is None else row.received,
                jst.day_of(claim.ended_at).isoformat() if claim.ended_at else "",
                claim.get_reason_display(),
                claim.note,
            ]
        )
