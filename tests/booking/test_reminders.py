"""Numbers that are missing and holds that run out are told in time, once each, and only while it is so."""

import datetime as dt

import pytest
from django.db import transaction

from accounts.models import Role
from audit.models import OutgoingMail
from booking import tasks
from booking.models import Reservation, SaleOpening
from booking.queries.work import work_items
from booking.services import handoff, reminders
from booking.services.arranging import arrange_next
from booking.tasks import SWEEPER
from lib import clock, jst
from lib.actor import Actor
from lib.dated import between
from lib.errors import PortalError, Stale
from tests import factories
from tests.billing import world
from tests.factories import START, acting, person
from tests.permissions.stage import rail_offer

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 12, 2)
RIDE = dt.date(2026, 12, 16)
DAY = dt.timedelta(days=1)


def go_to(day: dt.date, hour: int) -> None:
    """A minute past the hour: the clock is set to whole seconds, which may lie a little before it."""
    world.go_to(day, hour)
    clock.shift_by(60)


@pytest.fixture(autouse=True)
def at_noon():
    go_to(TODAY, 12)


@pytest.fixture
def traveller():
    factories.contract()
    return person(name="青木 千尋")


def train(traveller, *, day: dt.date = RIDE) -> Reservation:
    """A train that the person buys at EX, chosen just now."""
    ride = factories.reservation(
        factories.trip(traveller, day=day), factories.connection("ex", "handoff"), state="handed_off", number="",
        booked_at=None, ticketed_at=None, title="のぞみ21号", offer=rail_offer(day).as_json(),
        waiting_since=clock.now(), price=15640,
    )  # fmt: skip
    factories.segment(ride)
    return ride


def swept() -> list[str]:
    """What has been mailed in all, oldest first, after the sweepers came by twice."""
    for sweep in (tasks.sweep_number_reminders, tasks.sweep_hold_reminders, tasks.sweep_holds):
        sweep()
        sweep()
    return list(OutgoingMail.objects.order_by("pk").values_list("kind", flat=True))


def test_a_missing_number_is_asked_for_the_next_morning_the_day_before_and_after(traveller):
    train(traveller)
    assert swept() == []
    go_to(TODAY + DAY, 8)
    assert swept() == []
    go_to(TODAY + DAY, 9)
    assert swept() == ["number_morning"]
    go_to(TODAY + 2 * DAY, 9)
    assert swept() == ["number_morning"]
    go_to(RIDE - DAY, 9)
    assert swept() == ["number_morning", "number_day_before"]
    go_to(RIDE, 20)
    assert len(swept()) == 2
    go_to(RIDE + DAY, 9)
    assert swept() == ["number_morning", "number_day_before", "number_after"]
    mails = {mail.kind: mail for mail in OutgoingMail.objects.all()}
    assert "まだ登録されていません" in mails["number_morning"].body
    assert "12月16日(水) 10:40" in mails["number_day_before"].body
    assert "出発の時刻を過ぎましたが" in mails["number_after"].body


def test_after_a_pause_of_the_portal_only_the_last_occasion_is_told(traveller):
    train(traveller)
    go_to(RIDE - DAY, 10)
    assert swept() == ["number_day_before"]


def test_a_train_of_tomorrow_is_not_asked_for_twice_on_one_morning(traveller):
    train(traveller, day=TODAY + 2 * DAY)
    go_to(TODAY + DAY, 9)
    assert swept() == ["number_day_before"]


def test_the_opening_of_sale_is_told_and_the_morning_after_it(traveller):
    SaleOpening.objects.create(supplier="ex", days_before=10, opens="10:00", valid=between(START), source="試験")
    train(traveller)
    go_to(TODAY + DAY, 9)
    assert swept() == []
    go_to(RIDE - 10 * DAY, 10)
    assert swept() == ["number_on_sale"]
    assert "発売が始まりました" in OutgoingMail.objects.get().subject
    go_to(RIDE - 9 * DAY, 9)
    assert swept() == ["number_on_sale", "number_morning"]


def test_a_number_that_was_entered_is_not_asked_for(traveller):
    ride = train(traveller)
    handoff.enter_number(acting(traveller), ride, number="2001", price=None)
    go_to(TODAY + DAY, 9)
    assert swept() == []


def test_what_was_given_up_is_not_asked_for(traveller):
    ride = train(traveller)
    handoff.give_up(acting(traveller), ride, why="予約をやめた")
    go_to(TODAY + DAY, 9)
    assert swept() == []


def test_a_number_that_came_between_looking_and_telling_is_not_asked_for(traveller):
    train(traveller)
    go_to(TODAY + DAY, 9)
    [seen] = reminders.numbers_to_ask_for()
    handoff.enter_number(acting(traveller), Reservation.objects.get(), number="2001", price=None)
    with pytest.raises(Stale):
        reminders.remind_of_number(SWEEPER, seen)
    assert not OutgoingMail.objects.exists()


def test_handing_off_notes_since_when_it_waits(traveller):
    ride = train(traveller)
    Reservation.objects.filter(pk=ride.pk).update(state="draft", waiting_since=None)
    with transaction.atomic():
        arrange_next(SWEEPER, ride.trip)
    ride.refresh_from_db()
    assert ride.state == "handed_off"
    assert ride.waiting_since is not None


def flight(traveller, *, hours: int = 72, **fields) -> Reservation:
    """A flight that is held for so many hours from now."""
    held = factories.reservation(
        factories.trip(traveller, day=RIDE), state="booked", ticketed_at=None,
        hold_until=clock.now() + dt.timedelta(hours=hours), **fields,
    )  # fmt: skip
    factories.segment(held)
    return held


def pass_hours(hours: float) -> None:
    clock.shift_by(round(hours * 3600))


def test_a_hold_is_told_a_day_and_three_hours_before_its_end_and_when_it_ended(traveller):
    held = flight(traveller)
    assert swept() == []
    pass_hours(47.9)
    assert swept() == []
    pass_hours(0.2)
    assert swept() == ["hold_24h"]
    body = OutgoingMail.objects.get().body
    assert jst.short_moment(held.hold_until) in body
    assert held.number in body
    pass_hours(20.5)
    assert swept() == ["hold_24h"]
    pass_hours(0.5)
    assert swept() == ["hold_24h", "hold_3h"]
    pass_hours(3)
    assert swept() == ["hold_24h", "hold_3h", "expired"]
    held.refresh_from_db()
    assert held.state == "expired"
    last = OutgoingMail.objects.order_by("pk").last()
    assert last is not None
    assert "もう一度手配" in last.body


def test_a_short_hold_is_not_told_the_moment_it_was_made(traveller):
    flight(traveller, hours=20)
    assert swept() == []
    pass_hours(17.5)
    assert swept() == ["hold_3h"]


@pytest.mark.parametrize("state", ["ticketed", "cancelled", "ticketing", "unknown"])
def test_what_is_no_longer_held_is_not_told_of(traveller, state):
    held = flight(traveller)
    now = {"ticketed_at": clock.now(), "cancelled_at": clock.now()}
    Reservation.objects.filter(pk=held.pk).update(state=state, **now)
    pass_hours(71)
    assert swept() == []


def test_a_ticket_that_came_between_looking_and_telling_silences_the_mail(traveller):
    held = flight(traveller)
    pass_hours(70)
    [seen] = reminders.holds_to_tell()
    Reservation.objects.filter(pk=held.pk).update(state="ticketing")
    with pytest.raises(PortalError):
        reminders.remind_of_hold(SWEEPER, seen)
    assert not OutgoingMail.objects.exists()


def kinds(actor: Actor) -> list[str]:
    return [item.kind for item in work_items(actor)]


def test_the_work_list_has_what_comes_near(traveller):
    flight(traveller)
    me, desk = acting(traveller), acting(person(Role.OPERATOR))
    assert kinds(me) == kinds(desk) == []
    pass_hours(50)
    assert kinds(me) == kinds(desk) == ["deadline"]
    assert work_items(me)[0].due == Reservation.objects.get().hold_until


def test_a_train_that_left_without_a_number_is_work_for_the_desk(traveller):
    train(traveller)
    desk = acting(person(Role.OPERATOR))
    assert kinds(desk) == ["number"]
    go_to(RIDE, 11)
    assert kinds(desk) == ["left"]
    assert "出発の時刻を過ぎました" in work_items(desk)[0].detail


def test_a_stopped_wish_is_work_and_a_waiting_one_is_not(traveller):
    trip = factories.trip(traveller)
    wish = factories.reservation(
        trip, state="scheduled", number="", booked_at=None, ticketed_at=None, not_before=clock.now()
    )
    assert kinds(acting(traveller)) == []
    Reservation.objects.filter(pk=wish.pk).update(problem="料金が変わりました。", not_before=None)
    assert kinds(acting(traveller)) == ["problem"]


def test_a_draft_whose_offers_ran_out_says_so(traveller):
    trip = factories.trip(traveller, state="draft", authorised_total=None, submitted_at=None, consented_at=None)
    offer = rail_offer(RIDE).as_json()
    chosen = factories.reservation(trip, state="draft", number="", booked_at=None, ticketed_at=None, offer=offer)
    assert "まだ予約していません" in work_items(acting(traveller))[0].detail
    Reservation.objects.filter(pk=chosen.pk).update(offer={**offer, "valid_until": clock.wall().isoformat()})
    assert "有効時間が過ぎました" in work_items(acting(traveller))[0].detail
