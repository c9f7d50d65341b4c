"""Numbers that are missing and holds that run out are told in time, once each, and only while it is so."""

import datetime as dt

import pytest
from django.db import transaction

from accounts.models import Role
from audit.models import OutgoingMail
from booking import tasks
from booking.models import Change, Reservation, SaleOpening, Search, SearchAnswer
from booking.queries.work import work_items
from booking.services import handoff, reminders
from booking.services.arranging import arrange_next
from booking.suppliers.types import Offer, Ride
from booking.tasks import SWEEPER
from lib import clock, jst
from lib.actor import Actor
from lib.dated import between
from lib.errors import PortalError, Stale
from tests import factories
from tests.billing import world
from tests.factories import START, acting, person
from tests.permissions.stage import rail_offer
from tests.world import city

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


def changing(old: Reservation, *, kind: str = "own", new: Reservation | None = None, hour: int = 12) -> Change:
    """A change of the booking that was confirmed just now, to a train at another hour of its day."""
    asked = Search.objects.create(
        asked_by=old.trip.traveller, traveller=old.trip.traveller, purpose="団地再生協議", origin=city("横浜"),
        destination=city("福岡"), out_on=RIDE, wish_key="changing", created_at=clock.now(),
    )  # fmt: skip
    answer = SearchAnswer.objects.create(
        search=asked, connection=old.connection, part="out", state="answered", asked_at=clock.now(),
        answered_at=clock.now(), offers=[],
    )  # fmt: skip
    ride = Ride("のぞみ33号", "新横浜", "博多", jst.at(RIDE, hour), jst.at(RIDE, hour + 5))
    offer = Offer(old.supplier, "のぞみ33号", "普通車指定席", 15640, rides=[ride])
    return Change.objects.create(
        reservation=old, replacement=new, kind=kind, search=asked, answer=answer, offer=offer.as_json(),
        state="confirmed", max_cost=0, max_fee=0, created_at=clock.now(), confirmed_at=clock.now(),
    )  # fmt: skip


def bought(traveller) -> Reservation:
    """A train that was bought at EX."""
    ride = factories.reservation(
        factories.trip(traveller, day=RIDE), factories.connection("ex", "handoff"), title="のぞみ21号", price=15640
    )
    factories.segment(ride)
    return ride


def test_a_change_at_the_site_is_asked_for_the_next_morning_and_the_day_before(traveller):
    changing(bought(traveller))
    assert swept() == []
    go_to(TODAY + DAY, 9)
    assert swept() == ["change_morning"]
    mail = OutgoingMail.objects.get()
    assert "のぞみ21号" in mail.body
    assert "12月16日(水) 12:00 新横浜 発 博多 行き" in mail.body
    go_to(RIDE - DAY, 8)
    assert swept() == ["change_morning"]
    go_to(RIDE - DAY, 9)
    assert swept() == ["change_morning", "change_day_before"]
    go_to(RIDE, 13)
    assert len(swept()) == 2


def test_of_a_change_the_earlier_train_counts(traveller):
    old = bought(traveller)
    changing(old, hour=8)
    go_to(RIDE, 8)
    assert reminders.changes_to_ask_for() == []


@pytest.mark.parametrize("state", ["done", "dropped"])
def test_a_change_that_was_entered_or_dropped_is_not_asked_for(traveller, state):
    change = changing(bought(traveller))
    go_to(TODAY + DAY, 9)
    [seen] = reminders.changes_to_ask_for()
    Change.objects.filter(pk=change.pk).update(state=state, done_at=clock.now())
    with pytest.raises(Stale):
        reminders.remind_of_change(SWEEPER, seen)
    assert swept() == []


def test_what_is_being_changed_is_not_told_to_be_ticketed(traveller):
    held = flight(traveller)
    pass_hours(48.5)
    [seen] = reminders.holds_to_tell()
    new = factories.reservation(held.trip, held.connection, state="scheduled", number="", problem="待ち")
    changing(held, kind="rebook", new=new)
    with pytest.raises(Stale):
        reminders.remind_of_hold(SWEEPER, seen)
    assert reminders.holds_to_tell() == []
    assert swept() == []


def test_a_hold_that_ends_while_another_takes_its_place_says_what_comes_instead(traveller):
    held = flight(traveller)
    new = factories.reservation(
        held.trip, held.connection, state="booked", ticketed_at=None, title="JAL 315", detail="先得"
    )
    factories.segment(new, outgoing=True)
    changing(held, kind="rebook", new=new)
    pass_hours(73)
    assert swept() == ["expired"]
    body = OutgoingMail.objects.get().body
    assert "もう一度手配" not in body
    assert "JAL 315" in body
    assert "予約確定" in body


def test_a_new_booking_whose_hold_ended_is_told_once_by_its_change(traveller):
    old = factories.reservation(factories.trip(traveller, day=RIDE))
    factories.segment(old)
    new = factories.reservation(
        old.trip, old.connection, state="booked", ticketed_at=None, hold_until=clock.now() + dt.timedelta(hours=2)
    )
    factories.segment(new, outgoing=True)
    changing(old, kind="rebook", new=new)
    pass_hours(3)
    assert swept() == ["change"]
    body = OutgoingMail.objects.get().body
    assert "発券の期限が過ぎた" in body
    assert "元の予約はそのまま" in body


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


def test_what_could_not_be_had_is_work_until_another_stands_in_its_place(traveller):
    lost = factories.reservation(factories.trip(traveller), state="failed", number="", booked_at=None, ticketed_at=None)
    factories.segment(lost)
    assert kinds(acting(traveller)) == ["problem"]
    changing(lost, kind="replace", new=factories.reservation(lost.trip, lost.connection))
    assert kinds(acting(traveller)) == []


def test_a_change_at_the_site_is_work_until_it_is_entered(traveller):
    change = changing(bought(traveller))
    desk = acting(person(Role.OPERATOR))
    assert kinds(acting(traveller)) == kinds(desk) == ["change"]
    assert str(change.public_id) in work_items(desk)[0].url
    Change.objects.update(state="dropped")
    assert kinds(desk) == []


def test_a_draft_whose_offers_ran_out_says_so(traveller):
    trip = factories.trip(traveller, state="draft", authorised_total=None, submitted_at=None, consented_at=None)
    offer = rail_offer(RIDE).as_json()
    chosen = factories.reservation(trip, state="draft", number="", booked_at=None, ticketed_at=None, offer=offer)
    assert "まだ予約していません" in work_items(acting(traveller))[0].detail
    Reservation.objects.filter(pk=chosen.pk).update(offer={**offer, "valid_until": clock.wall().isoformat()})
    assert "有効時間が過ぎました" in work_items(acting(traveller))[0].detail
