"""A ticket that was not used: the fare is taken back, and what the supplier kept is charged instead."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from booking.errors import BadRefund
from booking.models import ChargeKind, ChargeSource, Connection, Reservation, ReservationState, TaxClass
from booking.queries import trip_page
from booking.services import arranging, feeds
from booking.services.refunds import record_no_show
from booking.tasks import BOOKER, SWEEPER
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
AFTER = dt.date(2026, 12, 4)


@pytest.fixture
def desk(db):
    go_to(TODAY)
    load_rules()
    return acting(person("operator"))


def departed(**more) -> Reservation:
    """A ticket of yesterday, bought the day before."""
    ticket = bought(days=1, **more)
    go_to(AFTER)
    return ticket


@pytest.mark.parametrize(
    ("supplier", "kind", "tax"),
    [
        ("jal_online", ChargeKind.CANCEL_FEE, TaxClass.OUTSIDE),
        ("ex", ChargeKind.REFUND_FEE, TaxClass.STANDARD),
    ],
)
def test_what_was_kept_takes_the_place_of_the_fare(supplier, kind, tax, desk):
    ticket = departed(supplier=supplier, price=40000)
    record_no_show(desk, ticket, kept=8000, booked_on=AFTER, source=ChargeSource.OPERATOR)

    ticket.refresh_from_db()
    assert (ticket.state, ticket.cancel_fee) == (R.NO_SHOW, 8000)
    assert booked_money(ticket) == [(ChargeKind.FARE, 40000), (ChargeKind.REFUND, -40000), (kind, 8000)]
    kept = ticket.charges.latest("pk")
    assert (kept.tax_class, kept.used_on, kept.occurred_on) == (tax, dt.date(2026, 12, 3), AFTER)


def test_a_fare_that_is_kept_whole_is_charged_as_damages(desk):
    ticket = departed(supplier="jal_online", price=40000)
    record_no_show(desk, ticket, kept=40000, booked_on=AFTER, source=ChargeSource.OPERATOR)
    assert booked_money(ticket)[1:] == [(ChargeKind.REFUND, -40000), (ChargeKind.CANCEL_FEE, 40000)]


def test_the_sweep_took_it_for_used_and_the_desk_knows_better(desk):
    ticket = departed()
    for due in arranging.due_for_use():
        arranging.mark_used(SWEEPER, due)
    ticket.refresh_from_db()
    assert ticket.state == R.USED
    record_no_show(desk, ticket, kept=320, booked_on=AFTER, source=ChargeSource.OPERATOR)
    assert Reservation.objects.get(pk=ticket.pk).state == R.NO_SHOW
    assert not arranging.due_for_use()


def test_what_the_desk_has_recorded_the_sweep_leaves_alone(desk):
    ticket = departed()
    record_no_show(desk, ticket, kept=320, booked_on=AFTER, source=ChargeSource.OPERATOR)
    assert not arranging.due_for_use()


def test_a_ride_that_has_not_left_is_cancelled_instead(desk):
    ticket = bought(days=1)
    with pytest.raises(BadRefund, match="出発の時刻"):
        record_no_show(desk, ticket, kept=320, booked_on=TODAY, source=ChargeSource.OPERATOR)


def test_a_ticket_whose_price_is_not_known_waits_for_its_usage_row(desk):
    ticket = departed(price=0)
    with pytest.raises(BadRefund, match="金額がまだ分かりません"):
        record_no_show(desk, ticket, kept=0, booked_on=AFTER, source=ChargeSource.OPERATOR)


@pytest.mark.parametrize(
    ("kept", "day", "field"),
    [(14401, AFTER, "kept"), (0, AFTER + dt.timedelta(days=1), "booked_on"), (0, TODAY, "booked_on")],
)
def test_an_unused_ticket_that_cannot_be_is_refused_beside_its_field(kept, day, field, desk):
    ticket = departed()
    with pytest.raises(BadRefund) as refused:
        record_no_show(desk, ticket, kept=kept, booked_on=day, source=ChargeSource.OPERATOR)
    assert refused.value.field == field
    assert Reservation.objects.get(pk=ticket.pk).state == R.TICKETED


def test_only_the_desk_records_an_unused_ticket(desk):
    ticket = departed()
    with pytest.raises(NotPermitted):
        record_no_show(acting(ticket.trip.traveller), ticket, kept=0, booked_on=AFTER, source=ChargeSource.OPERATOR)


@pytest.mark.parametrize("recorded", [True, False])
def test_a_refund_row_after_the_ride_and_the_desk_tell_of_the_same_unused_ticket(recorded, desk):
    ticket = departed(traveller=world.with_numbers(person()))
    for due in arranging.due_for_use():
        arranging.mark_used(SWEEPER, due)
    if recorded:
        ticket.refresh_from_db()
        record_no_show(desk, ticket, kept=5000, booked_on=dt.date(2026, 12, 3), source=ChargeSource.OPERATOR)
    rows = [purchase(ticket), refund(ticket, 14400), fee(ticket, 5000)]
    at = ["2026/12/2 9:05", "2026/12/3 11:00", "2026/12/3 11:00"]
    content = usage_file(*[row | {"操作日時": moment} for row, moment in zip(rows, at, strict=True)])
    feed = feeds.upload_feed(desk, Connection.objects.get(), file_name="ex.csv", content=content)
    feeds.import_feed(BOOKER, feed.pk)

    assert states(list(feed.rows.all())) == ["matched", *(["matched"] * 2 if recorded else ["added"] * 2)]
    ticket.refresh_from_db()
    assert (ticket.state, ticket.cancel_fee) == (R.NO_SHOW, 5000)
    assert booked_money(ticket) == [
        (ChargeKind.FARE, 14400), (ChargeKind.REFUND, -14400), (ChargeKind.REFUND_FEE, 5000),
    ]  # fmt: skip


def test_a_fee_that_the_usage_file_told_first_is_not_charged_again(desk):
    ticket = bought(world.with_numbers(person()), days=1)
    go_to(AFTER)
    content = usage_file(fee(ticket, 5000) | {"操作日時": "2026/12/3 11:00"})
    feeds.import_feed(BOOKER, feeds.upload_feed(desk, Connection.objects.get(), file_name="ex.csv", content=content).pk)
    record_no_show(desk, ticket, kept=5000, booked_on=AFTER, source=ChargeSource.OPERATOR)
    ticket.refresh_from_db()
    assert (sum(yen for _, yen in booked_money(ticket)), ticket.cancel_fee) == (5000, 5000)


def test_the_operator_records_it_on_the_page_that_the_trip_leads_to(desk, client: Client):
    ticket = departed()
    operator = sign_in(client, person("operator"))
    address = reverse("booking:no_show", args=[ticket.public_id])
    assert address in operator.get(reverse("booking:trip", args=[ticket.trip.public_id])).content.decode()
    assert "14,400円" in operator.get(address).content.decode()
    wrong = operator.post(address, {"kept": "14401", **day_fields("booked_on", AFTER)})
    assert wrong.status_code == 422
    assert operator.post(address, {"kept": "5000", **day_fields("booked_on", AFTER)}).status_code == 303
    assert sum(amount for _, amount in booked_money(ticket)) == 5000
    assert operator.get(address).status_code == 303


def test_the_traveller_is_not_led_there(desk):
    ticket = departed()
    page = trip_page(acting(ticket.trip.traveller), ticket.trip)
    assert "no_show" not in page.entries[0].actions
