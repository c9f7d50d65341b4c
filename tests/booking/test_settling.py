"""An operator ends what asking does not, only to where the call could have led, and never against an answer."""

import datetime as dt

import pytest
from django.urls import reverse

from audit.models import Event, OutgoingMail
from booking.errors import AlreadyKnown, NumberTaken, TooEarly
from booking.models import CallState, Change, ChangeState, Charge, Connection, Reservation, SupplierCall
from booking.services import cancelling, driving, reconciling
from booking.services.settling import Finding, ask_now, settle_by_hand
from booking.suppliers.types import offer_from_json
from booking.tasks import BOOKER
from lib import clock, durable, jst
from lib.errors import NotPermitted, Stale
from tests import world
from tests.booking.changes import confirmed, live, other_flight, ticketed, yen_of
from tests.factories import acting, contract, person
from tests.signin import sign_in
from tests.together import at_once
from tests.world import drafted, searched, submitted, token, work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def traveller(sandbox):
    contract()
    world.connect(sandbox.url)
    return world.with_numbers(person())


@pytest.fixture
def operator(db):
    return person("operator")


@pytest.fixture
def desk(operator):
    return acting(operator)


@pytest.fixture
def flight(traveller, sandbox) -> Reservation:
    """A flight, submitted; nothing has been sent yet."""
    search = searched(traveller)
    chosen = token(search, "out", "jal_online", has="ビジネスフレックス")
    return submitted(traveller, drafted(traveller, search, out=chosen)).reservations.get()


def lost(sandbox, reservation: Reservation, operation: str) -> SupplierCall:
    """The call of the reservation, after its answer was lost."""
    sandbox.fault("jal-online", operation, "lose_before")
    call = SupplierCall.objects.exclude(state="done").get(reservation=reservation)
    driving.carry_out(BOOKER, call.pk)
    call.refresh_from_db()
    assert call.state == CallState.ASKING
    return call


@pytest.fixture
def lost_booking(flight, sandbox) -> SupplierCall:
    return lost(sandbox, flight, "book")


def done(call: SupplierCall) -> Reservation:
    call.refresh_from_db()
    assert call.state == CallState.DONE
    return Reservation.objects.get(pk=call.reservation_id)


THERE = Finding(happened=True, why="管理画面", number="ABC123", price=40160)
NOT_THERE = Finding(happened=False, why="電話 担当佐藤")


def test_a_booking_that_stood_goes_on_as_if_the_answer_had_come(lost_booking, desk):
    settle_by_hand(desk, lost_booking, THERE)
    reservation = done(lost_booking)
    # The next step is begun at once.
    assert (reservation.state, reservation.number, reservation.price) == ("ticketing", "ABC123", 40160)
    event = Event.objects.get(code="booking.call.settled")
    assert event.actor_id == desk.id
    assert b"\xe7\xae\xa1\xe7\x90\x86\xe7\x94\xbb\xe9\x9d\xa2" in bytes(event.canonical)


def test_a_dearer_booking_stops_and_asks(lost_booking, desk):
    settle_by_hand(desk, lost_booking, Finding(happened=True, why="管理画面", number="ABC123", price=99000))
    reservation = done(lost_booking)
    assert reservation.state == "booked"
    assert "99,000円に変わりました" in reservation.problem


def test_a_booking_that_is_held_until_a_deadline_keeps_it(lost_booking, desk):
    ends = clock.now().replace(microsecond=0) + dt.timedelta(hours=30)
    settle_by_hand(
        desk, lost_booking, Finding(happened=True, why="管理画面", number="ABC123", price=99000, hold_until=ends)
    )
    assert done(lost_booking).hold_until == ends


def test_a_booking_that_was_not_there_has_failed(lost_booking, desk):
    settle_by_hand(desk, lost_booking, NOT_THERE)
    reservation = done(lost_booking)
    assert reservation.state == "failed"
    assert "成立していませんでした" in reservation.problem


def test_not_there_is_not_taken_while_the_supplier_may_still_commit(lost_booking, desk):
    Connection.objects.update(quiet_seconds=120)
    with pytest.raises(TooEarly, match="過ぎてから記録"):
        settle_by_hand(desk, lost_booking, NOT_THERE)
    lost_booking.refresh_from_db()
    assert lost_booking.state == CallState.ASKING
    settle_by_hand(desk, lost_booking, THERE)
    assert done(lost_booking).number == "ABC123"


def test_a_ticket_that_was_issued_is_charged(flight, sandbox, desk):
    driving.carry_out(BOOKER, SupplierCall.objects.get().pk)
    call = lost(sandbox, flight, "ticket")
    price = Reservation.objects.get(pk=flight.pk).price
    settle_by_hand(desk, call, Finding(happened=True, why="管理画面", number="131-1234567890", price=price))
    reservation = done(call)
    assert (reservation.state, reservation.ticket_number) == ("ticketed", "131-1234567890")
    assert sum(Charge.objects.values_list("amount", flat=True)) == price


def test_a_ticket_that_was_not_issued_leaves_the_booking(flight, sandbox, desk):
    driving.carry_out(BOOKER, SupplierCall.objects.get().pk)
    call = lost(sandbox, flight, "ticket")
    settle_by_hand(desk, call, NOT_THERE)
    assert done(call).state == "booked"
    assert not Charge.objects.exists()


@pytest.fixture
def lost_cancellation(flight, traveller, sandbox) -> SupplierCall:
    work_off()
    flight.refresh_from_db()
    cancelling.claim_cancellation(acting(traveller), flight, max_fee=440)
    return lost(sandbox, flight, "cancel")


def test_a_cancellation_that_went_through_gives_the_money_back(lost_cancellation, desk):
    settle_by_hand(desk, lost_cancellation, Finding(happened=True, why="管理画面", fee=440))
    reservation = done(lost_cancellation)
    assert (reservation.state, reservation.cancel_fee) == ("cancelled", 440)
    assert sum(Charge.objects.values_list("amount", flat=True)) == 440


def test_a_cancellation_whose_refund_follows_stays_billed(lost_cancellation, desk):
    before = sum(Charge.objects.values_list("amount", flat=True))
    settle_by_hand(desk, lost_cancellation, Finding(happened=True, why="管理画面", fee=440, refunded=False))
    assert done(lost_cancellation).state == "cancelled"
    assert sum(Charge.objects.values_list("amount", flat=True)) == before


def test_a_cancellation_that_did_not_happen_leaves_the_ticket(lost_cancellation, desk):
    settle_by_hand(desk, lost_cancellation, NOT_THERE)
    assert done(lost_cancellation).state == "ticketed"


@pytest.fixture
def lost_change(traveller, sandbox) -> SupplierCall:
    """The change of a ticketed flight, whose answer was lost."""
    flight = ticketed(traveller)
    confirmed(traveller, other_flight(traveller, flight))
    return lost(sandbox, flight, "change")


def test_a_change_that_went_through_stands_with_its_new_price_and_fee(lost_change, desk):
    before = lost_change.reservation.price
    settle_by_hand(
        desk, lost_change, Finding(happened=True, why="管理画面", number="131-99", price=before + 2000, fee=500)
    )
    reservation, change = done(lost_change), Change.objects.get()
    wanted = offer_from_json(change.offer)
    assert (reservation.state, reservation.ticket_number, reservation.title) == ("ticketed", "131-99", wanted.title)
    assert change.state == ChangeState.DONE
    assert live(reservation.trip) == [(wanted.rides[0].service, "ticketed")]
    new = before + 2000
    assert yen_of(reservation) == [before - 560, 560, -(before - 560), -560, new - 560, 560, 500]


def test_a_change_that_did_not_happen_leaves_the_old_ticket_and_says_why(lost_change, desk):
    old = lost_change.reservation
    settle_by_hand(desk, lost_change, NOT_THERE)
    reservation, change = done(lost_change), Change.objects.get()
    assert (reservation.state, reservation.title, reservation.price) == ("ticketed", old.title, old.price)
    assert change.state == ChangeState.REFUSED
    assert "変更されていませんでした" in OutgoingMail.objects.get(kind="change").body


def test_a_change_of_what_is_only_held_takes_the_new_deadline(traveller, sandbox, desk):
    sandbox.fault("jal-online", "ticket", "sold_out")
    flight = ticketed(traveller)
    confirmed(traveller, other_flight(traveller, flight))
    call = lost(sandbox, flight, "change")
    ends = clock.now().replace(microsecond=0) + dt.timedelta(days=2)
    settle_by_hand(desk, call, Finding(happened=True, why="管理画面", price=flight.price, hold_until=ends))
    reservation = done(call)
    assert (reservation.hold_until, yen_of(reservation)) == (ends, [])
    assert Change.objects.get().state == ChangeState.DONE


def test_a_number_of_another_booking_is_refused_and_nothing_changes(lost_booking, traveller, desk):
    other = Reservation.objects.get(pk=lost_booking.reservation_id)
    other.pk, other.public_id, other.reference = None, "0190a5e0-0000-7000-8000-000000000001", "T0000-99"
    other.state, other.number, other.operated_on = "booked", "ABC123", clock.today()
    other.save(force_insert=True)
    with pytest.raises(NumberTaken):
        settle_by_hand(desk, lost_booking, THERE)
    lost_booking.refresh_from_db()
    assert lost_booking.state == CallState.ASKING
    assert not Event.objects.filter(code="booking.call.settled").exists()


@pytest.fixture
def earlier(traveller) -> Reservation:
    """A flight of the same person that was booked the day before."""
    flight = ticketed(traveller)
    clock.shift_by(86400)
    return flight


def test_a_number_of_a_flight_that_was_booked_on_another_day_is_refused(earlier, lost_booking, desk):
    """Else one ticket would stand for two bookings, and be charged twice."""
    with pytest.raises(NumberTaken):
        settle_by_hand(desk, lost_booking, Finding(happened=True, why="管理画面", number=earlier.number, price=99000))
    lost_booking.refresh_from_db()
    assert lost_booking.state == CallState.ASKING


def test_only_the_desk_settles_and_hurries(lost_booking, traveller):
    for actor in (acting(traveller), acting(person("auditor"))):
        with pytest.raises(NotPermitted):
            settle_by_hand(actor, lost_booking, THERE)
        with pytest.raises(NotPermitted):
            ask_now(actor, lost_booking)


def test_what_was_settled_is_settled_once(lost_booking, desk):
    settle_by_hand(desk, lost_booking, NOT_THERE)
    with pytest.raises(AlreadyKnown):
        settle_by_hand(desk, lost_booking, THERE)
    with pytest.raises(AlreadyKnown):
        ask_now(desk, lost_booking)
    assert done(lost_booking).state == "failed"


def test_asking_now_does_not_wait_for_the_next_turn(lost_booking, desk):
    SupplierCall.objects.update(next_try_at=clock.wall() + dt.timedelta(minutes=5))
    driving.carry_out(BOOKER, lost_booking.pk)
    lost_booking.refresh_from_db()
    assert lost_booking.asks == 0
    ask_now(desk, lost_booking)
    driving.carry_out(BOOKER, lost_booking.pk)
    lost_booking.refresh_from_db()
    assert lost_booking.asks == 1


def test_an_answer_that_comes_after_the_record_changes_nothing(lost_booking, desk):
    mine = durable.claim(SupplierCall.objects.filter(state=CallState.ASKING), lost_booking.pk)
    settle_by_hand(desk, lost_booking, THERE)
    held = SupplierCall.objects.select_related("reservation__trip", "reservation__connection").get(pk=lost_booking.pk)
    with pytest.raises(Stale):
        reconciling.settle(BOOKER, held, [], token=mine, exchanges=[])
    assert done(lost_booking).number == "ABC123"


def test_of_the_record_and_an_answer_at_the_same_moment_one_wins(lost_booking, desk):
    SupplierCall.objects.update(asks=1)

    def asked() -> None:
        driving.carry_out(BOOKER, lost_booking.pk)

    def recorded() -> None:
        settle_by_hand(desk, SupplierCall.objects.select_related("reservation__trip").get(pk=lost_booking.pk), THERE)

    outcomes = at_once(asked, recorded)
    reservation = done(lost_booking)
    by_hand = Event.objects.filter(code="booking.call.settled").count()
    assert reservation.state == ("ticketing" if by_hand else "failed"), outcomes
    assert Event.objects.filter(code="booking.reservation.booked").count() == by_hand
    assert Event.objects.filter(code="booking.reservation.failed").count() == 1 - by_hand


def test_the_desk_sees_what_was_said_and_settles_on_the_page(lost_booking, operator, client):
    sign_in(client, operator)
    home = client.get("/").content.decode()
    assert "成立を確認中" in home
    here = reverse("booking:call", args=[lost_booking.public_id])
    assert here in home
    assert here in client.get(reverse("booking:calls")).content.decode()
    page = client.get(here).content.decode()
    assert "/jal-online/v1/bookings" in page
    assert "いま照会する" in page
    assert "シケン タロウ" not in page
    settle = reverse("booking:call_settle", args=[lost_booking.public_id])
    answer = client.post(settle, {"happened": "yes", "number": "ABC123", "why": "管理画面"})
    assert answer.status_code == 422
    assert "成立していたときは、金額を入力してください。" in answer.content.decode()
    assert "ABC123" in answer.content.decode()
    told = client.post(
        settle, {"happened": "yes", "number": "ABC123", "price": "40160", "why": "管理画面"}, follow=True
    )
    assert "結果を記録しました" in told.content.decode()
    again = client.get(settle, follow=True).content.decode()
    assert "すでに分かっています" in again
    assert "さいきん分かったもの" in client.get(reverse("booking:calls")).content.decode()


def test_the_form_of_a_booking_takes_a_deadline_only_whole(lost_booking, operator, client):
    sign_in(client, operator)
    settle = reverse("booking:call_settle", args=[lost_booking.public_id])
    ends = clock.now() + dt.timedelta(days=1)
    day = jst.day_of(ends)
    typed = {"happened": "yes", "number": "ABC123", "price": "99000", "why": "管理画面"}
    typed |= {"hold_on_y": str(day.year), "hold_on_m": str(day.month), "hold_on_d": str(day.day)}
    answer = client.post(settle, typed)
    assert answer.status_code == 422
    assert "日と時刻の両方" in answer.content.decode()
    assert client.post(settle, {**typed, "hold_at": "23:59"}).status_code == 303
    assert done(lost_booking).hold_until == jst.at(day, 23, 59)


def test_a_deadline_that_has_passed_is_refused_beside_its_field(lost_booking, operator, client):
    """Else the booking would be told as lapsed at once."""
    sign_in(client, operator)
    day = clock.today() - dt.timedelta(days=1)
    typed = {"happened": "yes", "number": "ABC123", "price": "99000", "why": "管理画面", "hold_at": "23:59"}
    typed |= {"hold_on_y": str(day.year), "hold_on_m": str(day.month), "hold_on_d": str(day.day)}
    answer = client.post(reverse("booking:call_settle", args=[lost_booking.public_id]), typed)
    assert answer.status_code == 422
    assert "発券の期限が過ぎています" in answer.content.decode()
    lost_booking.refresh_from_db()
    assert lost_booking.state == CallState.ASKING


def test_the_form_of_a_change_says_what_was_wanted_and_asks_for_price_and_fee(lost_change, operator, client):
    sign_in(client, operator)
    settle = reverse("booking:call_settle", args=[lost_change.public_id])
    page = client.get(settle).content.decode()
    assert offer_from_json(Change.objects.get().offer).title in page
    assert "発券の期限" not in page
    answer = client.post(settle, {"happened": "yes", "why": "管理画面"})
    assert answer.status_code == 422
    for label in ("新しい航空券番号", "変更後の金額", "変更手数料"):
        assert f"成立していたときは、{label}を入力してください。" in answer.content.decode()
    typed = {"happened": "yes", "number": "131-99", "price": "50000", "fee": "0", "why": "管理画面"}
    assert client.post(settle, typed).status_code == 303
    assert (done(lost_change).price, Change.objects.get().state) == (50_000, ChangeState.DONE)
