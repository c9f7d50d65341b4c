"""Work of the room: each task takes an id and calls a verb or driver; what must happen stands in rows."""

import logging
from collections.abc import Callable
from typing import TypeVar

from celery import shared_task
from django.db.models import Model, Q

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
from booking.queries.disruptions import with_newcomers
from booking.services import arranging, disruptions, driving, feeds, reminders, scheduling, searching, travelled
from lib import clock, durable, jobs
from lib.actor import Actor
from lib.errors import PortalError

logger = logging.getLogger(__name__)
BOOKER = service_actor("booker")
SWEEPER = service_actor("sweeper")
Row = TypeVar("Row", bound=Model)


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
    for reservation in late.select_related("trip__traveller")[:200]:
        _unless_moved(arranging.expire_hold, reservation)


@shared_task
def sweep_hold_reminders() -> None:
    """Holds that run out soon."""
    for reservation in reminders.holds_to_tell():
        _unless_moved(reminders.remind_of_hold, reservation)


@shared_task
def sweep_number_reminders() -> None:
    """Numbers and changes of bookings on suppliers' own sites that nobody has entered."""
    for reservation in reminders.numbers_to_ask_for():
        _unless_moved(reminders.remind_of_number, reservation)
    for change in reminders.changes_to_ask_for():
        _unless_moved(reminders.remind_of_change, change)


@shared_task
def sweep_waiting() -> None:
    """Wishes whose moment has come, and stopped ones whose ride has left."""
    waiting = Reservation.objects.filter(state=ReservationState.SCHEDULED).select_related("trip")
    for reservation in waiting.filter(not_before__lte=clock.now()).order_by("not_before")[:200]:
        _unless_moved(scheduling.begin_scheduled, reservation)
    gone = Q(segments__departs__lte=clock.now()) | Q(nights__date__lt=clock.today())
    for reservation in waiting.filter(gone, not_before=None).distinct()[:200]:
        _unless_moved(scheduling.end_missed_wish, reservation)


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
    for disruption in with_newcomers():
        _unless_moved(disruptions.tell_newcomers, disruption)


def _unless_moved(step: Callable[[Actor, Row], object], row: Row) -> None:
    """Somebody else was first: theirs stands, and the next row is looked at; so it is after a fault, which is logged."""
    try:
        step(SWEEPER, row)
    except PortalError:
        return
    except Exception:
        logger.exception("swept row left", extra={"step": step.__name__, "row": row.pk})
