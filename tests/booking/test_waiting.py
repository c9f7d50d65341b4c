"""A confirmed wish waits for the supplier's hours, is carried out then, and never costs more than was confirmed."""

import datetime as dt

import pytest
from django.urls import reverse

from accounts.errors import NoProxy
from accounts.models import Office
from audit.models import Event, OutgoingMail
from booking import tasks
from booking.errors import AboveAuthorised, CannotWithdraw
from booking.models import (
    Connection,
    Reservation,
    Search,
    SupplierCall,
    Trip,
)
from booking.services import driving
from booking.services.scheduling import accept_wish, begin_scheduled, withdraw_wish
from booking.tasks import BOOKER, SWEEPER
from lib import clock, jst
from lib.errors import Stale
from tests import factories
from tests.booking.closing import close_until, come, pass_time, run_out
from tests.factories import acting, person
from tests.signin import sign_in
from tests.world import drafted, searched, submitted, token, work_off

pytestmark = pytest.mark.django_db(transaction=True)


def flight_trip(traveller, **more) -> Trip:
    search = searched(traveller, **more)
    return drafted(traveller, search, out=token(search, "out", "jal_online", has="ビジネスフレックス"))


@pytest.fixture
def waiting(traveller) -> Reservation:
    """A flight that waits for its airline to open."""
    close_until("jal_online")
    trip = submitted(traveller, flight_trip(traveller))
    return trip.reservations.get()


def answers_again() -> None:
    """The rest of the connections is over."""
    Connection.objects.update(rests_since=None, rests_because="", next_try_at=None, failures=0)


def test_outside_the_hours_the_wish_is_kept_and_nothing_is_sent(traveller, sandbox):
    opens = close_until("jal_online")
    reservation = submitted(traveller, flight_trip(traveller)).reservations.get()
    assert (reservation.state, reservation.not_before) == ("scheduled", opens)
    tasks.sweep_waiting()
    work_off()
    assert not SupplierCall.objects.exists()
    assert sandbox.bookings(reservation.reference) == []


def test_it_is_carried_out_when_its_moment_has_come_and_told(waiting, sandbox):
    come(waiting)
    assert waiting.state == "ticketed"
    assert len(sandbox.bookings(waiting.reference)) == 1
    mail = OutgoingMail.objects.get()
    assert "発券済" in mail.body
    assert waiting.number in mail.body


def test_what_was_told_as_waiting_is_told_once_more_when_it_ended(traveller):
    opens = close_until("jal_online")
    search = searched(traveller)
    chosen = {
        "out": token(search, "out", "jal_online", has="ビジネスフレックス"),
        "stay": token(search, "stay", "yado_net"),
    }
    trip = submitted(traveller, drafted(traveller, search, **chosen))
    work_off()
    first = OutgoingMail.objects.get()
    assert "予約待ち" in first.body
    assert f"{jst.short_moment(opens)} に予約を始めます" in first.body
    flight = trip.reservations.get(supplier="jal_online")
    come(flight)
    assert flight.state == "ticketed"
    second = OutgoingMail.objects.get(kind="wish_result")
    assert flight.number in second.body
    tasks.sweep_waiting()
    work_off()
    assert OutgoingMail.objects.count() == 2


def test_an_irreversible_part_and_the_tickets_wait_with_it(traveller):
    close_until("yado_net")
    search = searched(traveller)
    chosen = {
        "out": token(search, "out", "jal_online", has="ビジネスフレックス"),
        "stay": token(search, "stay", "yado_net"),
    }
    trip = submitted(traveller, drafted(traveller, search, **chosen))
    work_off()
    flight, hotel = trip.reservations.get(supplier="jal_online"), trip.reservations.get(supplier="yado_net")
    assert (flight.state, hotel.state) == ("booked", "scheduled")
    come(hotel)
    flight.refresh_from_db()
    assert (flight.state, hotel.state) == ("ticketed", "booked")


def test_an_offer_that_ran_out_is_taken_anew_when_it_is_the_same(waiting, sandbox):
    run_out(waiting, token="run out")
    price = waiting.price
    come(waiting)
    assert (waiting.state, waiting.price) == ("ticketed", price)
    assert len(sandbox.bookings(waiting.reference)) == 1
    assert Event.objects.filter(code="booking.reservation.renewed").count() == 1


def confirmed_at_less(waiting: Reservation, *, less: int) -> int:
    """The flight was cheaper when it was confirmed; what it costs at the supplier."""
    dearer = waiting.price or 0
    Reservation.objects.filter(pk=waiting.pk).update(price=dearer - less)
    Trip.objects.update(authorised_total=dearer - less)
    run_out(waiting, price=dearer - less)
    return dearer


def test_a_price_that_rose_stops_and_asks_and_books_nothing(waiting, sandbox):
    dearer = confirmed_at_less(waiting, less=1000)
    come(waiting)
    assert (waiting.state, waiting.price, waiting.not_before) == ("scheduled", dearer, None)
    assert sandbox.bookings(waiting.reference) == []
    mail = OutgoingMail.objects.get(kind="wish_stopped")
    assert f"{dearer - 1000:,}円から{dearer:,}円に変わった" in mail.body
    pass_time(days=1)
    tasks.sweep_waiting()
    work_off()
    waiting.refresh_from_db()
    assert waiting.state == "scheduled"


def test_the_new_price_is_taken_by_the_person_only_and_raises_the_total(waiting, traveller, sandbox):
    dearer = confirmed_at_less(waiting, less=1000)
    come(waiting)
    with pytest.raises(Stale):
        accept_wish(acting(traveller), waiting, price=dearer - 1000)
    accept_wish(acting(traveller), waiting, price=dearer)
    work_off()
    waiting.refresh_from_db()
    assert waiting.state == "ticketed"
    assert Trip.objects.get().authorised_total == dearer
    with pytest.raises(Stale):
        accept_wish(acting(traveller), waiting, price=dearer)


def test_a_stopped_wish_on_which_nobody_decided_ends_when_its_flight_has_left(waiting, sandbox):
    confirmed_at_less(waiting, less=1000)
    come(waiting)
    pass_time(days=10)
    tasks.sweep_waiting()
    waiting.refresh_from_db()
    assert waiting.state == "scheduled"
    pass_time(days=20)
    tasks.sweep_waiting()
    waiting.refresh_from_db()
    assert waiting.state == "withdrawn"
    assert "出発の時刻" in waiting.problem
    assert Trip.objects.get().state == "closed"
    assert sandbox.bookings(waiting.reference) == []
    told = OutgoingMail.objects.get(kind="wish_result").body
    assert "取りやめ" in told
    assert "出発の時刻（宿泊日）を過ぎたため、予約できませんでした。" in told


def test_a_wish_above_the_confirmed_sum_whose_flight_has_left_is_not_asked_about(waiting, sandbox):
    Trip.objects.update(authorised_total=waiting.price - 1)
    pass_time(days=30)
    tasks.sweep_waiting()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.calls.count()) == ("withdrawn", 0)
    assert list(OutgoingMail.objects.values_list("kind", flat=True)) == ["wish_result"]


def test_a_price_that_fell_is_taken_without_asking(waiting, sandbox):
    Reservation.objects.filter(pk=waiting.pk).update(price=waiting.price + 5000)
    Trip.objects.update(authorised_total=waiting.price + 5000)
    dear = waiting.price
    waiting.refresh_from_db()
    run_out(waiting)
    come(waiting)
    assert (waiting.state, waiting.price) == ("ticketed", dear)


def test_a_service_or_fare_that_is_gone_is_told_and_not_replaced_by_another(waiting, sandbox):
    run_out(waiting, detail="なくなった運賃 普通席")
    come(waiting)
    assert waiting.state == "failed"
    assert "空きがなくなりました" in waiting.problem
    assert waiting.problem in OutgoingMail.objects.get().body
    assert sandbox.bookings(waiting.reference) == []


def test_a_flight_that_has_left_meanwhile_is_not_booked(waiting, sandbox):
    pass_time(days=30)
    tasks.sweep_waiting()
    work_off()
    waiting.refresh_from_db()
    assert waiting.state == "failed"
    assert "出発の時刻" in waiting.problem


def test_what_an_earlier_try_made_is_taken_over_and_not_made_again(waiting, sandbox):
    """The supplier said that it was closed, and had booked all the same."""
    sandbox.fault("jal-online", "book", "lose_after", times=1)
    pass_time(hours=3)
    tasks.sweep_waiting()
    call = SupplierCall.objects.get()
    driving.carry_out(BOOKER, call.pk)
    waiting.refresh_from_db()
    assert waiting.state == "unknown"
    SupplierCall.objects.filter(pk=call.pk).update(state="open", sent_at=None, attempts=0)
    Reservation.objects.filter(pk=waiting.pk).update(state="booking")
    waiting.refresh_from_db()
    run_out(waiting, detail="自分で取った最後の席")
    work_off()
    waiting.refresh_from_db()
    assert waiting.state == "ticketed"
    assert len(sandbox.bookings(waiting.reference)) == 1


def test_a_supplier_that_says_it_is_closed_is_asked_again_later(traveller, sandbox):
    trip = flight_trip(traveller)
    sandbox.fault("jal-online", "book", "maintenance", times=9)
    reservation = submitted(traveller, trip).reservations.get()
    work_off()
    reservation.refresh_from_db()
    assert (reservation.state, reservation.problem) == ("scheduled", "")
    assert dt.timedelta(minutes=10) < reservation.not_before - clock.now() <= dt.timedelta(minutes=15)
    sandbox.control("DELETE", "faults")
    answers_again()
    come(reservation)
    assert reservation.state == "ticketed"
    assert len(sandbox.bookings(reservation.reference)) == 1


def test_what_is_kept_for_later_was_not_taken_by_an_earlier_try(traveller, sandbox):
    """Only then it can be given up without asking the supplier."""
    trip = flight_trip(traveller)
    reservation = submitted(traveller, trip).reservations.get()
    sandbox.fault("jal-online", "book", "error_503", after=True, times=1)
    sandbox.fault("jal-online", "find", "maintenance", times=5)
    work_off()
    reservation.refresh_from_db()
    assert reservation.state == "unknown"
    sandbox.control("DELETE", "faults")
    answers_again()
    work_off()
    reservation.refresh_from_db()
    assert reservation.state == "ticketed"
    assert len(sandbox.bookings(reservation.reference)) == 1


def test_a_waiting_wish_outlives_its_offer_while_the_supplier_cannot_be_reached(waiting, sandbox):
    run_out(waiting)
    sandbox.fault("jal-online", "find", "error_503", times=1)
    come(waiting)
    assert waiting.state == "ticketed"
    assert len(sandbox.bookings(waiting.reference)) == 1


def test_what_is_not_on_sale_waits_for_the_sale(waiting, sandbox):
    """The sale should have begun by our table, but the supplier says that it has not."""
    run_out(waiting)
    Search.objects.update(out_on=clock.today() + dt.timedelta(days=400), back_on=None)
    come(waiting)
    assert waiting.state == "scheduled"
    assert waiting.problem == ""
    assert waiting.not_before > clock.now()


def test_hours_that_changed_while_it_waited_are_kept(waiting):
    pass_time(hours=3)
    opens = close_until("jal_online", minutes=60)
    begin_scheduled(SWEEPER, waiting)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.not_before) == ("scheduled", opens)


def test_above_the_confirmed_sum_it_stops_before_anything_is_sent(waiting, sandbox):
    Trip.objects.update(authorised_total=waiting.price - 1)
    come(waiting)
    assert waiting.state == "scheduled"
    assert "合計額を超える" in waiting.problem
    assert not SupplierCall.objects.exists()
    assert OutgoingMail.objects.get().kind == "wish_stopped"


def test_it_is_given_up_once_and_never_carried_out(waiting, traveller, sandbox):
    withdraw_wish(acting(traveller), waiting)
    with pytest.raises(CannotWithdraw, match="すでに取りやめ"):
        withdraw_wish(acting(traveller), waiting)
    come(waiting)
    assert waiting.state == "withdrawn"
    assert sandbox.bookings(waiting.reference) == []


def test_it_is_too_late_to_give_up_what_has_begun(waiting, traveller):
    pass_time(hours=3)
    tasks.sweep_waiting()
    with pytest.raises(CannotWithdraw, match="手続きが始まっている"):
        withdraw_wish(acting(traveller), waiting)


def test_nobody_else_gives_it_up(waiting):
    with pytest.raises(NoProxy):
        withdraw_wish(acting(person()), waiting)


def test_giving_it_up_lets_the_other_parts_go_on(traveller):
    close_until("yado_net")
    search = searched(traveller)
    chosen = {
        "out": token(search, "out", "jal_online", has="ビジネスフレックス"),
        "stay": token(search, "stay", "yado_net"),
    }
    trip = submitted(traveller, drafted(traveller, search, **chosen))
    work_off()
    withdraw_wish(acting(traveller), trip.reservations.get(supplier="yado_net"))
    work_off()
    assert trip.reservations.get(supplier="jal_online").state == "ticketed"


def test_taking_a_stopped_wish_does_not_take_what_else_became_dearer(waiting, traveller, sandbox):
    dearer = confirmed_at_less(waiting, less=1000)
    come(waiting)
    held = factories.reservation(
        waiting.trip, waiting.connection, state="booked", ticketed_at=None, price=9000, problem="料金が変わりました。"
    )
    SupplierCall.objects.create(
        reservation=held, verb="book", state="done", state_before="draft", max_yen=7000, created_at=clock.now(),
        done_at=clock.now(),
    )  # fmt: skip
    Trip.objects.update(authorised_total=dearer - 1000 + 7000)
    accept_wish(acting(traveller), waiting, price=dearer)
    assert Trip.objects.get().authorised_total == dearer + 7000
    work_off()
    waiting.refresh_from_db()
    # Held, and ticketed once the other has been decided on.
    assert waiting.state == "booked"


def test_where_trips_are_approved_a_dearer_wish_needs_another_approval(waiting, traveller, sandbox):
    dearer = confirmed_at_less(waiting, less=1000)
    come(waiting)
    Office.objects.update(approval_required=True)
    with pytest.raises(AboveAuthorised, match="承認された上限"):
        accept_wish(acting(traveller), waiting, price=dearer)
    waiting.refresh_from_db()
    assert (waiting.state, Trip.objects.get().authorised_total) == ("scheduled", dearer - 1000)


def test_the_pages_say_when_before_the_button_and_after(traveller, client):
    opens = jst.short_moment(close_until("jal_online"))
    trip = flight_trip(traveller)
    sign_in(client, traveller)
    assert opens in client.get(reverse("booking:confirm", args=[trip.public_id])).content.decode()
    reservation = submitted(traveller, trip).reservations.get()
    page = client.get(reverse("booking:trip", args=[trip.public_id])).content.decode()
    assert opens in page
    assert "予約待ちを取りやめる" in page
    address = reverse("booking:stop_waiting", args=[reservation.public_id])
    assert "取りやめました" in client.post(address, follow=True).content.decode()
    assert "すでに取りやめ" in client.post(address, follow=True).content.decode()


def test_the_page_offers_the_new_price_or_to_give_up(waiting, traveller, client):
    dearer = confirmed_at_less(waiting, less=1000)
    come(waiting)
    sign_in(client, traveller)
    page = client.get(reverse("booking:trip", args=[waiting.trip.public_id])).content.decode()
    assert f"{dearer:,}円で予約する" in page
    go_on = reverse("booking:go_on", args=[waiting.public_id])
    assert "状態が変わりました" in client.post(go_on, {"price": "x"}, follow=True).content.decode()
    client.post(go_on, {"price": dearer})
    work_off()
    waiting.refresh_from_db()
    assert waiting.state == "ticketed"
