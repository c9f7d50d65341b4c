"""The only way a view gets an object of this room. A stranger gets 404, and the attempt is an event."""

from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404

from audit.services import record_refusal
from booking.models import (
    AffectedBooking,
    Change,
    Connection,
    Disruption,
    Feed,
    RefundClaim,
    Reservation,
    Search,
    SupplierCall,
    Trip,
)
from booking.permissions import (
    ARRANGE_TRIP,
    HANDLE_DISRUPTION,
    READ_CALL,
    READ_CONNECTION,
    READ_FEED,
    READ_REFUNDS,
    READ_TRIP,
)
from lib.actor import Actor


def _one(actor: Actor, found: QuerySet, everything: QuerySet, public_id: UUID, action: str) -> Model:  # type: ignore[type-arg]
    row = found.filter(public_id=public_id).first()
    if row is None:
        if everything.filter(public_id=public_id).exists():
            record_refusal(actor, everything.model._meta.label_lower, public_id, action=action)  # noqa: SLF001
        raise Http404
    return row  # type: ignore[no-any-return]


def search_for(actor: Actor, public_id: UUID) -> Search:
    """A search that the actor made. Raises Http404."""
    rows = Search.objects.select_related("traveller", "origin", "destination", "asked_by", "replaces__trip")
    return _one(actor, rows.visible_to(actor), Search.objects.all(), public_id, ARRANGE_TRIP)  # type: ignore[return-value]


def trip_for(actor: Actor, public_id: UUID, *, to: str = READ_TRIP) -> Trip:
    """A trip that the actor may reach for the action `to`. Raises Http404."""
    rows = Trip.objects.select_related("traveller", "applicant")
    return _one(actor, rows.visible_to(actor, to), Trip.objects.all(), public_id, to)  # type: ignore[return-value]


def reservation_for(actor: Actor, public_id: UUID, *, to: str = READ_TRIP) -> Reservation:
    """A reservation of a trip that the actor may reach for the action `to`. Raises Http404."""
    rows = Reservation.objects.select_related("trip__traveller", "trip__applicant", "connection")
    return _one(actor, rows.visible_to(actor, to), Reservation.objects.all(), public_id, to)  # type: ignore[return-value]


def change_for(actor: Actor, public_id: UUID, *, to: str = ARRANGE_TRIP) -> Change:
    """A change of a reservation that the actor may reach for the action `to`. Raises Http404."""
    rows = Change.objects.select_related(
        "reservation__trip__traveller", "reservation__connection", "replacement", "answer__connection", "search"
    )
    return _one(actor, rows.visible_to(actor, to), Change.objects.all(), public_id, to)  # type: ignore[return-value]


def claim_for(actor: Actor, public_id: UUID, *, to: str = READ_REFUNDS) -> RefundClaim:
    """Money owed that the actor may reach for the action `to`. Raises Http404."""
    rows = RefundClaim.objects.select_related("reservation__trip__traveller", "reservation__connection")
    return _one(actor, rows.visible_to(actor, to), RefundClaim.objects.all(), public_id, to)  # type: ignore[return-value]


def disruption_for(actor: Actor, public_id: UUID) -> Disruption:
    """A disruption that the actor may look after. Raises Http404."""
    rows = Disruption.objects.visible_to(actor).select_related("entered_by")
    return _one(actor, rows, Disruption.objects.all(), public_id, HANDLE_DISRUPTION)  # type: ignore[return-value]


def affected_for(actor: Actor, public_id: UUID) -> AffectedBooking:
    """A booking on a disruption that the actor may look after. Raises Http404."""
    rows = AffectedBooking.objects.select_related("disruption", "reservation__trip__traveller", "followed_up_by")
    mine = rows.filter(disruption__in=Disruption.objects.visible_to(actor))
    return _one(actor, mine, AffectedBooking.objects.all(), public_id, HANDLE_DISRUPTION)  # type: ignore[return-value]


def feed_for(actor: Actor, public_id: UUID) -> Feed:
    """A feed that the actor may read. Raises Http404."""
    rows = Feed.objects.select_related("connection", "uploaded_by").defer("content")
    return _one(actor, rows.visible_to(actor), Feed.objects.all(), public_id, READ_FEED)  # type: ignore[return-value]


def call_for(actor: Actor, public_id: UUID, *, to: str = READ_CALL) -> SupplierCall:
    """A call to a supplier that the actor may reach for the action `to`. Raises Http404."""
    rows = SupplierCall.objects.select_related("reservation__trip__traveller", "reservation__connection")
    return _one(actor, rows.visible_to(actor, to), SupplierCall.objects.all(), public_id, to)  # type: ignore[return-value]


def connection_for(actor: Actor, public_id: UUID, *, to: str = READ_CONNECTION) -> Connection:
    """A connection, for those who may do `to` with connections at all. Raises Http404."""
    every = Connection.objects.all()
    return _one(actor, every if actor.may(to) else every.none(), every, public_id, to)  # type: ignore[return-value]


def trip_by_number(actor: Actor, number: str, *, to: str) -> Trip | None:
    """A trip by its number, for the desk's form; None when there is none that the actor may reach."""
    return Trip.objects.visible_to(actor, to).select_related("traveller").filter(number=number.upper()).first()


def connection_by_code(code: str) -> Connection | None:
    """A connection by its code, out of a form's choices."""
    return Connection.objects.filter(code=code).first()
