"""Changing: quoted first, bounded by what was confirmed; the old booking lives until the new one is sure."""

import datetime as dt

import pytest

from accounts.errors import NoProxy
from accounts.models import Office
from audit.models import OutgoingMail
from booking.errors import AboveAuthorised, BadWish, CannotChange, ChangeTaken, OfferGone
from booking.models import (
    Change,
    ChangeKind,
    ChangeState,
    Connection,
    RefundClaim,
    ReservationState,
    Segment,
    SupplierCall,
)
from booking.services import arranging, driving
from booking.services.calls import committed_total
from booking.services.cancelling import claim_cancellation
from booking.services.changing import confirm_change, drop_change
from booking.suppliers.types import offer_from_json
from booking.tasks import BOOKER, SWEEPER, sweep_holds
from lib import clock
from tests.billing.world import go_to
from tests.booking.changes import FLEX, bought_train, confirmed, live, looked, other_flight, proposed, ticketed, yen_of
from tests.factories import acting, person
from tests.signin import sign_in
from tests.world import drafted, searched, submitted, token, work_off

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


def test_a_ticketed_flight_is_exchanged_for_another_within_the_same_booking(traveller, sandbox):
    flight = ticketed(traveller)
    old_price, old_ticket = flight.price, flight.ticket_number
    change = other_flight(traveller, flight)
    assert change.kind == ChangeKind.EXCHANGE
    assert live(flight.trip) == [(flight.title, R.TICKETED)]

    confirmed(traveller, change)
    flight.refresh_from_db()
    assert flight.state == R.CHANGING
    work_off()

    flight.refresh_from_db()
    change.refresh_from_db()
    wanted = offer_from_json(change.offer)
    assert (flight.state, change.state) == (R.TICKETED, ChangeState.DONE)
    assert (flight.title, flight.price) == (wanted.title, wanted.price)
    assert flight.ticket_number != old_ticket
    assert live(flight.trip) == [(wanted.rides[0].service, R.TICKETED)]
    assert Segment.everything.filter(reservation=flight, superseded=True, live=False).count() == 1
    [truth] = sandbox.bookings(flight.reference)
    assert (truth["number"], truth["price_yen"]) == (flight.number, flight.price)
    # The old fare and its 旅客施設使用料 are taken back, the new ones charged: every fact has its own line.
    assert yen_of(flight) == [
        old_price - 560, 560, -(old_price - 560), -560, flight.price - 560, 560,
    ]  # fmt: skip


def test_a_flight_that_is_only_held_is_changed_without_money(traveller, sandbox):
    sandbox.fault("jal-online", "ticket", "sold_out")
    flight = ticketed(traveller)
    assert flight.state == R.BOOKED
    confirmed(traveller, other_flight(traveller, flight))
    work_off()
    flight.refresh_from_db()
    assert flight.title == offer_from_json(Change.objects.get().offer).title
    assert yen_of(flight) in ([], [flight.price - 560, 560])


def test_the_days_of_the_trip_follow_a_change_to_another_day(traveller):
    flight = ticketed(traveller)
    confirmed(traveller, other_flight(traveller, flight, days=3))
    work_off()
    flight.refresh_from_db()
    flight.trip.refresh_from_db()
    day = flight.segments.get().travel_on
    assert flight.segments.get().item.first_day == day
    assert flight.trip.first_day <= day <= flight.trip.last_day
    assert {charge.billing_on for charge in flight.charges.filter(amount__gt=0, pk__gt=2)} >= {day}


def test_the_traveller_is_told_what_stands_now(traveller):
    flight = ticketed(traveller)
    confirmed(traveller, other_flight(traveller, flight))
    work_off()
    flight.refresh_from_db()
    mail = OutgoingMail.objects.get(kind="change")
    assert flight.title in mail.body
    assert f"{flight.price:,}円" in mail.body


def test_a_cost_that_has_risen_since_leaves_the_booking_as_it_was(traveller, sandbox):
    flight = ticketed(traveller)
    change = other_flight(traveller, flight)
    confirm_change(acting(traveller), change, max_cost=-100_000, max_fee=0)
    work_off()
    flight.refresh_from_db()
    change.refresh_from_db()
    assert (flight.state, change.state) == (R.TICKETED, ChangeState.REFUSED)
    assert "上限を超えています" in flight.problem
    assert live(flight.trip) == [(flight.title, R.TICKETED)]
    assert "変更できませんでした" in OutgoingMail.objects.get(kind="change").body


@pytest.mark.parametrize("fault", ["lose_after", "garbage", "reset_mid_answer", "wrong_meaning"])
def test_a_change_whose_answer_was_lost_is_found_by_asking_and_not_sent_twice(traveller, sandbox, fault):
    flight = ticketed(traveller)
    change = other_flight(traveller, flight)
    sandbox.fault("jal-online", "change", fault)
    confirmed(traveller, change)
    driving.carry_out(BOOKER, SupplierCall.objects.exclude(state="done").get().pk)
    flight.refresh_from_db()
    assert flight.state == R.UNKNOWN
    work_off()
    flight.refresh_from_db()
    assert (flight.state, flight.title) == (R.TICKETED, offer_from_json(change.offer).title)
    assert sandbox.control("GET", "requests")["counts"]["jal-online.change"] == 1
    assert sum(yen_of(flight)) == flight.price


def test_a_change_of_what_has_lapsed_meanwhile_is_none_and_nobody_is_told_that_it_stands(traveller, sandbox):
    sandbox.fault("jal-online", "ticket", "sold_out")
    flight = ticketed(traveller)
    assert flight.state == R.BOOKED
    change = other_flight(traveller, flight)
    sandbox.fault("jal-online", "change", "lose_after")
    confirmed(traveller, change)
    driving.carry_out(BOOKER, SupplierCall.objects.exclude(state="done").get().pk)
    clock.shift_by(int((flight.hold_until - clock.now()).total_seconds()) + 60)
    flight.connection.quiet_seconds = 0
    flight.connection.save()
    for _ in range(2):
        SupplierCall.objects.exclude(state="done").update(next_try_at=clock.wall())
        driving.carry_out(BOOKER, SupplierCall.objects.exclude(state="done").get().pk)
    change.refresh_from_db()
    assert change.state == ChangeState.REFUSED
    assert "そのまま残っています" not in OutgoingMail.objects.get(kind="change").body
    sweep_holds()
    flight.refresh_from_db()
    assert flight.state == R.EXPIRED


def test_a_change_that_never_arrived_is_refused_after_asking(traveller, sandbox):
    flight = ticketed(traveller)
    old_title = flight.title
    change = other_flight(traveller, flight)
    sandbox.fault("jal-online", "change", "lose_before")
    confirmed(traveller, change)
    work_off()
    flight.refresh_from_db()
    change.refresh_from_db()
    assert (flight.state, flight.title, change.state) == (R.TICKETED, old_title, ChangeState.REFUSED)
    assert sum(yen_of(flight)) == flight.price


def test_what_cannot_be_changed_is_booked_anew_and_then_cancelled(traveller, sandbox):
    flight = ticketed(traveller, has="セイバー")
    fee = driving.quote_cancel(flight).fee
    assert fee > 0
    change = other_flight(traveller, flight)
    assert change.kind == ChangeKind.REBOOK
    price = offer_from_json(change.offer).price
    confirm_change(acting(traveller), change, max_cost=price - flight.price + fee, max_fee=fee)

    flight.refresh_from_db()
    change.refresh_from_db()
    assert (flight.state, change.replacement.state) == (R.TICKETED, R.BOOKING)
    flight.trip.refresh_from_db()
    # While both live, the old one counts with the fee of cancelling it.
    assert committed_total(flight.trip) == price + fee == flight.trip.authorised_total
    work_off()

    flight.refresh_from_db()
    change.refresh_from_db()
    assert (flight.state, change.replacement.state, change.state) == (R.CANCELLED, R.TICKETED, ChangeState.DONE)
    assert flight.cancel_fee == fee
    assert [row["state"] for row in sandbox.truth()["bookings"]] == ["cancelled", "ticketed"]
    assert live(flight.trip) == [(change.replacement.title, R.TICKETED)]


def test_the_mail_of_a_refused_change_does_not_say_that_an_expired_booking_stands(traveller, sandbox):
    sandbox.fault("jal-online", "ticket", "sold_out")
    flight = ticketed(traveller, has="セイバー")
    change = other_flight(traveller, flight)
    sandbox.fault("jal-online", "book", "sold_out")
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=10_000)
    flight.refresh_from_db()
    go_to(flight.hold_until.date() + dt.timedelta(days=1))
    arranging.expire_hold(SWEEPER, flight)
    work_off()
    flight.refresh_from_db()
    change.refresh_from_db()
    assert (flight.state, change.state) == (R.EXPIRED, ChangeState.REFUSED)
    mail = OutgoingMail.objects.get(kind="change")
    assert "変更できませんでした" in mail.body
    assert "期限切れ" in mail.body
    assert "そのまま残っています" not in mail.body


def test_another_stay_is_booked_although_another_part_of_the_trip_could_not_be_had(traveller, sandbox):
    search = searched(traveller)
    sandbox.fault("jal-online", "book", "sold_out")
    chosen = {"out": token(search, "out", "jal_online", has=FLEX), "stay": token(search, "stay", "yado_net")}
    trip = submitted(traveller, drafted(traveller, search, **chosen))
    work_off()
    stay = trip.reservations.get(supplier="yado_net")
    assert sorted(trip.reservations.values_list("state", flat=True)) == [R.BOOKED, R.FAILED]
    again = looked(traveller, stay, nights=1)
    offers = again.answers.get(connection__supplier="yado_net").offers
    # One that costs from the first moment on: the last to be booked.
    n = next(k for k, offer in enumerate(offers) if not offer["reversible"] and offer["title"] != stay.title)
    change = proposed(traveller, again, part="stay", supplier="yado_net", n=n)
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=100_000)
    work_off()
    stay.refresh_from_db()
    change.refresh_from_db()
    assert (stay.state, change.replacement.state, change.state) == (R.CANCELLED, R.BOOKED, ChangeState.DONE)


def test_while_the_old_one_is_being_given_back_the_new_one_may_be_used(traveller, sandbox):
    flight = ticketed(traveller, has="セイバー")
    fee = driving.quote_cancel(flight).fee
    change = other_flight(traveller, flight)
    sandbox.fault("jal-online", "cancel", "lose_before")
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=fee)
    for _ in range(3):
        driving.carry_out(BOOKER, SupplierCall.objects.exclude(state="done").get().pk)
    flight.refresh_from_db()
    change.refresh_from_db()
    assert (flight.state, change.replacement.state) == (R.UNKNOWN, R.TICKETED)
    arranging.mark_used(SWEEPER, change.replacement)
    flight.refresh_from_db()
    assert (flight.state, flight.problem) == (R.UNKNOWN, "")
    assert not RefundClaim.objects.exists()


def test_when_the_new_one_cannot_be_had_the_old_one_stays(traveller, sandbox):
    flight = ticketed(traveller, has="セイバー")
    change = other_flight(traveller, flight)
    sandbox.fault("jal-online", "book", "sold_out")
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=10_000)
    work_off()
    flight.refresh_from_db()
    change.refresh_from_db()
    assert (flight.state, change.state, change.replacement.state) == (R.TICKETED, ChangeState.REFUSED, R.FAILED)
    assert "元の予約はそのまま残っています" in OutgoingMail.objects.get(kind="change").body
    assert live(flight.trip) == [(flight.title, R.TICKETED)]
    assert not flight.segments.get().outgoing
    assert SupplierCall.objects.filter(reservation=flight, verb="cancel").count() == 0


def test_a_fee_that_rose_keeps_both_and_asks_the_person(traveller):
    flight = ticketed(traveller, has="セイバー")
    change = other_flight(traveller, flight)
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=0)
    work_off()
    flight.refresh_from_db()
    change.refresh_from_db()
    assert (flight.state, change.replacement.state, change.state) == (R.TICKETED, R.TICKETED, ChangeState.CONFIRMED)
    assert "上限を超えています" in flight.problem
    # The person sees the fee and cancels after all: then the change is done.
    claim_cancellation(acting(traveller), flight, max_fee=driving.quote_cancel(flight).fee)
    work_off()
    change.refresh_from_db()
    assert change.state == ChangeState.DONE


def test_a_hotel_is_rebooked_for_other_nights(traveller, sandbox):
    search = searched(traveller)
    trip = submitted(traveller, drafted(traveller, search, stay=token(search, "stay", "yado_net")))
    work_off()
    stay = trip.reservations.get()
    change = proposed(traveller, looked(traveller, stay, nights=2), part="stay", supplier="yado_net")
    fee = driving.quote_cancel(stay).fee
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=fee)
    work_off()
    stay.refresh_from_db()
    change.refresh_from_db()
    assert (stay.state, change.replacement.state, change.state) == (R.CANCELLED, R.BOOKED, ChangeState.DONE)
    assert change.replacement.nights.filter(live=True).count() == 2


def test_a_sold_out_leg_is_replaced_and_then_everything_is_ticketed(traveller, sandbox):
    search = searched(traveller)
    sandbox.fault("jal-online", "book", "sold_out")
    trip = submitted(
        traveller,
        drafted(
            traveller, search,
            out=token(search, "out", "jal_online", has=FLEX), back=token(search, "back", "jal_online", has=FLEX),
        ),
    )  # fmt: skip
    work_off()
    lost = trip.reservations.get(state=R.FAILED)
    held = trip.reservations.get(state=R.BOOKED)
    change = other_flight(traveller, lost)
    assert change.kind == ChangeKind.REPLACE
    confirm_change(acting(traveller), change, max_cost=offer_from_json(change.offer).price, max_fee=0)
    work_off()
    change.refresh_from_db()
    held.refresh_from_db()
    assert (held.state, change.replacement.state, change.state) == (R.TICKETED, R.TICKETED, ChangeState.DONE)
    again = looked(traveller, lost, days=1)
    with pytest.raises(CannotChange, match="すでに別の予約があります"):
        proposed(traveller, again, has=FLEX, n=3)


def test_a_train_replaced_by_a_flight_waits_for_its_refund_by_the_traveller(traveller):
    ride = bought_train(traveller)
    change = proposed(traveller, looked(traveller, ride), has=FLEX)
    assert change.kind == ChangeKind.REBOOK
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=320)
    work_off()
    ride.refresh_from_db()
    change.refresh_from_db()
    assert (ride.state, change.replacement.state, change.state) == (R.TICKETED, R.TICKETED, ChangeState.CONFIRMED)
    assert "払い戻してください" in ride.problem


def test_confirming_twice_carries_one_change_out(traveller, sandbox):
    flight = ticketed(traveller)
    change = other_flight(traveller, flight)
    confirmed(traveller, change)
    with pytest.raises(ChangeTaken):
        confirm_change(acting(traveller), change, max_cost=0, max_fee=0)
    work_off()
    assert sandbox.control("GET", "requests")["counts"]["jal-online.change"] == 1


def test_choosing_anew_drops_the_earlier_choice(traveller):
    flight = ticketed(traveller)
    first = other_flight(traveller, flight)
    other_flight(traveller, flight, n=4)
    first.refresh_from_db()
    assert first.state == ChangeState.DROPPED
    with pytest.raises(ChangeTaken, match="取りやめになっています"):
        confirm_change(acting(traveller), first, max_cost=0, max_fee=0)


def test_a_change_that_was_dropped_in_another_tab_says_so_when_it_is_pressed(traveller, client):
    flight = ticketed(traveller)
    first = other_flight(traveller, flight)
    other_flight(traveller, flight, n=4)
    sign_in(client, traveller)
    answer = client.post(f"/changes/{first.public_id}/", {"max_cost": 0, "max_fee": 0}, follow=True)
    assert "この変更は、取りやめになっています" in answer.content.decode()
    flight.refresh_from_db()
    assert flight.state == R.TICKETED


def test_the_address_for_a_number_is_only_there_for_changes_at_the_suppliers_site(traveller, client):
    change = other_flight(traveller, ticketed(traveller))
    sign_in(client, traveller)
    assert client.post(f"/changes/{change.public_id}/number/", {"number": "2001", "price": "1"}).status_code == 404


def test_a_change_that_is_dropped_changes_nothing(traveller):
    flight = ticketed(traveller)
    change = other_flight(traveller, flight)
    drop_change(acting(traveller), change)
    change.refresh_from_db()
    flight.refresh_from_db()
    assert (change.state, flight.state) == (ChangeState.DROPPED, R.TICKETED)
    with pytest.raises(ChangeTaken):
        drop_change(acting(traveller), change)


def test_the_same_flight_again_is_no_change(traveller):
    flight = ticketed(traveller)
    with pytest.raises(BadWish, match="いまの予約と同じ"):
        other_flight(traveller, flight, n=0)


def test_a_flight_that_has_left_cannot_be_changed(traveller):
    flight = ticketed(traveller)
    change = other_flight(traveller, flight)
    go_to(flight.segments.get().travel_on + dt.timedelta(days=1))
    with pytest.raises((CannotChange, OfferGone)):
        confirm_change(acting(traveller), change, max_cost=0, max_fee=0)
    change.refresh_from_db()
    assert change.state == ChangeState.DRAFT


def test_nobody_else_changes_it(traveller):
    flight = ticketed(traveller)
    change = other_flight(traveller, flight)
    with pytest.raises(NoProxy):
        confirm_change(acting(person()), change, max_cost=0, max_fee=0)


def test_above_the_approved_sum_another_approval_is_needed(traveller):
    flight = ticketed(traveller, has="セイバー")
    Office.objects.update(approval_required=True)
    change = other_flight(traveller, flight, has=FLEX)
    with pytest.raises(AboveAuthorised, match="承認された上限"):
        confirm_change(acting(traveller), change, max_cost=100_000, max_fee=50_000)
    change.refresh_from_db()
    flight.refresh_from_db()
    assert (change.state, flight.segments.get().outgoing) == (ChangeState.DRAFT, False)


def test_a_paused_connection_refuses_the_change_and_the_booking_stands(traveller):
    flight = ticketed(traveller)
    change = confirmed(traveller, other_flight(traveller, flight))
    Connection.objects.filter(supplier="jal_online").update(credentials="")
    work_off()
    flight.refresh_from_db()
    change.refresh_from_db()
    assert (flight.state, change.state) == (R.TICKETED, ChangeState.REFUSED)
    assert clock.today() < flight.segments.get().travel_on
