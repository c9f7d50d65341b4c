"""Too late, twice, from a page that no longer holds: a message that says so, and nothing lost and nothing doubled."""

import datetime as dt
import html

import pytest

from booking import tasks
from booking.errors import BadDisruption, BadRefund, BadWish, CannotChange, ChangeTaken
from booking.models import AffectedBooking, ChangeState, Reservation, ReservationState
from booking.services import driving
from booking.services.cancelling import claim_cancellation
from booking.services.changing import confirm_change
from booking.services.disruptions import DisruptionFacts, enter_disruption, record_follow_up
from booking.services.refunds import record_no_show
from booking.services.settling import Finding, settle_by_hand
from booking.services.trips import withdraw_trip
from booking.tasks import BOOKER
from lib import clock
from tests.billing.world import go_to
from tests.booking.changes import FLEX, bought_train, looked, other_flight, proposed, ticketed, yen_of
from tests.booking.closing import close_until
from tests.factories import acting, person
from tests.signin import sign_in
from tests.world import drafted, searched, submitted, token, work_off

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


def text_of(answer):
    return html.unescape(answer.content.decode())


@pytest.fixture
def operator(db):
    return person("operator")


def after_the_ride(reservation: Reservation) -> None:
    go_to(reservation.segments.get().travel_on + dt.timedelta(days=1))


# Changing


def test_choosing_another_flight_after_departure_changes_nothing(traveller):
    flight = ticketed(traveller)
    search = looked(traveller, flight)
    after_the_ride(flight)
    with pytest.raises(CannotChange):
        proposed(traveller, search, has=FLEX, n=2)
    assert not flight.changes.exists()


def test_confirming_a_change_after_departure_changes_nothing(traveller, client):
    flight = ticketed(traveller)
    change = other_flight(traveller, flight)
    after_the_ride(flight)
    sign_in(client, traveller)
    answer = client.post(f"/changes/{change.public_id}/", {"max_cost": "100000", "max_fee": "0"}, follow=True)
    assert "いまの状態では変更できません" in text_of(answer)
    change.refresh_from_db()
    flight.refresh_from_db()
    assert (change.state, flight.state) == (ChangeState.DRAFT, R.TICKETED)


def test_choosing_again_while_a_confirmed_change_is_under_way_leaves_that_one(traveller):
    flight = ticketed(traveller)
    close_until("jal_online")
    change = other_flight(traveller, flight, has="セイバー")
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=0)
    search = looked(traveller, flight)
    with pytest.raises(ChangeTaken, match="手続き中"):
        proposed(traveller, search, has="セイバー", n=1)
    assert list(flight.changes.values_list("state", flat=True)) == [ChangeState.CONFIRMED]


@pytest.mark.parametrize("state", [R.USED, R.NO_SHOW, R.UNKNOWN, R.CANCELLING])
def test_no_other_is_looked_for_in_place_of_what_cannot_be_changed(state, traveller, client):
    flight = ticketed(traveller)
    Reservation.objects.filter(pk=flight.pk).update(state=state)
    sign_in(client, traveller)
    answer = client.get(f"/reservations/{flight.public_id}/change/", follow=True)
    assert "いまの状態では変更できません" in text_of(answer)


@pytest.mark.parametrize(
    ("number", "words"), [("12", "4桁から6桁の数字"), ("3001", "すでに登録されています"), ("", "入力してください")]
)
def test_the_number_of_a_change_is_checked_as_any_other_and_stays_in_its_field(number, words, traveller, client):
    other = bought_train(traveller)
    Reservation.objects.filter(pk=other.pk).update(number="3001")
    ride = bought_train(traveller)
    change = proposed(traveller, looked(traveller, ride), supplier="ex", n=2)
    confirm_change(acting(traveller), change, max_cost=0, max_fee=0)
    sign_in(client, traveller)
    answer = client.post(f"/changes/{change.public_id}/number/", {"number": number, "price": "23280"})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert 'value="23280"' in text_of(answer)
    assert f'value="{number}"' in text_of(answer) or not number
    change.refresh_from_db()
    assert change.state == ChangeState.CONFIRMED


# Cancelling and giving up


def test_what_is_cancelled_already_is_not_cancelled_again_from_an_old_page(traveller, client):
    flight = ticketed(traveller)
    sign_in(client, traveller)
    address = f"/reservations/{flight.public_id}/cancel/"
    fee = driving.quote_cancel(flight).fee
    assert client.post(address, {"max_fee": str(fee)}).status_code == 303
    twice = client.post(address, {"max_fee": str(fee)}, follow=True)
    assert "いまの状態では取り消せません" in text_of(twice)
    work_off()
    thrice = client.post(address, {"max_fee": str(fee)}, follow=True)
    assert "いまの状態では取り消せません" in text_of(thrice)
    assert flight.calls.filter(verb="cancel").count() == 1
    assert sum(yen_of(flight)) == fee


def test_giving_up_a_train_twice_says_that_it_is_over(traveller, client):
    ride = ticketed(traveller, has="", part="back", supplier="ex")
    sign_in(client, traveller)
    address = f"/reservations/{ride.public_id}/give-up/"
    why = {"why": "予約をやめた"}
    assert "取りやめました" in text_of(client.post(address, why, follow=True))
    assert "すでに番号が登録されているか、取りやめになっています" in text_of(client.post(address, why, follow=True))
    ride.refresh_from_db()
    assert ride.state == R.WITHDRAWN


def test_a_number_typed_after_giving_up_in_another_tab_is_said_back(traveller, client):
    ride = ticketed(traveller, has="", part="back", supplier="ex")
    sign_in(client, traveller)
    client.post(f"/reservations/{ride.public_id}/give-up/", {"why": "予約をやめた"})
    answer = client.post(f"/reservations/{ride.public_id}/handoff/", {"number": "2001", "price": "23280"}, follow=True)
    assert "入力した「2001」は登録していません" in text_of(answer)


def test_nothing_paid_is_no_price(traveller, client):
    ride = ticketed(traveller, has="", part="back", supplier="ex")
    sign_in(client, traveller)
    answer = client.post(f"/reservations/{ride.public_id}/handoff/", {"number": "2001", "price": "0"})
    assert answer.status_code == 422
    assert "1円以上" in text_of(answer)
    assert 'value="2001"' in text_of(answer)


def test_a_trip_with_something_held_is_not_withdrawn(traveller, client):
    flight = ticketed(traveller)
    sign_in(client, traveller)
    answer = client.post(f"/trips/{flight.trip.public_id}/withdraw/", follow=True)
    assert "先に予約を取り消してください" in text_of(answer)
    flight.trip.refresh_from_db()
    assert flight.trip.state == "released"


def test_a_trip_of_which_a_part_was_used_is_not_withdrawn(traveller):
    flight = ticketed(traveller)
    Reservation.objects.filter(pk=flight.pk).update(state=R.USED)
    with pytest.raises(BadWish, match="利用した予約"):
        withdraw_trip(acting(traveller), flight.trip)
    flight.trip.refresh_from_db()
    assert flight.trip.state == "released"


# Prices and wishes that wait


def test_a_new_price_is_taken_once(traveller, sandbox, client):
    search = searched(traveller)
    trip = drafted(traveller, search, out=token(search, "out", "jal_online", has=FLEX))
    sandbox.fault("jal-online", "book", "dearer")
    submitted(traveller, trip)
    work_off()
    flight = trip.reservations.get()
    sign_in(client, traveller)
    address = f"/reservations/{flight.public_id}/ticket/"
    assert client.post(address, {"price": str(flight.price)}).status_code == 303
    again = client.post(address, {"price": str(flight.price)}, follow=True)
    assert "状態が変わりました" in text_of(again)
    work_off()
    trip.refresh_from_db()
    assert (trip.authorised_total, flight.calls.filter(verb="ticket").count()) == (flight.price, 1)
    assert sum(yen_of(flight)) == flight.price


def test_taking_a_stopped_wish_after_departure_books_nothing(traveller, sandbox, client):
    search = searched(traveller)
    trip = drafted(traveller, search, out=token(search, "out", "jal_online", has=FLEX))
    close_until("jal_online")
    wish = submitted(traveller, trip).reservations.get()
    Reservation.objects.filter(pk=wish.pk).update(not_before=None, problem="料金が変わったため、予約を止めています。")
    after_the_ride(wish)
    sign_in(client, traveller)
    client.post(f"/reservations/{wish.public_id}/go-on/", {"price": str(wish.price)})
    tasks.sweep_waiting()
    work_off()
    wish.refresh_from_db()
    assert wish.state in {R.FAILED, R.WITHDRAWN}
    assert "過ぎた" in wish.problem
    assert sandbox.bookings(wish.reference) == []


# At the desk


def test_an_unused_ticket_is_recorded_once(traveller, operator):
    ride = bought_train(traveller)
    after_the_ride(ride)
    record_no_show(acting(operator), ride, kept=320, booked_on=clock.today(), source="operator")
    with pytest.raises(BadRefund, match="不使用にできるのは"):
        record_no_show(acting(operator), ride, kept=320, booked_on=clock.today(), source="operator")
    assert sum(yen_of(ride)) == 320


def test_a_fee_above_what_was_paid_does_not_settle_a_lost_cancellation(traveller, sandbox, operator):
    flight = ticketed(traveller)
    sandbox.fault("jal-online", "cancel", "lose_before")
    call = claim_cancellation(acting(traveller), flight, max_fee=440)
    driving.carry_out(BOOKER, call.pk)
    with pytest.raises(BadRefund) as refusal:
        settle_by_hand(acting(operator), call, Finding(happened=True, why="電話", fee=flight.price + 1))
    assert refusal.value.field == "fee"
    flight.refresh_from_db()
    call.refresh_from_db()
    assert (flight.state, call.state) == (R.UNKNOWN, "asking")


def test_a_follow_up_of_another_operator_is_not_overwritten_unseen(traveller, operator, client):
    flight = ticketed(traveller)
    ride = flight.segments.get()
    facts = DisruptionFacts("cancelled", "公式サイト", clock.now(), None, None, "欠航します。")
    enter_disruption(acting(operator), supplier=flight.supplier, service=ride.service, day=ride.travel_on, facts=facts)
    booking = AffectedBooking.objects.get()
    address = f"/disruptions/bookings/{booking.public_id}/"
    sign_in(client, operator)
    assert client.get(address).status_code == 200
    record_follow_up(acting(person("operator")), booking, note="本人と電話。変更予定。", seen="")
    answer = client.post(address, {"note": "留守でした。", "seen": ""})
    shown = text_of(answer)
    assert answer.status_code == 422
    assert "ほかのオペレータが先に記録しました" in shown
    assert "本人と電話。変更予定。" in shown
    assert "留守でした。" in shown
    with pytest.raises(BadDisruption):
        record_follow_up(acting(operator), booking, note="x", seen="")
    booking.refresh_from_db()
    assert client.post(address, {"note": "本人と電話。留守でした。", "seen": booking.stamp}).status_code == 303
    booking.refresh_from_db()
    assert booking.note == "本人と電話。留守でした。"
