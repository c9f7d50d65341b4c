"""Money owed by a supplier: opened with the cancellation, settled with the refund, ended otherwise only by two people."""

import csv
import datetime as dt
import hashlib
import io
import json

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.errors import AlreadyAsked, Changed, SamePerson
from accounts.models import Confirmation, User
from accounts.queries import open_confirmation
from audit.models import Event
from booking.errors import BadClaim, BadRefund
from booking.models import (
    ChargeKind,
    ChargeSource,
    ClaimState,
    Connection,
    RefundClaim,
    RefundLimit,
    Reservation,
    Way,
)
from booking.queries import trip_page, work_items
from booking.queries.claims import CLAIM_END, ClaimFilter, ClaimList, claim_rows, claims, claims_count_and_sum
from booking.queries.refunds import is_refund_pending
from booking.services import feeds
from booking.services.cancelling import record_own_cancellation
from booking.services.claims import download_claims
from booking.services.corrections import correct_charge
from booking.services.ending_claims import ask_claim_close, decide_claim_end, explain_claim
from booking.services.refunds import record_refund
from booking.tasks import BOOKER
from lib.dated import between
from lib.errors import NotPermitted
from tests import factories, world
from tests.billing.world import go_to
from tests.booking.buying import booked_money, bought, load_rules
from tests.booking.usage_file import fee, purchase, refund, usage_file
from tests.factories import START, acting, person
from tests.permissions.stage import day_fields
from tests.signin import sign_in

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 12, 2)
WHY = "手配先が払戻を認めない"
OTHER_SUM = "手数料の改定"


@pytest.fixture
def asker(db) -> User:
    go_to(TODAY)
    load_rules()
    return person("operator")


@pytest.fixture
def desk(asker):
    return acting(asker)


@pytest.fixture
def second(asker) -> User:
    """Another operator."""
    return person("operator")


@pytest.fixture
def ride(desk) -> Reservation:
    """A train of 14,400 yen, cancelled; 320 yen will be kept, and nothing has come back."""
    ride = bought(world.with_numbers(person()))
    record_own_cancellation(desk, ride, fee=320, source=ChargeSource.OPERATOR, refunded=False)
    return ride


@pytest.fixture
def claim(ride) -> RefundClaim:
    return ride.refund_claims.get()


def record(desk, ride, *, kept: int, note: str = "") -> Confirmation | None:
    return record_refund(desk, ride, kept=kept, booked_on=TODAY, source=ChargeSource.OPERATOR, note=note)


def rows(desk, **wanted):
    return claim_rows(claims(desk, ClaimFilter(**wanted)))


def take_in(desk, *lines) -> None:
    feed = feeds.upload_feed(desk, Connection.objects.get(), file_name="ex.csv", content=usage_file(*lines))
    feeds.import_feed(BOOKER, feed.pk)


# -- Opened and settled ------------------------------------------------------------------------------------------------
def test_a_cancellation_whose_refund_follows_opens_what_is_owed(ride, claim):
    assert (claim.state, claim.charged, claim.expected, claim.age) == (ClaimState.OPEN, 14400, 14080, 0)
    about = Event.objects.filter(about__object_id=claim.public_id)
    assert [event.code for event in about] == ["booking.claim.opened"]
    assert is_refund_pending(ride)


def test_a_cancellation_whose_refund_is_booked_at_once_or_that_was_never_charged_owes_nothing(desk):
    record_own_cancellation(desk, bought(), fee=320, source=ChargeSource.OPERATOR)
    stay = bought(supplier="yado_net", price=9000)
    record_own_cancellation(desk, stay, fee=4500, source=ChargeSource.OPERATOR, refunded=False)
    assert not RefundClaim.objects.exists()


def test_the_refund_that_was_expected_settles_it_without_a_second_person(desk, ride, claim):
    go_to(TODAY + dt.timedelta(days=9))
    assert record(desk, ride, kept=320) is None
    claim.refresh_from_db()
    assert (claim.state, claim.age) == (ClaimState.SETTLED, 9)
    assert not is_refund_pending(ride)
    [row] = rows(desk, which=ClaimList.ENDED)
    assert (row.received, row.difference) == (14080, 0)
    assert rows(desk, which=ClaimList.DIFFERS) == []


def test_the_usage_file_settles_it_by_itself_and_what_differs_is_shown(desk, ride, claim):
    take_in(desk, purchase(ride), refund(ride, 14400), fee(ride, 500))
    claim.refresh_from_db()
    assert claim.state == ClaimState.SETTLED
    [row] = rows(desk, which=ClaimList.DIFFERS)
    assert (row.received, row.difference) == (13900, -180)


def test_the_usage_file_that_tells_what_was_expected_differs_in_nothing(desk, ride):
    take_in(desk, purchase(ride), refund(ride, 14400), fee(ride, 320))
    assert rows(desk, which=ClaimList.DIFFERS) == []
    assert [row.received for row in rows(desk, which=ClaimList.ENDED)] == [14080]


def test_a_price_that_the_file_tells_only_after_the_cancellation_is_owed_from_then_on(desk):
    trip = factories.trip(world.with_numbers(person()), day=TODAY + dt.timedelta(days=14))
    ride = factories.reservation(trip, factories.connection("ex", Way.HANDOFF), number="2001", price=14400)
    factories.segment(ride, from_name="新横浜", to_name="博多")
    record_own_cancellation(desk, ride, fee=320, source=ChargeSource.OPERATOR, refunded=False)
    assert not RefundClaim.objects.exists()
    take_in(desk, purchase(ride))
    claim = RefundClaim.objects.get()
    assert (claim.charged, claim.expected) == (14400, 14080)
    take_in(desk, refund(ride, 14400), fee(ride, 320))
    assert [(row.received, row.difference) for row in rows(desk, which=ClaimList.ENDED)] == [(14080, 0)]
    assert sum(amount for _, amount in booked_money(ride)) == 320


@pytest.mark.parametrize("refunded", [True, False])
def test_the_fee_is_charged_once_whatever_was_said_before_the_price_was_known(desk, refunded):
    trip = factories.trip(world.with_numbers(person()), day=TODAY + dt.timedelta(days=14))
    ride = factories.reservation(trip, factories.connection("ex", Way.HANDOFF), number="2001", price=14400)
    factories.segment(ride, from_name="新横浜", to_name="博多")
    record_own_cancellation(desk, ride, fee=320, source=ChargeSource.OPERATOR, refunded=refunded)
    take_in(desk, purchase(ride))
    ride.refresh_from_db()
    assert record(desk, ride, kept=320) is None
    assert sum(amount for _, amount in booked_money(ride)) == 320
    assert RefundClaim.objects.get().state == ClaimState.SETTLED


@pytest.mark.parametrize("first", ["fee", "refund"])
def test_the_rows_of_a_refund_may_come_in_two_files_in_either_order(desk, ride, claim, first):
    lines = {"refund": refund(ride, 14400), "fee": fee(ride, 500)}
    take_in(desk, purchase(ride), lines.pop(first))
    take_in(desk, *lines.values())
    claim.refresh_from_db()
    ride.refresh_from_db()
    assert (claim.state, ride.cancel_fee) == (ClaimState.SETTLED, 500)
    assert sum(amount for _, amount in booked_money(ride)) == 500


@pytest.mark.parametrize(
    "order", [("refund", "fee", "purchase"), ("fee", "refund", "purchase"), ("purchase", "fee", "refund")]
)
def test_what_was_kept_is_the_fee_whatever_row_comes_first(desk, order):
    """The price was not known, and every row comes in a file of its own."""
    trip = factories.trip(world.with_numbers(person()), day=TODAY + dt.timedelta(days=14))
    ride = factories.reservation(trip, factories.connection("ex", Way.HANDOFF), number="2001", price=14400)
    factories.segment(ride, from_name="新横浜", to_name="博多")
    record_own_cancellation(desk, ride, fee=320, source=ChargeSource.OPERATOR, refunded=False)
    lines = {"purchase": purchase(ride), "refund": refund(ride, 14400), "fee": fee(ride, 500)}
    for name in order:
        take_in(desk, lines[name])
    ride.refresh_from_db()
    assert (ride.cancel_fee, sum(amount for _, amount in booked_money(ride))) == (500, 500)
    assert not RefundClaim.objects.waiting().exists()


def test_what_is_owed_follows_a_price_that_the_usage_file_corrects(desk, ride, claim):
    take_in(desk, purchase(ride, amount=14900))
    claim.refresh_from_db()
    assert (claim.state, claim.charged, claim.expected) == (ClaimState.OPEN, 14900, 14580)
    codes = [event.code for event in Event.objects.filter(about__object_id=claim.public_id).order_by("seq")]
    assert codes == ["booking.claim.opened", "booking.claim.restated"]


# -- Two people --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("kept", "left"), [(0, []), (900, [(ChargeKind.REFUND_FEE, 900)])])
def test_a_refund_of_another_sum_waits_for_a_second_person(desk, second, ride, claim, kept, left):
    with pytest.raises(BadRefund, match="違う理由"):
        record(desk, ride, kept=kept)
    asked = record(desk, ride, kept=kept, note=OTHER_SUM)
    assert asked is not None
    assert ["戻る予定の額", "14,080円"] in asked.facts
    assert ["戻った額", f"{14400 - kept:,}円"] in asked.facts
    assert booked_money(ride) == [(ChargeKind.FARE, 14400)]
    decide_claim_end(acting(second), claim)
    assert booked_money(ride) == [(ChargeKind.FARE, 14400), (ChargeKind.REFUND, -14400), *left]
    [row] = rows(desk, which=ClaimList.DIFFERS)
    assert (row.difference, row.claim.note, row.claim.said_by) == (320 - kept, OTHER_SUM, second)


def test_money_that_does_not_come_is_given_up_by_two_people_and_stays_billed(desk, asker, second, ride, claim):
    ask_claim_close(desk, claim, reason="refused", note=WHY)
    assert is_refund_pending(ride)
    decide_claim_end(acting(second), claim)
    claim.refresh_from_db()
    assert (claim.state, claim.reason, claim.note, claim.said_by) == (ClaimState.CLOSED, "refused", WHY, second)
    assert not is_refund_pending(ride)
    assert booked_money(ride) == [(ChargeKind.FARE, 14400)]
    about = Event.objects.filter(about__object_id=claim.public_id).order_by("seq")
    assert [(event.code, event.actor_id) for event in about][1:] == [
        ("accounts.confirmation.asked", asker.public_id),
        ("accounts.confirmation.given", second.public_id),
        ("booking.claim.closed", second.public_id),
    ]


def test_nobody_agrees_to_what_they_asked_for_themselves(desk, claim):
    ask_claim_close(desk, claim, reason="refused", note=WHY)
    with pytest.raises(SamePerson):
        decide_claim_end(desk, claim)
    claim.refresh_from_db()
    assert claim.state == ClaimState.OPEN


def test_one_request_waits_at_a_time_whatever_it_asks(desk, ride, claim):
    record(desk, ride, kept=0, note=OTHER_SUM)
    with pytest.raises(AlreadyAsked):
        ask_claim_close(desk, claim, reason="refused", note=WHY)


def test_what_was_asked_before_the_ledger_changed_is_not_carried_out_and_gives_way(desk, second, ride, claim):
    ask_claim_close(desk, claim, reason="refused", note=WHY)
    with transaction.atomic():
        correct_charge(desk, ride.charges.get(), difference=-400, reason="誤り")
    with pytest.raises(Changed):
        decide_claim_end(acting(second), claim)
    ask_claim_close(desk, claim, reason="double", note=WHY)
    decide_claim_end(acting(second), claim)
    claim.refresh_from_db()
    assert claim.reason == "double"


def test_a_refund_that_comes_meanwhile_ends_the_request(desk, second, ride, claim):
    ask_claim_close(desk, claim, reason="refused", note=WHY)
    record(desk, ride, kept=320)
    assert open_confirmation(CLAIM_END, claim.public_id) is None
    with pytest.raises(BadClaim):
        decide_claim_end(acting(second), claim)
    with pytest.raises(BadClaim):
        ask_claim_close(desk, claim, reason="refused", note=WHY)


def test_money_that_comes_after_it_was_given_up_is_still_recorded(desk, second, ride, claim):
    ask_claim_close(desk, claim, reason="refused", note=WHY)
    decide_claim_end(acting(second), claim)
    take_in(desk, purchase(ride), refund(ride, 14400), fee(ride, 320))
    assert sum(amount for _, amount in booked_money(ride)) == 320


def test_only_the_desk_gives_money_up(claim, second):
    traveller = acting(claim.reservation.trip.traveller)
    for act in (
        lambda: ask_claim_close(traveller, claim, reason="refused", note=WHY),
        lambda: decide_claim_end(traveller, claim),
        lambda: explain_claim(traveller, claim, note=WHY),
        lambda: download_claims(traveller, ClaimFilter()),
    ):
        with pytest.raises(NotPermitted):
            act()
    assert list(claims(traveller, ClaimFilter())) == []


# -- Another sum came --------------------------------------------------------------------------------------------------
def test_another_sum_that_the_usage_file_brought_waits_for_a_reason(desk, asker, ride, claim):
    take_in(desk, purchase(ride), refund(ride, 14400), fee(ride, 500))
    [item] = [item for item in work_items(desk) if item.kind == "refund_differs"]
    assert "予定は14,080円、戻った額は13,900円" in item.detail
    explain_claim(desk, claim, note=OTHER_SUM)
    assert [item for item in work_items(desk) if item.kind == "refund_differs"] == []
    [row] = rows(desk, which=ClaimList.DIFFERS)
    assert (row.claim.note, row.claim.said_by) == (OTHER_SUM, asker)
    with pytest.raises(BadClaim):
        explain_claim(desk, claim, note="もう一度")


def test_a_claim_that_is_open_has_no_difference_to_explain(desk, claim):
    with pytest.raises(BadClaim):
        explain_claim(desk, claim, note=OTHER_SUM)


def test_an_operator_records_the_reason_on_its_page(desk, operator, ride, claim):
    take_in(desk, purchase(ride), refund(ride, 14400), fee(ride, 500))
    page = reverse("booking:explain_claim", args=[claim.public_id])
    assert page in operator.get(reverse("booking:claims"), {"which": "differs"}).content.decode()
    shown = operator.get(page).content.decode()
    assert "14,080円" in shown
    assert "13,900円" in shown
    assert operator.post(page, {"note": ""}).status_code == 422
    assert operator.post(page, {"note": OTHER_SUM}).status_code == 303
    assert OTHER_SUM in operator.get(reverse("booking:claims"), {"which": "differs"}).content.decode()
    assert "理由を待っている返金はありません" in operator.get(page).content.decode()


# -- Lists -------------------------------------------------------------------------------------------------------------
def test_the_list_is_narrowed_by_supplier_office_and_age_and_adds_up(desk, ride, claim):
    office = ride.trip.traveller.memberships.get().department.office
    go_to(TODAY + dt.timedelta(days=8))
    flight = bought(supplier="jal_online", price=40160)
    Reservation.objects.filter(pk=flight.pk).update(way="operator")
    flight.refresh_from_db()
    record_own_cancellation(desk, flight, fee=160, source=ChargeSource.OPERATOR, refunded=False)
    assert claims_count_and_sum(claims(desk, ClaimFilter())) == (2, 14080 + 40000)
    for wanted in ({"older": 7}, {"office": office}, {"connection": ride.connection}):
        assert [row.claim for row in rows(desk, **wanted)] == [claim], wanted
    assert rows(desk, older=30) == []


def test_the_desk_is_told_once_the_days_of_the_supplier_have_passed(desk, claim):
    RefundLimit.objects.create(supplier="ex", wait_days=7, valid=between(START))
    go_to(TODAY + dt.timedelta(days=7))
    assert [item for item in work_items(desk) if item.kind == "refund"] == []
    assert not rows(desk)[0].is_late
    go_to(TODAY + dt.timedelta(days=8))
    [item] = [item for item in work_items(desk) if item.kind == "refund"]
    assert "8日たっても" in item.detail
    assert rows(desk)[0].is_late


def test_without_days_nobody_is_told_and_the_list_says_so(desk, claim, client):
    go_to(TODAY + dt.timedelta(days=90))
    assert [item for item in work_items(desk) if item.kind == "refund"] == []
    page = sign_in(client, person("operator")).get(reverse("booking:claims")).content.decode()
    assert "目安 未設定" in page


def test_the_file_holds_what_the_list_shows_and_its_download_is_recorded(desk, ride):
    content = download_claims(desk, ClaimFilter())
    head, line = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    told = dict(zip(head, line, strict=True))
    assert (told["予約"], told["計上した額"], told["戻る予定の額"], told["状態"]) == (
        ride.title, "14400", "14080", "返金待ち",
    )  # fmt: skip
    event = Event.objects.get(code="booking.claims.downloaded")
    data = json.loads(bytes(event.canonical))["data"]
    assert data == {"rows": 1, "sha256": hashlib.sha256(content).hexdigest()}


# -- The trip's page ---------------------------------------------------------------------------------------------------
def test_the_traveller_sees_what_is_owed_since_when_and_who_has_it(desk, client, ride):
    go_to(TODAY + dt.timedelta(days=9))
    traveller = sign_in(client, ride.trip.traveller)
    page = traveller.get(reverse("booking:trip", args=[ride.trip.public_id])).content.decode()
    assert f"返金 14,080円 を{ride.connection.name}から待っています" in page
    assert "9日）" in page
    record(desk, ride, kept=320)
    assert "待っています" not in traveller.get(reverse("booking:trip", args=[ride.trip.public_id])).content.decode()


# -- Pages -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def operator(asker, client) -> Client:
    return sign_in(client, asker)


def test_two_operators_give_money_up_on_the_pages(operator, second, ride, claim):
    listed = operator.get(reverse("booking:claims")).content.decode()
    assert "1件 14,080円" in listed
    close, decide = (reverse(f"booking:{name}", args=[claim.public_id]) for name in ("close_claim", "decide_claim"))
    assert close in listed
    empty = operator.post(close, {"reason": "refused", "note": ""})
    assert empty.status_code == 422
    assert operator.post(close, {"reason": "refused", "note": WHY}).status_code == 303
    assert "別の人の確認を待っています" in operator.get(decide).content.decode()
    assert operator.post(decide).status_code == 422

    other = sign_in(Client(), second)
    page = other.get(decide).content.decode()
    assert WHY in page
    assert "手配先が払戻を拒否" in page
    assert other.post(decide).status_code == 303
    ended = other.get(reverse("booking:claims"), {"which": "ended"}).content.decode()
    assert WHY in ended
    assert "終わっています" in other.get(close).content.decode()


def test_a_refund_of_another_sum_says_on_the_page_that_it_waits_for_somebody_else(operator, ride):
    page = reverse("booking:refund", args=[ride.public_id])
    fields = {"kept": "0", **day_fields("booked_on", TODAY)}
    refused = operator.post(page, fields)
    assert refused.status_code == 422
    assert "戻る予定の額は14,080円、この入力では14,400円が戻ります" in refused.content.decode()
    done = operator.post(page, {**fields, "note": OTHER_SUM}, follow=True).content.decode()
    assert "別の担当者に確認を依頼しました" in done
    assert booked_money(ride) == [(ChargeKind.FARE, 14400)]


def test_a_filter_that_is_none_is_refused(operator, claim):
    answer = operator.get(reverse("booking:claims"), {"which": "nonsense"})
    assert answer.status_code == 422


def test_the_trip_no_longer_says_that_it_waits_once_the_money_was_given_up(desk, second, ride, claim):
    assert [badge.word for badge in trip_page(desk, ride.trip).badges] == ["返金待ち 1"]
    ask_claim_close(desk, claim, reason="refused", note=WHY)
    decide_claim_end(acting(second), claim)
    assert [badge.word for badge in trip_page(desk, ride.trip).badges] == ["取消済 1"]
