"""Cancelling one item or a whole trip: each fee before the button, a total, and never dearer than what was seen."""

import datetime as dt
import html

import pytest

from booking.errors import CannotCancel
from booking.models import Reservation, ReservationState, SupplierCall
from booking.queries.cancelling import next_tier
from booking.services import driving
from booking.services.cancelling import cancel_items
from lib import clock, jst
from tests.billing.world import go_to
from tests.booking.changes import ticketed, yen_of
from tests.factories import acting, person
from tests.signin import sign_in
from tests.world import drafted, searched, submitted, token, work_off

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState
SAVER = "セイバー"


@pytest.fixture
def trip(traveller):
    """A round trip by air on a fare that keeps a part, with a night and nothing left to arrange."""
    search = searched(traveller)
    made = submitted(
        traveller,
        drafted(
            traveller, search,
            out=token(search, "out", "jal_online", has=SAVER), stay=token(search, "stay", "yado_net"),
            back=token(search, "back", "jal_online", has=SAVER),
        ),
    )  # fmt: skip
    work_off()
    return made


def text_of(answer):
    return html.unescape(answer.content.decode())


def seen_on(page):
    """What the form of the page would send."""
    return {f"fee_{line.reservation.public_id}": str(line.quote.fee) for line in page.context["page"].lines}


def states(trip):
    return sorted(trip.reservations.values_list("state", flat=True))


def test_every_item_stands_with_its_fee_and_refund_and_the_sums_below(traveller, trip, client):
    sign_in(client, traveller)
    answer = client.get(f"/trips/{trip.public_id}/cancel/")
    page = answer.context["page"]
    assert len(page.lines) == 3
    assert page.fee == sum(driving.quote_cancel(line.reservation).fee for line in page.lines)
    assert f"3件を{page.fee:,}円で取り消す" in text_of(answer)
    assert all("そのあとは" in line.next_tier for line in page.lines)


def test_all_are_cancelled_at_once_each_at_its_fee(traveller, trip, client):
    sign_in(client, traveller)
    address = f"/trips/{trip.public_id}/cancel/"
    fee = client.get(address).context["page"].fee
    assert client.post(address, seen_on(client.get(address))).status_code == 303
    work_off()
    assert states(trip) == [R.CANCELLED] * 3
    assert sum(sum(yen_of(row)) for row in trip.reservations.all()) == fee


def test_what_became_dearer_since_the_page_asks_again_with_both_sums_and_cancels_nothing(traveller, trip, client):
    sign_in(client, traveller)
    address = f"/trips/{trip.public_id}/cancel/"
    seen = seen_on(client.get(address))
    flown = trip.reservations.filter(supplier="jal_online").first().segments.get().departs
    go_to(flown.astimezone(clock.JST).date() + dt.timedelta(days=1))
    sign_in(client, traveller)
    answer = client.post(address, seen)
    shown = text_of(answer)
    assert answer.status_code == 422
    assert "何も取り消していません" in shown
    before = sum(int(fee) for fee in seen.values())
    assert f"{before:,}円 から {answer.context['page'].fee:,}円" in shown
    assert not SupplierCall.objects.filter(verb="cancel").exists()


def test_one_item_that_became_dearer_asks_again_with_both_sums(traveller, client):
    flight = ticketed(traveller, has=SAVER)
    sign_in(client, traveller)
    address = f"/reservations/{flight.public_id}/cancel/"
    fee = driving.quote_cancel(flight).fee
    answer = client.post(address, {"max_fee": str(fee - 10)})
    assert answer.status_code == 422
    assert f"前の画面では {fee - 10:,}円、いまは {fee:,}円 です" in text_of(answer)
    assert not SupplierCall.objects.filter(verb="cancel").exists()
    assert client.post(address, {"max_fee": str(fee)}).status_code == 303
    work_off()
    flight.refresh_from_db()
    assert flight.cancel_fee == fee


def test_a_fee_that_rises_on_the_way_to_the_supplier_is_refused_and_said(traveller):
    flight = ticketed(traveller, has=SAVER)
    fee = driving.quote_cancel(flight).fee
    cancel_items(acting(traveller), flight.trip, highest={str(flight.public_id): fee - 10})
    work_off()
    flight.refresh_from_db()
    assert flight.state == R.TICKETED
    assert f"確認した額は{fee - 10:,}円です。取り消していません。" in flight.problem


def test_what_cannot_be_cancelled_is_listed_with_its_reason_and_the_rest_goes(traveller, client):
    search = searched(traveller)
    both = submitted(
        traveller,
        drafted(
            traveller, search,
            out=token(search, "out", "jal_online", has=SAVER), back=token(search, "back", "ex"),
        ),
    )  # fmt: skip
    work_off()
    sign_in(client, traveller)
    address = f"/trips/{both.public_id}/cancel/"
    answer = client.get(address)
    [other] = answer.context["page"].others
    assert other.reservation.state == R.HANDED_OFF
    assert "予約番号が未入力です" in text_of(answer)
    assert client.post(address, seen_on(answer)).status_code == 303
    work_off()
    assert states(both) == [R.CANCELLED, R.HANDED_OFF]


def test_nothing_goes_when_one_of_them_is_no_longer_held(traveller, trip, client):
    sign_in(client, traveller)
    address = f"/trips/{trip.public_id}/cancel/"
    seen = seen_on(client.get(address))
    first = trip.reservations.first()
    Reservation.objects.filter(pk=first.pk).update(state=R.CANCELLED, cancelled_at=clock.now())
    answer = client.post(address, seen)
    assert "取り消せる予約が変わりました" in text_of(answer)
    highest = {name.removeprefix("fee_"): int(fee) for name, fee in seen.items()}
    with pytest.raises(CannotCancel):
        cancel_items(acting(traveller), trip, highest=highest)
    assert not SupplierCall.objects.filter(verb="cancel").exists()


def test_a_stranger_cancels_nothing_of_a_trip(traveller, trip, client):
    sign_in(client, person())
    assert client.post(f"/trips/{trip.public_id}/cancel/", {"fee_x": "0"}).status_code == 404
    assert states(trip) == sorted([R.BOOKED, R.TICKETED, R.TICKETED])


def test_fees_of_another_trip_or_nonsense_cancel_nothing(traveller, trip, client):
    other = ticketed(traveller, has=SAVER)
    sign_in(client, traveller)
    for posted in ({f"fee_{other.public_id}": "0"}, {"fee_": "x"}, {}):
        assert client.post(f"/trips/{trip.public_id}/cancel/", posted).status_code == 422
    assert not SupplierCall.objects.filter(verb="cancel").exists()


def test_the_next_tier_is_said_as_people_say_a_day():
    midnight = jst.at(clock.today() + dt.timedelta(days=3))
    terms = [
        {"until": midnight.isoformat(), "fee": 430, "note": ""},
        {"until": None, "fee": 5000, "note": ""},
    ]
    day = jst.short_day(clock.today() + dt.timedelta(days=2))
    held = Reservation(state=R.TICKETED, terms=terms)
    assert next_tier(held, 430) == f"{day}まで 430円、そのあとは 5,000円"
    assert next_tier(Reservation(state=R.TICKETED, terms=terms[1:]), 5000) == ""
