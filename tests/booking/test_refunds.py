"""A cancelled ticket stays billed until the supplier has booked the refund; then the refund counts on that day."""

import datetime as dt
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from audit.models import OutgoingMail
from booking.errors import BadRefund
from booking.models import (
    Charge,
    ChargeKind,
    ChargeSource,
    Connection,
    LedgerLock,
    Relation,
    Reservation,
    ReservationState,
    SupplierCall,
)
from booking.queries import trip_page
from booking.queries.refunds import is_refund_pending
from booking.queries.trips import coming_trips
from booking.services import feeds
from booking.services.calls import mark_sent
from booking.services.cancelling import claim_cancellation, record_cancelled, record_own_cancellation
from booking.services.corrections import correct_charge
from booking.services.fees import charge_change_fee
from booking.services.refunds import record_refund
from booking.suppliers.types import Cancelled
from booking.tasks import BOOKER
from lib import clock
from lib.errors import NotPermitted
from tests import world
from tests.billing.world import go_to
from tests.booking.buying import booked_money, bought, load_rules
from tests.booking.usage_file import fee, purchase, refund, states, usage_file
from tests.factories import acting, person
from tests.permissions.stage import day_fields
from tests.signin import sign_in

pytestmark = pytest.mark.django_db
R = ReservationState
TODAY = dt.date(2026, 12, 2)


@pytest.fixture
def desk(db):
    go_to(TODAY)
    load_rules()
    return acting(person("operator"))


@pytest.fixture
def waiting(desk) -> Reservation:
    """A ride of 16 December, cancelled on the 2nd; the refund is still to come, and 320 yen will be kept."""
    ride = bought(days=14)
    record_own_cancellation(desk, ride, fee=320, source=ChargeSource.OPERATOR, refunded=False)
    return ride


def test_a_cancelled_ticket_stays_billed_until_its_refund_is_booked(desk, waiting):
    assert (waiting.state, waiting.cancel_fee) == (R.CANCELLED, 320)
    assert is_refund_pending(waiting)
    assert booked_money(waiting) == [(ChargeKind.FARE, 14400)]

    go_to(dt.date(2026, 12, 20))
    record_refund(desk, waiting, kept=320, booked_on=dt.date(2026, 12, 18), source=ChargeSource.OPERATOR)

    assert booked_money(waiting) == [
        (ChargeKind.FARE, 14400), (ChargeKind.REFUND, -14400), (ChargeKind.REFUND_FEE, 320),
    ]  # fmt: skip
    assert {charge.occurred_on for charge in waiting.charges.all()[1:]} == {dt.date(2026, 12, 18)}
    assert not is_refund_pending(waiting)
    waiting.refresh_from_db()
    assert waiting.cancel_fee == 320


def test_a_refund_after_closing_is_billed_by_the_day_on_which_the_supplier_booked_it(desk, waiting):
    go_to(dt.date(2027, 1, 25))
    office = waiting.trip.traveller.memberships.get().department.office
    LedgerLock.objects.create(office=office, last_day=dt.date(2026, 12, 31))
    record_refund(desk, waiting, kept=320, booked_on=dt.date(2027, 1, 20), source=ChargeSource.OPERATOR)
    late = list(waiting.charges.order_by("pk"))[1:]
    assert [(charge.billing_on, charge.rule) for charge in late] == [(dt.date(2027, 1, 20), "happened_on")] * 2
    assert [charge.used_on for charge in late] == [dt.date(2026, 12, 16)] * 2


@pytest.mark.parametrize(
    ("kept", "day", "field"),
    [
        (14401, TODAY, "kept"),
        (-1, TODAY, "kept"),
        (320, TODAY + dt.timedelta(days=1), "booked_on"),
        (320, TODAY - dt.timedelta(days=1), "booked_on"),
    ],
)
def test_a_refund_that_cannot_be_is_refused_beside_its_field(desk, waiting, kept, day, field):
    with pytest.raises(BadRefund) as refused:
        record_refund(desk, waiting, kept=kept, booked_on=day, source=ChargeSource.OPERATOR)
    assert refused.value.field == field
    assert is_refund_pending(waiting)


def test_a_refund_is_recorded_once(desk, waiting):
    record_refund(desk, waiting, kept=320, booked_on=TODAY, source=ChargeSource.OPERATOR)
    with pytest.raises(BadRefund, match="待っていません"):
        record_refund(desk, waiting, kept=320, booked_on=TODAY, source=ChargeSource.OPERATOR)
    assert waiting.charges.count() == 3


def test_only_the_desk_records_a_refund(desk, waiting):
    with pytest.raises(NotPermitted):
        record_refund(acting(waiting.trip.traveller), waiting, kept=0, booked_on=TODAY, source=ChargeSource.OPERATOR)


def test_a_refund_that_was_booked_at_once_is_not_awaited(desk):
    ride = bought()
    record_own_cancellation(desk, ride, fee=320, source=ChargeSource.OPERATOR, refunded_on=TODAY)
    assert not is_refund_pending(ride)
    assert sum(amount for _, amount in booked_money(ride)) == 320


@pytest.mark.parametrize("days", [1, -1])
def test_a_day_of_refund_ahead_or_before_the_purchase_cancels_nothing(days, desk):
    ride = bought()
    with pytest.raises(BadRefund) as refused:
        record_own_cancellation(
            desk, ride, fee=320, source=ChargeSource.OPERATOR, refunded_on=TODAY + dt.timedelta(days=days)
        )
    assert refused.value.field == "refunded_on"
    assert Reservation.objects.get().state == R.TICKETED


def test_where_nothing_was_charged_there_is_nothing_to_wait_for(desk):
    stay = bought(supplier="yado_net", price=9000)
    record_own_cancellation(desk, stay, fee=4500, source=ChargeSource.OPERATOR, refunded=False)
    assert not is_refund_pending(stay)
    assert booked_money(stay) == [(ChargeKind.CANCEL_FEE, 4500)]


def test_a_corrected_fee_alone_awaits_no_refund(desk):
    stay = bought(supplier="yado_net", price=9000)
    record_own_cancellation(desk, stay, fee=4500, source=ChargeSource.OPERATOR)
    with transaction.atomic():
        correct_charge(desk, Charge.objects.get(), difference=-500, reason="免除")
    assert not is_refund_pending(stay)


@pytest.mark.parametrize("refunded", [True, False])
def test_a_supplier_that_says_that_the_refund_follows_leaves_the_ticket_billed(refunded, desk):
    flight = bought(supplier="jal_online", price=40160)
    Reservation.objects.update(way="api")
    flight.refresh_from_db()
    call = claim_cancellation(desk, flight, max_fee=9000)
    token = uuid4()
    SupplierCall.objects.update(claim_token=token, claimed_until=clock.wall() + dt.timedelta(minutes=1))
    mark_sent(BOOKER, call, token=token)
    at = clock.now() - dt.timedelta(days=1)
    record_cancelled(BOOKER, call, Cancelled(8000, 32160, at, refunded=refunded), token=token, exchanges=[])

    flight.refresh_from_db()
    assert is_refund_pending(flight) is not refunded
    assert flight.cancel_fee == 8000
    assert [amount for _, amount in booked_money(flight)] == ([40160, -40160, 8000] if refunded else [40160])
    if refunded:
        assert {charge.occurred_on for charge in flight.charges.filter(amount__lt=40160)} == {dt.date(2026, 12, 1)}


def test_the_usage_file_settles_a_refund_that_is_awaited(desk):
    traveller = world.with_numbers(person())
    ride = bought(traveller)
    record_own_cancellation(desk, ride, fee=320, source=ChargeSource.OPERATOR, refunded=False)
    bought_at = purchase(ride)
    went_back = refund(ride, 14400) | {"操作日時": "2026/12/2 9:30"}
    kept = fee(ride) | {"操作日時": "2026/12/2 9:30"}
    feed = feeds.upload_feed(
        desk, Connection.objects.get(), file_name="ex.csv", content=usage_file(bought_at, went_back, kept)
    )
    feeds.import_feed(BOOKER, feed.pk)

    assert states(list(feed.rows.all())) == ["matched", "added", "added"]
    assert not is_refund_pending(ride)
    assert booked_money(ride)[1:] == [(ChargeKind.REFUND, -14400), (ChargeKind.REFUND_FEE, 320)]
    assert ride.charges.get(relation=Relation.REVERSAL).source == ChargeSource.FEED
    with pytest.raises(BadRefund):
        record_refund(desk, ride, kept=0, booked_on=TODAY, source=ChargeSource.OPERATOR)


def test_the_mail_of_a_cancellation_says_that_the_refund_is_still_to_come(waiting):
    body = OutgoingMail.objects.get(kind="cancelled").body
    assert "引かれる予定の額 320円" in body
    assert "取消にかかった額" not in body


def test_the_trip_and_its_list_say_that_a_refund_is_awaited(desk, waiting):
    page = trip_page(desk, waiting.trip)
    assert [badge.word for badge in page.badges] == ["返金待ち 1"]
    assert page.past_entries[0].badge.word == "返金待ち"
    assert page.past_entries[0].actions == ["refund"]
    traveller = acting(waiting.trip.traveller)
    assert [badge.word for badge in coming_trips(traveller)[0].badges] == ["返金待ち 1"]
    assert trip_page(traveller, waiting.trip).past_entries[0].actions == []


@pytest.fixture
def operator(desk, client) -> Client:
    return sign_in(client, person("operator"))


def test_the_operator_says_on_the_page_that_the_refund_is_still_to_come_and_records_it_later(operator):
    ride = bought()
    cancel, later = (reverse(f"booking:{name}", args=[ride.public_id]) for name in ("cancel", "refund"))
    assert "まだ（返金待ちにする）" in operator.get(cancel).content.decode()
    assert operator.post(cancel, {"fee": "320", "refunded": "no"}).status_code == 303
    assert is_refund_pending(ride)

    trip = operator.get(reverse("booking:trip", args=[ride.trip.public_id])).content.decode()
    assert "返金待ち" in trip
    assert later in trip
    page = operator.get(later).content.decode()
    assert "14,400円" in page
    assert 'value="320"' in page
    wrong = operator.post(later, {"kept": "14401", **day_fields("booked_on", TODAY)})
    assert wrong.status_code == 422
    assert "14,400円までの金額" in wrong.content.decode()
    assert operator.post(later, {"kept": "320", **day_fields("booked_on", TODAY)}).status_code == 303
    assert sum(amount for _, amount in booked_money(ride)) == 320
    assert operator.get(later).status_code == 303


def test_the_operator_says_on_the_page_when_the_refund_was_booked(operator):
    ride = bought()
    cancel = reverse("booking:cancel", args=[ride.public_id])
    missing = operator.post(cancel, {"fee": "320", "refunded": "yes"})
    assert missing.status_code == 422
    assert "払戻の日を入力するか" in missing.content.decode()
    done = operator.post(cancel, {"fee": "320", "refunded": "yes", **day_fields("refunded_on", TODAY)})
    assert done.status_code == 303
    assert sum(amount for _, amount in booked_money(ride)) == 320


def test_the_trips_page_tells_a_reversal_from_what_it_takes_back(operator):
    ride = bought()
    record_own_cancellation(acting(person("operator")), ride, fee=320, source=ChargeSource.OPERATOR)
    page = operator.get(reverse("booking:trip", args=[ride.trip.public_id])).content.decode()
    assert page.count('data-label="区分">元<') == 2
    assert page.count('data-label="区分">取消<') == 1


def test_a_reservation_that_awaits_no_refund_leads_back_to_its_trip(operator):
    ride = bought()
    answer = operator.get(reverse("booking:refund", args=[ride.public_id]))
    assert answer.status_code == 303
    assert answer["Location"] == reverse("booking:trip", args=[ride.trip.public_id])


def test_a_fee_and_its_correction_stay_when_the_fare_is_taken_back(desk):
    ride = bought()
    with transaction.atomic():
        change = charge_change_fee(desk, ride, fee=1000, source=ChargeSource.OPERATOR)
        correct_charge(desk, change, difference=-200, reason="入力誤り")
    record_own_cancellation(desk, ride, fee=320, source=ChargeSource.OPERATOR)
    assert sum(amount for _, amount in booked_money(ride)) == 800 + 320


@pytest.mark.parametrize("is_refunded", [True, False])
def test_a_fee_that_the_usage_file_told_first_is_not_charged_again_by_who_enters_the_cancellation(desk, is_refunded):
    ride = bought(world.with_numbers(person()))
    feed = feeds.upload_feed(desk, Connection.objects.get(), file_name="ex.csv", content=usage_file(fee(ride)))
    feeds.import_feed(BOOKER, feed.pk)
    record_own_cancellation(desk, ride, fee=320, source=ChargeSource.OPERATOR, refunded=is_refunded)
    if not is_refunded:
        record_refund(desk, ride, kept=320, booked_on=TODAY, source=ChargeSource.OPERATOR)
    ride.refresh_from_db()
    assert (sum(yen for _, yen in booked_money(ride)), ride.cancel_fee) == (320, 320)
