"""One trip, three ways: JAL over HTTP, EX by hand-off, a hotel over HTTP; the money each brings."""

import datetime as dt

import pytest
from django.core.management import call_command

from booking.errors import AlreadySubmitted, BadNumber, BadWish, ChosenElsewhere, NumberTaken, OfferGone
from booking.models import (
    Charge,
    ChargeKind,
    Connection,
    ReservationState,
    SupplierCall,
    Trip,
    TripState,
)
from booking.services import arranging, cancelling, driving, handoff, travelled
from booking.services.searching import open_search
from booking.services.trips import draft_trip, read_picks, submit_trip
from booking.tasks import SWEEPER
from lib import clock
from tests import world
from tests.factories import acting, contract, person
from tests.world import drafted, searched, submitted, token, wish, work_off

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


@pytest.fixture
def traveller(sandbox):
    contract()
    world.connect(sandbox.url)
    return world.with_numbers(person())


def states(trip):
    return {row.supplier: row.state for row in trip.reservations.exclude(state=R.WITHDRAWN)}


def test_each_supplier_answers_in_its_own_row_with_its_own_kind_of_offer(traveller):
    search = searched(traveller)
    answers = {(row.connection.supplier, row.part): row for row in search.answers.all()}
    assert set(answers) == {
        ("jal_online", "out"), ("jal_online", "back"), ("ex", "out"), ("ex", "back"), ("yado_net", "stay"),
    }  # fmt: skip
    assert all(row.state == "answered" and row.offers for row in answers.values())
    train = answers["ex", "back"].offers[0]
    assert train["is_estimate"]
    assert "目安" in train["basis"]
    assert train["rides"][0]["from_name"] == "博多"


def test_confirming_holds_first_and_tickets_when_everything_reversible_is_held(traveller, sandbox):
    trip = submitted(traveller, drafted(traveller, searched(traveller)))
    assert states(trip) == {"jal_online": R.BOOKING, "yado_net": R.BOOKING, "ex": R.HANDED_OFF}
    work_off()
    assert states(trip) == {"jal_online": R.TICKETED, "yado_net": R.BOOKED, "ex": R.HANDED_OFF}
    held = [sandbox.bookings(row.reference) for row in trip.reservations.exclude(supplier="ex")]
    assert [len(rows) for rows in held] == [1, 1]


def test_the_flight_is_charged_at_ticketing_by_the_day_of_the_flight(traveller):
    trip = submitted(traveller, drafted(traveller, searched(traveller)))
    work_off()
    flight = trip.reservations.get(supplier="jal_online")
    fare, psfc = Charge.objects.filter(reservation=flight).order_by("pk")
    # JAL states the 旅客施設使用料 of 羽田 450 + 福岡 110 inside its price; the fare is the rest.
    assert (fare.kind, fare.amount) == (ChargeKind.FARE, flight.price - 560)
    assert (psfc.kind, psfc.amount, psfc.tax_class) == (ChargeKind.PSFC, 560, "standard")
    for charge in (fare, psfc):
        assert (charge.billing_on, charge.issued_on, charge.rule) == (trip.first_day, clock.today(), "ride_date")


def test_the_number_brought_back_from_ex_makes_it_ticketed_with_what_was_paid(traveller):
    trip = submitted(traveller, drafted(traveller, searched(traveller)))
    ride = trip.reservations.get(supplier="ex")
    with pytest.raises(BadNumber):
        handoff.enter_number(acting(traveller), ride, number="12a", price=100)
    handoff.enter_number(acting(traveller), ride, number="2001", price=ride.price - 500)
    ride.refresh_from_db()
    assert (ride.state, ride.number, ride.is_estimate) == (R.TICKETED, "2001", False)
    assert Charge.objects.get(reservation=ride).amount == ride.price


def test_a_number_of_the_same_member_stands_only_once(traveller):
    first, second = (submitted(traveller, drafted(traveller, searched(traveller, days=d))) for d in (20, 30))
    handoff.enter_number(acting(traveller), first.reservations.get(supplier="ex"), number="2001", price=None)
    with pytest.raises(NumberTaken):
        handoff.enter_number(acting(traveller), second.reservations.get(supplier="ex"), number="2001", price=None)
    assert second.reservations.get(supplier="ex").state == R.HANDED_OFF
    clock.shift_by(86400)
    with pytest.raises(NumberTaken):
        handoff.enter_number(acting(traveller), second.reservations.get(supplier="ex"), number="2001", price=None)


def test_a_number_is_used_again_once_its_ride_is_over(traveller):
    first, second = (submitted(traveller, drafted(traveller, searched(traveller, days=d))) for d in (20, 30))
    handoff.enter_number(acting(traveller), first.reservations.get(supplier="ex"), number="2001", price=None)
    clock.shift_by(25 * 86400)
    handoff.enter_number(acting(traveller), second.reservations.get(supplier="ex"), number="2001", price=None)
    assert second.reservations.get(supplier="ex").state == R.TICKETED


def test_nights_become_charges_at_check_out_each_by_its_own_day(traveller):
    trip = submitted(traveller, drafted(traveller, searched(traveller, nights=2)))
    work_off()
    assert not travelled.stays_to_settle()
    call_command("shift_clock", days=22)
    for reservation in travelled.stays_to_settle():
        travelled.settle_stay(SWEEPER, reservation)
    stay = trip.reservations.get(supplier="yado_net")
    rooms = stay.charges.filter(kind=ChargeKind.ROOM)
    assert [charge.billing_on for charge in rooms] == [trip.first_day, trip.first_day + dt.timedelta(days=1)]
    assert sum(charge.amount for charge in stay.charges.all()) == stay.price
    assert stay.state == R.USED


def test_cancelling_takes_back_what_was_charged_and_keeps_the_fee(traveller, sandbox):
    search = searched(traveller)
    trip = submitted(traveller, drafted(traveller, search, out=token(search, "out", "jal_online", has="セイバー")))
    work_off()
    flight = trip.reservations.get()
    assert flight.state == R.TICKETED, flight.problem
    quote = driving.quote_cancel(flight)
    assert quote.fee > 0
    cancelling.claim_cancellation(acting(traveller), flight, max_fee=quote.fee)
    work_off()
    flight.refresh_from_db()
    assert (flight.state, flight.cancel_fee) == (R.CANCELLED, quote.fee)
    fare = flight.price - 560
    # The fee is of the fare alone: the 旅客施設使用料 comes back in full.
    assert sorted(flight.charges.values_list("kind", "amount")) == [
        (ChargeKind.CANCEL_FEE, quote.fee),
        (ChargeKind.FARE, fare),
        (ChargeKind.PSFC, 560),
        (ChargeKind.REFUND, -fare),
        (ChargeKind.REFUND, -560),
    ]
    assert not sandbox.bookings(flight.reference)


def test_a_fee_above_what_was_seen_cancels_nothing(traveller):
    search = searched(traveller)
    trip = submitted(traveller, drafted(traveller, search, out=token(search, "out", "jal_online", has="セイバー")))
    work_off()
    flight = trip.reservations.get()
    cancelling.claim_cancellation(acting(traveller), flight, max_fee=0)
    work_off()
    flight.refresh_from_db()
    assert flight.state == R.TICKETED
    assert flight.problem
    assert sum(flight.charges.values_list("amount", flat=True)) == flight.price


def test_a_second_confirmation_books_nothing(traveller):
    trip = drafted(traveller, searched(traveller))
    submitted(traveller, trip)
    calls = SupplierCall.objects.count()
    with pytest.raises(AlreadySubmitted):
        submitted(traveller, trip)
    assert SupplierCall.objects.count() == calls


def test_another_tabs_choice_is_not_confirmed_unseen(traveller):
    search = searched(traveller)
    first = drafted(traveller, search)
    seen = first.version
    drafted(traveller, search, out=token(search, "out", "jal_online", n=1))
    with pytest.raises(ChosenElsewhere):
        submit_trip(acting(traveller), first, version=seen, total=1)
    assert Trip.objects.get().state == TripState.DRAFT


def test_a_forged_offer_is_refused(traveller):
    search, other = searched(traveller), searched(person(), days=25)
    foreign = token(other, "out", "jal_online")
    for bad in (
        foreign,
        "nonsense",
        f"{search.answers.first().public_id}.99999",
        f"{search.answers.first().public_id}.x",
    ):
        with pytest.raises(BadWish):
            read_picks(search, {"out": bad})


def test_an_offer_whose_time_has_run_out_is_not_booked(traveller, time_machine_at):
    search = searched(traveller)
    trip = drafted(traveller, search)
    with time_machine_at(clock.wall() + dt.timedelta(minutes=25)), pytest.raises(OfferGone):
        submitted(traveller, trip)
    assert not SupplierCall.objects.exists()


def test_a_sold_out_flight_fails_with_a_reason_and_nothing_is_ticketed(traveller, sandbox):
    sandbox.fault("jal-online", "book", "sold_out")
    trip = submitted(traveller, drafted(traveller, searched(traveller)))
    work_off()
    flight = trip.reservations.get(supplier="jal_online")
    assert flight.state == R.FAILED
    assert flight.problem
    assert states(trip)["yado_net"] == R.BOOKED


def test_a_fare_that_changed_is_not_booked_at_the_new_price(traveller, sandbox):
    sandbox.fault("jal-online", "book", "price_changed")
    trip = submitted(traveller, drafted(traveller, searched(traveller)))
    work_off()
    assert trip.reservations.get(supplier="jal_online").state == R.FAILED
    assert not sandbox.bookings(trip.reservations.get(supplier="jal_online").reference)


def test_a_supplier_that_is_down_leaves_the_others_answers(traveller, sandbox):
    sandbox.fault("jal-online", "availability", "error_500", times=20)
    search = searched(traveller)
    silent = search.answers.filter(connection__supplier="jal_online")
    assert {row.state for row in silent} == {"failed"}
    assert all(row.message for row in silent)
    assert search.answers.get(part="stay").state == "answered"


def test_wrong_credentials_pause_the_connection_and_say_who_acts(traveller, sandbox):
    search = searched(traveller)
    trip = drafted(traveller, search)
    jal = Connection.objects.get(code="jal")
    jal.credentials = ""
    jal.save()
    submitted(traveller, trip)
    work_off()
    jal.refresh_from_db()
    assert not jal.active
    assert trip.reservations.get(supplier="jal_online").state == R.FAILED


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"out_on": dt.date(2026, 1, 1), "back_on": None, "nights": 0}, "out_on"),
        ({"back_on": dt.date(2026, 1, 1), "nights": 0}, "back_on"),
        ({"nights": 9, "back_on": None, "out_on": dt.date(2027, 6, 28)}, "out_on"),
        ({"purpose": " "}, "purpose"),
        ({"air": False, "rail": False, "nights": 0}, "kinds"),
    ],
)
def test_a_wish_that_cannot_be_travelled_is_refused_beside_its_field(traveller, change, field):
    with pytest.raises(BadWish) as refused:
        open_search(acting(traveller), wish(traveller, **change))
    assert refused.value.field in {field, "back_on"}
    assert refused.value.message.endswith("。")


def test_more_nights_than_days_are_refused(traveller):
    out_on = clock.today() + dt.timedelta(days=20)
    with pytest.raises(BadWish) as refused:
        open_search(acting(traveller), wish(traveller, nights=3, back_on=out_on + dt.timedelta(days=1)))
    assert refused.value.field == "nights"


def test_the_same_wish_within_two_minutes_is_the_same_search(traveller):
    actor = acting(traveller)
    assert open_search(actor, wish(traveller)) == open_search(actor, wish(traveller))


def test_a_search_that_got_no_answer_is_not_shown_again_to_who_tries_once_more(traveller):
    actor = acting(traveller)
    first = open_search(actor, wish(traveller))
    first.answers.filter(connection__supplier="jal_online").update(state="failed")
    assert open_search(actor, wish(traveller)) != first


def test_a_held_flight_that_is_not_ticketed_expires(traveller, sandbox):
    sandbox.fault("yado-net", "book", "sold_out")
    trip = submitted(traveller, drafted(traveller, searched(traveller)))
    work_off()
    flight = trip.reservations.get(supplier="jal_online")
    assert flight.state == R.BOOKED
    arranging.expire_hold(SWEEPER, flight)
    assert flight.state == R.EXPIRED


def test_what_is_held_can_be_ticketed_although_another_part_failed(traveller, sandbox):
    sandbox.fault("yado-net", "book", "sold_out")
    trip = submitted(traveller, drafted(traveller, searched(traveller)))
    work_off()
    arranging.ticket_reservation(acting(traveller), trip.reservations.get(supplier="jal_online"))
    work_off()
    assert states(trip)["jal_online"] == R.TICKETED


def test_choosing_anew_keeps_one_trip_per_search(traveller):
    search = searched(traveller)
    drafted(traveller, search)
    draft_trip(acting(traveller), search, picks=read_picks(search, {"back": token(search, "back", "ex")}))
    assert Trip.objects.count() == 1
    assert states(Trip.objects.get()) == {"ex": R.DRAFT}


@pytest.mark.parametrize(
    ("fault", "more"), [("hang", {"seconds": 30}), ("drip", {"seconds": 0.2}), ("garbage", {}), ("lose_before", {})]
)
def test_a_supplier_that_is_silent_slow_by_drops_or_unreadable_is_waited_for_no_longer_than_promised(
    traveller, sandbox, settings, fault, more
):
    settings.SUPPLIER_READ_SECONDS = 1
    sandbox.fault("yado-net", "availability", fault, times=5, **more)
    search = searched(traveller)
    answer = search.answers.get(part="stay")
    assert answer.state == "failed"
    assert answer.message.endswith("。")
    assert search.answers.get(part="out", connection__supplier="jal_online").state == "answered"
