"""Cancelled tickets whose money has not come back yet (返金待ち): they stay billed until the supplier books the refund."""

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from booking.models import Change, ChangeKind, Charge, ChargeKind, RefundClaim, Reservation, ReservationState
from booking.queries.changing import is_sure

R = ReservationState
# What a booking costs beside what its supplier charged for it and keeps of it.
BESIDE = [ChargeKind.CHANGE_FEE, ChargeKind.HANDLING]


def _waits() -> Q:
    owed = RefundClaim.objects.waiting().filter(reservation=OuterRef("pk"))
    return Q(state=R.CANCELLED) & Q(Exists(owed))


def with_refund_pending(rows: QuerySet[Reservation]) -> QuerySet[Reservation]:
    """The reservations with `refund_pending`: cancelled, and the money is still owed."""
    return rows.annotate(refund_pending=_waits())


def is_refund_pending(reservation: Reservation) -> bool:
    """Whether the refund of a cancelled reservation is still to come."""
    return Reservation.objects.filter(_waits(), pk=reservation.pk).exists()


def suppliers_part(charges: QuerySet[Charge]) -> QuerySet[Charge]:
    """The charges that tell what the supplier got and gave back: without those for changing and handling."""
    return charges.exclude(Q(kind__in=BESIDE) | Q(origin__kind__in=BESIDE))


def net_total(reservation: Reservation) -> int:
    """What the supplier has of a reservation by the ledger: what was charged and kept, less what came back, in yen."""
    found = suppliers_part(Charge.objects.filter(reservation=reservation)).aggregate(yen=Sum("amount"))
    return int(found["yen"] or 0)


def kept_in_the_end(reservation: Reservation) -> int | None:
    """What the supplier keeps of a booking that was given back, or is to be, in yen; None for one that stands.

    To be given back is what a sure new booking has replaced: the portal cannot cancel it, or its fee has risen.
    """
    if reservation.state in {R.CANCELLED, R.NO_SHOW}:
        return reservation.cancel_fee or 0
    change = (
        Change.objects.under_way()
        .filter(reservation=reservation, kind=ChangeKind.REBOOK)
        .select_related("replacement")
        .first()
    )
    if change is None or change.replacement is None or not is_sure(change.replacement):
        return None
    return change.max_fee or 0
