"""Cancelled tickets whose money has not come back yet (返金待ち): they stay billed until the supplier books the refund."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from booking.models import FEES, Charge, ChargeKind, RefundClaim, Reservation, ReservationState


def _waits() -> Q:
    owed = RefundClaim.objects.waiting().filter(reservation=OuterRef("pk"))
    return Q(state=ReservationState.CANCELLED) & Q(Exists(owed))


def with_refund_pending(rows: QuerySet[Reservation]) -> QuerySet[Reservation]:
    """The reservations with `refund_pending`: cancelled, and the money is still owed."""
    return rows.annotate(refund_pending=_waits())


def is_refund_pending(reservation: Reservation) -> bool:
    """Whether the refund of a cancelled reservation is still to come."""
    return Reservation.objects.filter(_waits(), pk=reservation.pk).exists()


def is_refund_owed(reservation: Reservation) -> bool:
    """Whether it was cancelled and charged, nothing has come back, and nobody has opened or ended a claim for it."""
    of_it = Charge.objects.filter(reservation=OuterRef("pk"))
    charged = of_it.exclude(Q(kind__in=FEES) | Q(origin__kind__in=FEES))
    back = of_it.filter(kind=ChargeKind.REFUND)
    claimed = RefundClaim.objects.filter(reservation=OuterRef("pk"))
    owed = Q(state=ReservationState.CANCELLED) & Q(Exists(charged)) & ~Q(Exists(back)) & ~Q(Exists(claimed))
    return Reservation.objects.filter(owed, pk=reservation.pk).exists()
