"""A change whose new booking has to wait for the supplier's hours: the old one stays until the new one is sure."""

import pytest
from django.urls import reverse

from audit.models import OutgoingMail
from booking.models import ChangeKind, ChangeState, Reservation
from booking.services.calls import is_within_bound
from booking.services.changing import confirm_change
from booking.services.handoff import enter_number
from booking.services.scheduling import withdraw_wish
from booking.services.trips import withdraw_trip
from lib import jst
from tests.booking.changes import looked, proposed, ticketed
from tests.booking.closing import close_until, come
from tests.factories import acting
from tests.signin import sign_in
from tests.world import drafted, searched, submitted, token, work_off

pytestmark = pytest.mark.django_db(transaction=True)


def test_giving_up_what_a_change_waits_for_leaves_the_old_booking(traveller, sandbox):
    stay = ticketed(traveller, has="", part="stay", supplier="yado_net")
    close_until("yado_net")
    change = proposed(traveller, looked(traveller, stay, days=1, nights=1), "stay", supplier="yado_net")
    assert change.kind == ChangeKind.REBOOK
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=0)
    change.refresh_from_db()
    assert change.replacement.state == "scheduled"
    withdraw_wish(acting(traveller), change.replacement)
    change.refresh_from_db()
    stay.refresh_from_db()
    assert (change.state, stay.state) == (ChangeState.REFUSED, "booked")
    assert not stay.nights.filter(outgoing=True).exists()
    body = OutgoingMail.objects.get(kind="change").body
    assert "予約待ちを取りやめました" in body
    assert "元の予約はそのまま" in body


def test_a_cheaper_replacement_that_may_not_be_had_leaves_room_for_the_old_booking(traveller):
    """Else what is confirmed meanwhile is bound by a sum with which the old booking, once it stays, does not fit."""
    search = searched(traveller)
    chosen = {
        "out": token(search, "out", "jal_online", has="ビジネスフレックス"),
        "stay": token(search, "stay", "yado_net"),
    }
    trip = submitted(traveller, drafted(traveller, search, **chosen))
    work_off()
    flight, stay = trip.reservations.get(supplier="jal_online"), trip.reservations.get(supplier="yado_net")
    close_until("jal_online")
    cheaper = proposed(traveller, looked(traveller, flight, days=1), has="セイバー")
    assert cheaper.kind == ChangeKind.REBOOK
    confirm_change(acting(traveller), cheaper, max_cost=0, max_fee=0)
    cheaper.refresh_from_db()
    assert (cheaper.replacement.state, cheaper.replacement.price < flight.price) == ("scheduled", True)
    dearer = proposed(traveller, looked(traveller, stay, nights=1), "stay", supplier="yado_net", n=1)
    confirm_change(acting(traveller), dearer, max_cost=100_000, max_fee=0)
    work_off()
    withdraw_wish(acting(traveller), cheaper.replacement)
    trip.refresh_from_db()
    flight.refresh_from_db()
    assert flight.state == "ticketed"
    assert is_within_bound(trip)


def test_the_page_of_a_change_says_when_its_new_booking_begins(traveller, sandbox, client):
    stay = ticketed(traveller, has="", part="stay", supplier="yado_net")
    change = proposed(traveller, looked(traveller, stay, days=1, nights=1), "stay", supplier="yado_net")
    sign_in(client, traveller)
    address = reverse("booking:change_page", args=[change.public_id])
    assert "いま 新しい予約" in client.get(address).content.decode()
    opens = jst.short_moment(close_until("yado_net"))
    page = client.get(address).content.decode()
    assert f"{opens} 新しい予約" in page
    assert "いまは受け付けていません" in page


def test_a_change_that_waited_is_carried_out_and_told_once(traveller, sandbox):
    stay = ticketed(traveller, has="", part="stay", supplier="yado_net")
    close_until("yado_net")
    change = proposed(traveller, looked(traveller, stay, days=1, nights=1), "stay", supplier="yado_net")
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=0)
    change.refresh_from_db()
    assert come(change.replacement).state == "booked"
    stay.refresh_from_db()
    change.refresh_from_db()
    assert (stay.state, change.state) == ("cancelled", ChangeState.DONE)
    assert sorted(OutgoingMail.objects.values_list("kind", flat=True)) == ["cancelled", "change", "trip_result"]


def test_what_waited_to_replace_another_is_told_by_its_change_alone(traveller, sandbox):
    sandbox.fault("yado-net", "book", "sold_out")
    stay = ticketed(traveller, has="", part="stay", supplier="yado_net")
    close_until("yado_net")
    change = proposed(traveller, looked(traveller, stay, nights=1), "stay", supplier="yado_net")
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=0)
    change.refresh_from_db()
    assert come(change.replacement).state == "booked"
    assert sorted(OutgoingMail.objects.values_list("kind", flat=True)) == ["change", "trip_result"]


def test_a_trip_that_is_withdrawn_ends_the_change_that_waited(traveller, sandbox):
    sandbox.fault("yado-net", "book", "sold_out")
    stay = ticketed(traveller, has="", part="stay", supplier="yado_net")
    assert stay.state == "failed"
    close_until("yado_net")
    change = proposed(traveller, looked(traveller, stay, nights=1), "stay", supplier="yado_net")
    confirm_change(acting(traveller), change, max_cost=100_000, max_fee=0)
    withdraw_trip(acting(traveller), stay.trip)
    change.refresh_from_db()
    assert (change.state, change.replacement.state) == (ChangeState.DROPPED, "withdrawn")


def test_a_train_instead_of_a_dearer_flight_may_cost_more_than_its_estimate(traveller):
    flight = ticketed(traveller)
    change = proposed(traveller, looked(traveller, flight, air=False), supplier="ex", n=5)
    confirm_change(acting(traveller), change, max_cost=0, max_fee=430)
    change.refresh_from_db()
    train = change.replacement
    enter_number(acting(traveller), train, number="2001", price=train.price + 320)
    train = Reservation.objects.get(pk=train.pk)
    assert (train.state, train.price < flight.price) == ("ticketed", True)
    assert is_within_bound(train.trip)
