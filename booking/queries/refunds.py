"""Cancelled tickets whose money has not come back yet (返金待ち): they stay billed until the supplier books the refund."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from booking.models import FEES, Charge, ChargeKind, Reservation, ReservationState


def _waits() -> Q:
    of_it = Charge.objects.filter(reservation=OuterRef("pk"))
    charged = of_it.exclude(Q(kind__in=FEES) | Q(origin__kind__in=FEES))
    return Q(state=ReservationState.CANCELLED) & Q(Exists(charged)) & ~Q(Exists(of_it.filter(kind=ChargeKind.REFUND)))


def with_refund_pending(rows: QuerySet[Reservation]) -> QuerySet[Reservation]:
    """The reservations with `refund_pending`: cancelled, charged, and nothing of it has come back."""
    return rows.annotate(refund_pending=_waits())


def is_refund_pending(reservation: Reservation) -> bool:
    """Whether the refund of a cancelled reservation is still to come."""
    return Reservation.objects.filter(_waits(), pk=reservation.pk).exists()
