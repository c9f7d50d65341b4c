"""People and their stories: each wish is a generator that acts, yields how many seconds it waits, and acts again."""

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from booking.models import (
    Change,
    ChangeState,
    ChargeSource,
    Reservation,
    ReservationState,
    Trip,
)
from booking.queries.parts import part_of
from booking.services.cancelling import record_own_cancellation
from booking.suppliers.types import offer_from_json
from lib import jst
from tests.campaign import plan
from tests.campaign.doors import AWAY, Door
from tests.campaign.ex_site import Bought, NotBought
from tests.campaign.looking import proposed, searched
from tests.campaign.turns import Story
from tests.campaign.world import World, growing, patiently
from tests.factories import acting

R = ReservationState
T = TypeVar("T")
MOVING = {R.DRAFT, R.BOOKING, R.TICKETING, R.CANCELLING, R.CHANGING, R.UNKNOWN}
REST_SECONDS = 120
USUAL_FEE = 320


def story(world: World, wish: plan.Wish) -> Story:
    """From the search to the last thing that the person does about it."""
    door = yield from patiently(world, lambda: world.door(wish))
    if door is None:
        return
    tokens = yield from searched(world, wish, door)
    if tokens is None:
        world.abandoned["no offers"] += 1
        return
    search, chosen = tokens
    trip = yield from patiently(world, lambda: door.choose(search, chosen))
    if trip is None:
        world.abandoned["choice refused"] += 1
        return
    yield from patiently(world, lambda: _arm(world, wish, trip))
    for _ in range(wish.presses):
        yield from patiently(world, lambda: door.confirm(trip))
    released = Trip.objects.filter(public_id=trip).exclude(state="draft")
    if not (yield from patiently(world, released.exists)):
        world.abandoned["confirmation refused"] += 1
        return
    world.confirmed[wish.n] = trip
    if not (yield from _rest(trip)):
        return
    yield from _afterwards(world, wish, door, trip)
    yield from _changed(world, wish, door, trip)


def _arm(world: World, wish: plan.Wish, trip: UUID) -> None:
    """The faults of the plan, waiting for this trip's bookings."""
    for reservation in Reservation.objects.filter(trip__public_id=trip, state=R.DRAFT):
        part = _part_of(wish, reservation)
        for fault in part.faults:
            world.sandbox.fault(
                plan.WIRE[part.supplier], fault.operation, fault.fault,
                times=fault.times, reference=reservation.reference, **fault.more,
            )  # fmt: skip


def _part_of(wish: plan.Wish, reservation: Reservation) -> plan.Part:
    item = part_of(reservation)
    return next(part for part in wish.parts if part.part == item.part)


def _rest(trip: UUID, *, seconds: float = REST_SECONDS) -> Generator[float, None, bool]:
    """Wait until nothing of the trip moves; False when that takes too long, which is the judge's business."""
    until = time.monotonic() + seconds
    for pause in growing(0.7):
        if time.monotonic() > until:
            break
        yield pause
        try:
            rows = Reservation.objects.filter(trip__public_id=trip)
            if not rows.filter(state__in=MOVING).exists():
                return True
        except AWAY:
            continue
    return False


def _afterwards(world: World, wish: plan.Wish, door: Door, trip: UUID) -> Story:
    def rows() -> list[Reservation]:
        found = Reservation.objects.filter(trip__public_id=trip).exclude(state=R.WITHDRAWN)
        return list(found.select_related("trip__traveller", "connection"))

    for reservation in (yield from patiently(world, rows)) or ():
        if reservation.state == R.BOOKED and "料金が" in reservation.problem:
            yield from _dearer(world, wish, door, reservation)
        elif reservation.state == R.SCHEDULED and reservation.problem:
            yield from _stopped(world, wish, door, reservation)
        elif reservation.state == R.HANDED_OFF:
            yield from _handed_off(world, wish, door, reservation)
    if not (yield from _rest(trip)):
        return
    for reservation in (yield from patiently(world, rows)) or ():
        part = yield from patiently(world, lambda it=reservation: _part_of(wish, it))
        if part and part.then == "cancel" and reservation.state in {R.BOOKED, R.TICKETED} and reservation.way == "api":
            world.acts["cancel"] += 1
            for _ in range(3):
                yield from patiently(world, lambda it=reservation: door.cancel(it))
                yield from _rest(trip)
                again = yield from patiently(world, lambda it=reservation: _fresh(it))
                if again is None or again.state not in {R.BOOKED, R.TICKETED}:
                    break


def _changed(world: World, wish: plan.Wish, door: Door, trip: UUID) -> Story:
    """Other rides and stays: instead of what stands, and of what could not be had."""

    def rows() -> list[tuple[Reservation, plan.Part]]:
        found = Reservation.objects.filter(trip__public_id=trip, way="api").exclude(state=R.WITHDRAWN)
        return [(row, _part_of(wish, row)) for row in found.select_related("trip__traveller", "connection")]

    for reservation, part in (yield from patiently(world, rows)) or ():
        lost = reservation.state in {R.FAILED, R.EXPIRED}
        stands = reservation.state in {R.BOOKED, R.TICKETED} and part.then == "change"
        if part.instead is None or not (lost or stands):
            continue
        world.acts["look for another instead" if stands else "look again"] += 1
        change = yield from proposed(world, wish, door, reservation, part)
        if change is None:
            world.abandoned["no change"] += 1
        elif part.instead.ends == "drop":
            yield from patiently(world, lambda it=change: door.drop(it))
        else:
            arm = partial(_arm_change, world, part, reservation)
            yield from patiently(world, arm)
            for _ in range(wish.presses):
                yield from patiently(world, lambda it=change: door.change(it))
            yield from _rest(trip)


def _arm_change(world: World, part: plan.Part, reservation: Reservation) -> None:
    """Faults for the booking that stands, and for the one that would come in its place, which is numbered next."""
    assert part.instead is not None
    trip = reservation.trip
    next_one = f"{trip.number}-{trip.reservations.count() + 1:02d}"
    armed = [(reservation.reference, part.instead.faults), (next_one, part.instead.new_faults)]
    for reference, faults in armed:
        for fault in faults:
            world.sandbox.fault(
                plan.WIRE[part.supplier], fault.operation, fault.fault,
                times=fault.times, reference=reference, **fault.more,
            )  # fmt: skip


def _fresh(reservation: Reservation) -> Reservation:
    return Reservation.objects.select_related("trip__traveller", "connection").get(pk=reservation.pk)


def _dearer(world: World, wish: plan.Wish, door: Door, reservation: Reservation) -> Story:
    world.acts[f"dearer: {wish.when_dearer}"] += 1
    if wish.when_dearer != "leave":
        price = reservation.price if wish.when_dearer == "accept" else None
        yield from patiently(world, lambda: door.ticket(reservation, price))


def _stopped(world: World, wish: plan.Wish, door: Door, reservation: Reservation) -> Story:
    """A wish that waits for a word: it is had all the same, given up, or left to go on once the rest is decided."""
    act = {"accept": door.go_on, "press": door.stop_waiting}.get(wish.when_dearer)
    world.acts[f"stopped: {wish.when_dearer}"] += 1
    if act is not None:
        yield from patiently(world, partial(act, reservation))


def _handed_off(world: World, wish: plan.Wish, door: Door, reservation: Reservation) -> Story:
    part = yield from patiently(world, lambda: _part_of(wish, reservation))
    then = part.then if part else "forget"
    world.acts[f"hand-off: {then}"] += 1
    if then == "forget":
        return
    if then == "give up":
        yield from patiently(world, lambda: door.give_up(reservation))
        return
    bought = yield from patiently(world, lambda: _bought(world, wish, reservation))
    if bought is None or isinstance(bought, NotBought):
        yield from patiently(world, lambda: door.give_up(reservation))
        return
    if then == "gone":
        return
    entered = _entered(reservation, bought.number)
    # Who gave a sum that was refused tries without it.
    for sum_given in (None if then == "number only" else bought.price, None):
        yield from patiently(world, lambda given=sum_given: door.enter_number(reservation, bought.number, given))
        if (yield from patiently(world, entered)):
            break
    if then == "refund" and (yield from patiently(world, entered)):
        try:
            fee = world.site(wish).refund(bought)
        except NotBought:
            return
        fresh = yield from patiently(world, lambda: _fresh(reservation))
        if fresh is not None:
            yield from patiently(world, lambda: door.refunded(fresh, fee))

    if part and then == "moved" and (yield from patiently(world, entered)):
        yield from _moved(world, wish, door, reservation, part, bought)
    if then in {"owed", "withheld"} and (yield from patiently(world, entered)):
        yield from patiently(world, lambda: _cancelled_at_the_desk(world, reservation))
        if then == "owed":
            with suppress(NotBought):
                world.site(wish).refund(bought)


def _moved(
    world: World, wish: plan.Wish, door: Door, reservation: Reservation, part: plan.Part, bought: Bought
) -> Story:
    """Another train of the same day, chosen in the portal, changed to on the supplier's site, and entered again."""
    fresh = yield from patiently(world, lambda: _fresh(reservation))
    later = replace(part, instead=plan.Instead(0, part.fare, part.choice + 1, [], [], "confirm"))
    change = (yield from proposed(world, wish, door, fresh, later)) if fresh else None
    if change is None:
        world.abandoned["no change at the site"] += 1
        return
    yield from patiently(world, lambda: door.change(change))
    wanted = yield from patiently(world, lambda: _wanted(change))
    if not wanted:
        return
    try:
        anew = world.site(wish).change(bought, **wanted)
    except NotBought:
        yield from patiently(world, lambda: door.drop(change))
        return
    world.acts["changed at the site"] += 1
    yield from patiently(world, lambda: door.changed_at_the_site(change, anew.number, anew.price))


def _wanted(change: UUID) -> dict[str, Any]:
    """The train of a change that was confirmed, as the site asks for it; empty for one that was not."""
    row = Change.objects.filter(public_id=change, state=ChangeState.CONFIRMED).first()
    if row is None:
        return {}
    ride = offer_from_json(row.offer).rides[0]
    where = {"origin": ride.from_name, "destination": ride.to_name}
    return {"day": jst.day_of(ride.departs), "at": jst.clock_time(ride.departs), **where}


def _cancelled_at_the_desk(world: World, reservation: Reservation) -> None:
    """By telephone: the refund is said to follow, at the usual fee."""
    record_own_cancellation(
        acting(world.operator), _fresh(reservation), fee=USUAL_FEE, source=ChargeSource.OPERATOR, refunded=False
    )


def _entered(reservation: Reservation, number: str) -> Callable[[], bool]:
    return lambda: Reservation.objects.filter(pk=reservation.pk, number=number).exists()


def _bought(world: World, wish: plan.Wish, reservation: Reservation) -> Bought | NotBought:
    ride = reservation.segments.order_by("departs").first()
    assert ride is not None
    try:
        return world.site(wish).buy(
            day=ride.travel_on,
            origin=ride.from_name,
            destination=ride.to_name,
            at=jst.clock_time(ride.departs),
            trip_number=reservation.trip.number,
        )
    except NotBought as no:
        return no
