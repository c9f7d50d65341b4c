"""What a disruption means for a booking: the whole money back or another flight for nothing, while that day's rule holds."""

import datetime as dt
import html

import pytest

from audit.models import OutgoingMail
from booking.errors import OfferGone
from booking.models import AffectedBooking, ReservationState, Segment
from booking.queries.changing import fee_by_terms, may_change
from booking.queries.disruptions import affected
from booking.services import arranging, driving
from booking.services.cancelling import claim_cancellation, record_own_cancellation
from booking.services.changing import confirm_change
from booking.services.disruptions import DisruptionFacts, enter_disruption, withdraw_disruption
from booking.tasks import SWEEPER
from lib import clock
from tests.billing.world import go_to
from tests.booking.changes import FLEX, bought_train, confirmed, looked, other_flight, proposed, ticketed, yen_of
from tests.factories import acting
from tests.signin import sign_in
from tests.world import drafted, searched, submitted, token, work_off

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState
SAVER = "セイバー"


def announced(desk, reservation, *, days: int = 10, **changes):
    """The booking's train or flight does not run; both ways out are free until `days` after it should have."""
    ride = reservation.segments.get()
    until = ride.travel_on + dt.timedelta(days=days)
    told = {
        "kind": "cancelled",
        "source": "公式サイト",
        "announced_at": clock.now(),
        "free_refund_until": until,
        "free_change_until": until,
        "message": "台風のため運休・欠航します。",
    }
    return enter_disruption(
        desk, supplier=reservation.supplier, service=ride.service, day=ride.travel_on,
        facts=DisruptionFacts(**{**told, **changes}),
    )  # fmt: skip


def stopped_there(sandbox, reservation):
    """The supplier knows it, too."""
    ride = reservation.segments.get()
    supplier, service = ("ex", ride.service)
    if reservation.supplier == "jal_online":
        supplier, service = "jal-online", ride.service.replace("JAL ", "JL")
    sandbox.control("POST", "disruptions", {"supplier": supplier, "service": service, "date": str(ride.travel_on)})


def text_of(answer):
    return html.unescape(answer.content.decode())


def test_a_fare_that_keeps_a_part_is_refunded_whole(traveller, sandbox, desk):
    flight = ticketed(traveller, has=SAVER)
    assert driving.quote_cancel(flight).fee > 0
    announced(desk, flight)
    stopped_there(sandbox, flight)
    quote = driving.quote_cancel(flight)
    assert (quote.fee, quote.refund) == (0, flight.price)
    claim_cancellation(acting(traveller), flight, max_fee=0)
    work_off()
    flight.refresh_from_db()
    assert (flight.state, flight.cancel_fee) == (R.CANCELLED, 0)
    assert sum(yen_of(flight)) == 0
    [row] = affected(AffectedBooking.objects.get().disruption)
    assert row.outcome == "払戻し"


def test_another_flight_is_taken_at_the_price_that_was_paid(traveller, sandbox, desk):
    flight = ticketed(traveller)
    paid = flight.price
    disruption = announced(desk, flight)
    stopped_there(sandbox, flight)
    change = confirmed(traveller, other_flight(traveller, flight, days=1))
    assert (change.max_cost, change.max_fee) == (0, 0)
    work_off()
    flight.refresh_from_db()
    assert (flight.state, flight.price) == (R.TICKETED, paid)
    assert sum(yen_of(flight)) == paid
    [row] = affected(disruption)
    assert row.outcome == "変更"


def test_what_does_not_run_is_neither_offered_nor_bookable(traveller, desk, sandbox):
    flight = ticketed(traveller)
    search = searched(traveller, purpose="別の用務")
    draft = drafted(traveller, search, out=token(search, "out", "jal_online", has=FLEX))
    assert draft.reservations.get().title == flight.title
    announced(desk, flight)
    with pytest.raises(OfferGone):
        submitted(traveller, draft)
    again = searched(traveller, purpose="三つ目の用務")
    offers = again.answers.get(part="out", connection__supplier="jal_online").offers
    assert offers
    assert flight.title not in [offer["title"] for offer in offers]


def test_a_change_chosen_before_it_was_announced_is_refused(traveller, desk):
    flight = ticketed(traveller)
    change = other_flight(traveller, flight, days=1)
    ride = change.offer["rides"][0]
    announced(desk, flight)
    when = dt.datetime.fromisoformat(ride["departs"]).astimezone(clock.JST).date()
    facts = DisruptionFacts("cancelled", "公式サイト", clock.now(), when, when, "欠航します。")
    enter_disruption(desk, supplier="jal_online", service=ride["service"], day=when, facts=facts)
    with pytest.raises(OfferGone):
        confirmed(traveller, change)


def test_time_does_not_make_a_ticket_used_of_what_never_ran_until_the_rule_is_over(traveller, desk):
    flight = ticketed(traveller)
    ride = flight.segments.get()
    announced(desk, flight, days=3)
    go_to(ride.travel_on + dt.timedelta(days=1))
    assert arranging.due_for_use() == []
    assert may_change(flight, flight.trip)
    go_to(ride.travel_on + dt.timedelta(days=4))
    assert not may_change(flight, flight.trip)
    [due] = arranging.due_for_use()
    arranging.mark_used(SWEEPER, due)
    flight.refresh_from_db()
    assert flight.state == R.USED


def test_a_train_bought_at_the_site_is_given_back_for_nothing_and_its_page_says_how(traveller, desk, client):
    ride = bought_train(traveller)
    announced(desk, ride)
    assert fee_by_terms(ride) == 0
    sign_in(client, traveller)
    shown = text_of(client.get(f"/trips/{ride.trip.public_id}/"))
    assert "エクスプレス予約のサイトで行い" in shown
    page = client.get(f"/reservations/{ride.public_id}/cancel/")
    assert 'value="0"' in text_of(page)
    assert client.post(f"/reservations/{ride.public_id}/cancel/", {"fee": "0"}).status_code == 303
    assert sum(yen_of(ride)) == 0
    assert not AffectedBooking.objects.exclude(stated_fee=None).exists()


def test_a_fee_that_was_taken_all_the_same_becomes_the_desks_work(traveller, desk, client):
    ride = bought_train(traveller)
    announced(desk, ride)
    sign_in(client, traveller)
    client.post(f"/reservations/{ride.public_id}/cancel/", {"fee": "320"})
    assert AffectedBooking.objects.get().stated_fee == 320
    assert sum(yen_of(ride)) == 320


def test_a_supplier_that_does_not_know_yet_is_shown_beside_the_rule_and_nobody_pays_silently(traveller, desk, client):
    flight = ticketed(traveller, has=SAVER)
    announced(desk, flight)
    fee = driving.quote_cancel(flight).fee
    sign_in(client, traveller)
    shown = text_of(client.get(f"/reservations/{flight.public_id}/cancel/"))
    assert "無料で払い戻せる決まりですが、手配先が額を示しています" in shown
    assert f"{fee:,}円で取り消す" in shown
    client.post(f"/reservations/{flight.public_id}/cancel/", {"max_fee": str(fee), "ask": "1"})
    flight.refresh_from_db()
    assert flight.state == R.TICKETED
    assert AffectedBooking.objects.get().stated_fee == fee


def test_after_the_last_free_day_the_ordinary_terms_return(traveller, desk):
    ride = bought_train(traveller)
    announced(desk, ride, free_refund_until=clock.today(), free_change_until=clock.today())
    assert fee_by_terms(ride) == 0
    go_to(clock.today() + dt.timedelta(days=1))
    assert fee_by_terms(ride) == 320


def test_a_free_change_does_not_make_giving_back_free(traveller, desk):
    """Another train for nothing, but who gives the ticket back pays as ever, also for another one in its place."""
    ride = bought_train(traveller)
    announced(desk, ride, free_refund_until=None)
    assert fee_by_terms(ride) == 320
    record_own_cancellation(acting(traveller), ride, fee=320, source="entered")
    assert not AffectedBooking.objects.exclude(stated_fee=None).exists()


def test_a_fee_for_a_change_that_is_free_that_day_becomes_the_desks_work(traveller, desk):
    flight = ticketed(traveller)
    announced(desk, flight, free_refund_until=None)
    change = other_flight(traveller, flight)
    assert change.kind == "exchange"
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=500)
    assert AffectedBooking.objects.get().stated_fee == 500


def test_a_withdrawn_disruption_leaves_the_trip_page_as_it_was(traveller, desk, client):
    ride = bought_train(traveller)
    disruption = announced(desk, ride)
    sign_in(client, traveller)
    address = f"/trips/{ride.trip.public_id}/"
    assert "緊急のお知らせ" in text_of(client.get(address))
    assert "緊急のお知らせ" in text_of(client.get("/"))
    withdraw_disruption(desk, disruption, version=1)
    assert "緊急のお知らせ" not in text_of(client.get(address))
    assert "緊急のお知らせ" not in text_of(client.get("/"))


def test_a_train_is_rebooked_with_another_supplier_and_the_old_one_goes_for_nothing(traveller, sandbox, desk):
    flight = ticketed(traveller, has=SAVER)
    announced(desk, flight)
    stopped_there(sandbox, flight)
    change = proposed(traveller, looked(traveller, flight), has=FLEX)
    fee = driving.quote_cancel(flight).fee
    assert fee == 0
    confirm_change(acting(traveller), change, max_cost=change.offer["price"] - flight.price, max_fee=fee)
    work_off()
    flight.refresh_from_db()
    assert (flight.state, flight.cancel_fee) == (R.CANCELLED, 0)
    assert Segment.objects.filter(reservation__trip=flight.trip, live=True).count() == 1
    [row] = affected(AffectedBooking.objects.get().disruption)
    assert row.outcome == "変更"
    assert OutgoingMail.objects.filter(kind="disruption").count() == 1
