"""Work of the room: each task takes an id and calls a verb or driver; what must happen stands in rows."""

from collections.abc import Callable

from celery import shared_task

from accounts.services import service_actor
from booking.models import (
    AnswerState,
    CallState,
    Feed,
    FeedState,
    Reservation,
    ReservationState,
    SearchAnswer,
    SupplierCall,
)
from booking.services import arranging, disruptions, driving, feeds, searching, travelled
from lib import clock, durable, jobs
from lib.actor import Actor
from lib.errors import PortalError

BOOKER = service_actor("booker")
SWEEPER = service_actor("sweeper")


@shared_task(name="booking.tasks.ask_supplier")
def ask_supplier(pk: int) -> None:
    searching.ask_supplier(BOOKER, pk)


@shared_task(name="booking.tasks.carry_out")
def carry_out(pk: int) -> None:
    driving.carry_out(BOOKER, pk)


@shared_task(name="booking.tasks.import_feed")
def import_feed(pk: int) -> None:
    feeds.import_feed(BOOKER, pk)


@shared_task
def sweep_calls() -> None:
    """Calls whose hint was lost, whose worker died, or whose time to ask has come."""
    for pk in durable.overdue(SupplierCall.objects.exclude(state=CallState.DONE)):
        jobs.enqueue("booking.tasks.carry_out", pk)


@shared_task
def sweep_searches() -> None:
    for pk in durable.overdue(SearchAnswer.objects.filter(state=AnswerState.ASKED)):
        jobs.enqueue("booking.tasks.ask_supplier", pk)


@shared_task
def sweep_feeds() -> None:
    for pk in durable.overdue(Feed.objects.filter(state=FeedState.WAITING)):
        jobs.enqueue("booking.tasks.import_feed", pk)


@shared_task
def sweep_holds() -> None:
    """Holds whose last moment to ticket has passed."""
    late = Reservation.objects.filter(state=ReservationState.BOOKED, hold_until__lt=clock.now())
    for reservation in late.select_related("trip")[:200]:
        _unless_moved(arranging.expire_hold, reservation)


@shared_task
def sweep_travelled() -> None:
    """Rides that have arrived, and stays whose check-out day has come."""
    for reservation in arranging.due_for_use():
        _unless_moved(arranging.mark_used, reservation)
    for reservation in travelled.stays_to_settle():
        _unless_moved(travelled.settle_stay, reservation)


@shared_task
def sweep_disruptions() -> None:
    """People who came onto a disrupted train or flight after it was entered."""
    for disruption in disruptions.with_newcomers():
        disruptions.tell_newcomers(SWEEPER, disruption)


def _unless_moved(step: Callable[[Actor, Reservation], None], reservation: Reservation) -> None:
    """Somebody else was first: theirs stands, and the next row is looked at."""
    try:
        step(SWEEPER, reservation)
    except PortalError:
        return
