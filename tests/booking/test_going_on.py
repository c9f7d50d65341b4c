"""What waits for another part of its trip goes on once that is decided, and its traveller was told so before."""

import html

import pytest

from audit.models import OutgoingMail
from booking.errors import CannotCancel, ChangeTaken
from booking.models import ChangeState, ClaimState, Connection, ReservationState
from booking.queries.work import work_items
from booking.services import arranging, driving
from booking.services.cancelling import cancel_items, claim_cancellation, record_own_cancellation
from booking.services.changing import confirm_change
from booking.services.recording import Purchase, record_reservation
from booking.states import HELD_UP
from booking.suppliers.types import Ride
from booking.tasks import BOOKER
from tests.booking.changes import FLEX, bought_train, looked, other_flight, proposed, ticketed
from tests.booking.closing import close_until, come
from tests.factories import acting, person
from tests.signin import sign_in
from tests.world import drafted, searched, submitted, token, work_off

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


def text_of(answer):
    return html.unescape(answer.content.decode())


@pytest.fixture
def trip(traveller):
    """A flight, and a stay that costs from the first moment on: it is booked after the flight."""
    search = searched(traveller)
    offers = search.answers.get(part="stay").offers
    n = next(k for k, offer in enumerate(offers) if not offer["reversible"])
    chosen = {"out": token(search, "out", "jal_online", has=FLEX), "stay": token(search, "stay", "yado_net", n=n)}
    return drafted(traveller, search, **chosen)


def held_up(traveller, trip, sandbox, fault="sold_out"):
    """The flight could not be had as it was chosen, and the stay waits for it."""
    sandbox.fault("jal-online", "book", fault, times=1)
    submitted(traveller, trip)
    work_off()
    stay = trip.reservations.get(supplier="yado_net")
    assert (stay.state, stay.problem) == (R.SCHEDULED, HELD_UP)
    return trip.reservations.get(supplier="jal_online"), stay


def states(*reservations):
    for reservation in reservations:
        reservation.refresh_from_db()
    return [reservation.state for reservation in reservations]


def test_its_mail_and_page_do_not_say_that_it_waits_for_a_choice(traveller, trip, sandbox, client):
    held_up(traveller, trip, sandbox)
    body = OutgoingMail.objects.get(kind="wish_stopped").body
    assert HELD_UP in body
    assert "選ぶまで" not in body
    sign_in(client, traveller)
    page = text_of(client.get(f"/trips/{trip.public_id}/"))
    assert HELD_UP in page
    assert "選ぶまで、予約はしません" not in page


def test_a_stay_whose_supplier_is_closed_by_then_waits_for_its_hours(traveller, trip, sandbox):
    flight, stay = held_up(traveller, trip, sandbox)
    opens = close_until("yado_net")
    change = proposed(traveller, looked(traveller, flight), has=FLEX, n=2)
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=0)
    work_off()
    change.refresh_from_db()
    assert states(change.replacement, stay) == [R.BOOKED, R.SCHEDULED]
    assert (stay.problem, stay.not_before) == ("", opens)
    come(stay)
    assert states(change.replacement, stay) == [R.TICKETED, R.BOOKED]


def test_a_flight_that_an_operator_recorded_in_its_place_lets_the_stay_go_on(traveller, trip, sandbox):
    flight, stay = held_up(traveller, trip, sandbox)
    ride = flight.segments.get()
    purchase = Purchase(
        part="out", connection=Connection.objects.get(supplier="jal_online"), number="PHONE1", price=flight.price,
        title="JAL 1", rides=[Ride("JAL 1", "羽田", "大阪", ride.departs, ride.arrives)],
    )  # fmt: skip
    record_reservation(acting(person("operator")), trip, purchase)
    work_off()
    assert states(stay) == [R.BOOKED]


def test_cancelling_what_had_become_dearer_lets_the_rest_go_on_and_its_page_says_so(traveller, trip, sandbox, client):
    flight, stay = held_up(traveller, trip, sandbox, fault="dearer")
    sign_in(client, traveller)
    page = text_of(client.get(f"/reservations/{flight.public_id}/cancel/"))
    assert "続けて予約・発券するものがあります" in page
    assert stay.title in page
    claim_cancellation(acting(traveller), flight, max_fee=0)
    work_off()
    assert states(flight, stay) == [R.CANCELLED, R.BOOKED]


def test_nothing_is_said_to_go_on_where_all_is_settled(traveller, client):
    flight = ticketed(traveller)
    sign_in(client, traveller)
    assert "続けて予約・発券" not in text_of(client.get(f"/reservations/{flight.public_id}/cancel/"))


def test_cancelling_everything_gives_up_what_waits_and_books_none_of_it(traveller, trip, sandbox, client):
    flight, stay = held_up(traveller, trip, sandbox, fault="dearer")
    sign_in(client, traveller)
    assert "まとめて取り消す" in text_of(client.get(f"/trips/{trip.public_id}/"))
    address = f"/trips/{trip.public_id}/cancel/"
    page = text_of(client.get(address))
    assert "予約待ちで、取りやめるもの 1件" in page
    assert "2件を0円で取り消す" in page
    posted = {f"fee_{flight.public_id}": "0", "wish": str(stay.public_id)}
    assert client.post(address, posted).status_code == 303
    work_off()
    assert states(flight, stay) == [R.CANCELLED, R.WITHDRAWN]
    assert stay.calls.count() == 0


def test_a_wish_that_the_page_did_not_show_stops_cancelling_everything(traveller, trip, sandbox, client):
    flight, stay = held_up(traveller, trip, sandbox, fault="dearer")
    sign_in(client, traveller)
    answer = client.post(f"/trips/{trip.public_id}/cancel/", {f"fee_{flight.public_id}": "0"})
    assert "取り消せる予約が変わりました" in text_of(answer)
    with pytest.raises(CannotCancel):
        cancel_items(acting(traveller), trip, highest={}, wishes=[str(flight.public_id)])
    assert states(flight, stay) == [R.BOOKED, R.SCHEDULED]


def test_a_silent_supplier_does_not_keep_what_was_seen_from_being_cancelled(traveller, trip, sandbox, client):
    submitted(traveller, trip)
    work_off()
    sign_in(client, traveller)
    address = f"/trips/{trip.public_id}/cancel/"
    lines = client.get(address).context["page"].lines
    assert len(lines) == 2
    sandbox.fault("jal-online", "*", "error_503", times=4)
    seen = {f"fee_{line.reservation.public_id}": str(line.quote.fee) for line in lines}
    assert client.post(address, seen).status_code == 303
    assert {row.state for row in trip.reservations.all()} == {R.CANCELLING}


def test_what_is_being_replaced_is_not_ticketed_meanwhile(traveller, trip, sandbox, client):
    sandbox.fault("jal-online", "ticket", "sold_out", times=1)
    search = searched(traveller)
    made = submitted(traveller, drafted(traveller, search, out=token(search, "out", "jal_online", has=FLEX)))
    work_off()
    [flight] = made.reservations.all()
    assert flight.state == R.BOOKED
    close_until("jal_online")
    change = proposed(traveller, looked(traveller, flight), has="セイバー")
    confirm_change(acting(traveller), change, max_cost=0, max_fee=0)
    flight.refresh_from_db()
    with pytest.raises(ChangeTaken):
        arranging.ticket_reservation(acting(traveller), flight)
    with pytest.raises(ChangeTaken):
        arranging.accept_price(acting(traveller), flight, price=flight.price)
    assert states(flight) == [R.BOOKED]
    sign_in(client, traveller)
    page = text_of(client.get(f"/trips/{made.public_id}/"))
    assert "円で発券する" not in page


def test_an_old_ticket_that_costs_more_to_give_back_than_confirmed_is_told_owed_and_listed(traveller, client):
    flight = ticketed(traveller, has="セイバー")
    change = other_flight(traveller, flight, has=FLEX)
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=0)
    work_off()
    change.refresh_from_db()
    assert states(flight, change.replacement) == [R.TICKETED, R.TICKETED]
    body = OutgoingMail.objects.get(kind="both_stand").body
    assert "もとの予約が残っています" in body
    assert "確認した額は0円です。取り消していません。" in body
    assert (flight.refund_claims.get().state, change.state) == (ClaimState.OPEN, ChangeState.CONFIRMED)
    assert f"{flight.title} を確かめる" in [item.title for item in work_items(acting(traveller))]
    sign_in(client, traveller)
    assert client.get(f"/reservations/{flight.public_id}/cancel/").status_code == 200
    claim_cancellation(acting(traveller), flight, max_fee=100_000)
    work_off()
    change.refresh_from_db()
    assert (states(flight), change.state) == ([R.CANCELLED], ChangeState.DONE)
    assert not any(item.title.startswith(flight.title) for item in work_items(acting(traveller)))


def test_a_cheaper_try_of_ones_own_does_not_end_giving_back_at_the_confirmed_fee(traveller):
    """The new flight is not ticketed while that try is under way, and goes on once it was refused."""
    flight = ticketed(traveller, has="セイバー")
    change = other_flight(traveller, flight, has=FLEX)
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=50_000)
    change.refresh_from_db()
    flight.refresh_from_db()
    claim_cancellation(acting(traveller), flight, max_fee=0)
    while call := change.replacement.calls.exclude(state="done").first():
        driving.carry_out(BOOKER, call.pk)
    assert states(change.replacement, flight) == [R.BOOKED, R.CANCELLING]
    work_off()
    change.refresh_from_db()
    assert (states(flight), change.state) == ([R.CANCELLED], ChangeState.DONE)
    assert not OutgoingMail.objects.filter(kind="both_stand").exists()


def test_an_old_stay_asked_back_for_nothing_just_then_goes_at_the_confirmed_fee(traveller):
    """The new stay is sure while the supplier has yet to refuse a try for less."""
    search = searched(traveller)
    n = next(k for k, offer in enumerate(search.answers.get(part="stay").offers) if not offer["reversible"])
    made = submitted(traveller, drafted(traveller, search, stay=token(search, "stay", "yado_net", n=n)))
    work_off()
    stay = made.reservations.get()
    change = proposed(traveller, looked(traveller, stay, days=1, nights=1), "stay", supplier="yado_net")
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=50_000)
    change.refresh_from_db()
    claim_cancellation(acting(traveller), stay, max_fee=0)
    while call := change.replacement.calls.exclude(state="done").first():
        driving.carry_out(BOOKER, call.pk)
    assert states(change.replacement, stay) == [R.BOOKED, R.CANCELLING]
    work_off()
    change.refresh_from_db()
    assert (states(stay), change.state) == ([R.CANCELLED], ChangeState.DONE)
    assert not OutgoingMail.objects.filter(kind="both_stand").exists()


def test_an_old_train_that_its_traveller_has_to_give_back_is_told_by_mail(traveller):
    ride = bought_train(traveller)
    change = proposed(traveller, looked(traveller, ride), has=FLEX)
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=320)
    work_off()
    assert states(ride) == [R.TICKETED]
    body = OutgoingMail.objects.get(kind="both_stand").body
    assert "手配先のサイトで払い戻してください" in body
    assert "引かれた額を出張のページで登録してください" in body
    assert f"{ride.title} を確かめる" in [item.title for item in work_items(acting(traveller))]


def test_what_is_owed_for_a_cancelled_ticket_stays_owed_when_no_other_can_be_had(traveller, sandbox):
    ride = bought_train(traveller)
    desk = acting(person("operator"))
    record_own_cancellation(desk, ride, fee=320, source="operator", refunded=False)
    sandbox.fault("jal-online", "book", "sold_out")
    change = proposed(traveller, looked(traveller, ride), has=FLEX)
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=0)
    work_off()
    change.refresh_from_db()
    assert change.state == ChangeState.REFUSED
    assert (ride.refund_claims.get().state, ride.refund_claims.get().expected) == (ClaimState.OPEN, 22_960)
