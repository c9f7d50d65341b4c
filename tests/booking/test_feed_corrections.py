"""A usage row is known by everything but its amount: a newer amount corrects the older one, an older one changes nothing."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from billing.queries import open_charges
from booking.models import Charge, ChargeKind, FeedRow, FeedRowState, Relation, ReservationState
from booking.services.corrections import correct_charge
from sandbox.ex.usage import COLUMNS
from tests.booking.buying import booked_money, bought
from tests.booking.usage_file import fee, ledger, purchase, refund, states, usage_file
from tests.factories import acting, person

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


def issued(column: str, *rows: dict[str, str], at: str) -> bytes:
    """A file whose rows say when they were issued."""
    return usage_file(*[row | {column: at} for row in rows], columns=(*COLUMNS, column))


def later(row: dict[str, str]) -> dict[str, str]:
    return row | {"操作日時": row["操作日時"].replace("9:05", "9:20")}


def of_file(rows: list[FeedRow]) -> list[str]:
    return states([FeedRow.objects.get(pk=row.pk) for row in rows])


@pytest.mark.parametrize("more", [300, -300])
def test_a_newer_amount_corrects_the_older_one_by_the_difference_on_the_day_of_the_ride(more, ride, take):
    first = take(purchase(ride, amount=14400))
    rows = take(purchase(ride, amount=14400 + more))

    assert (of_file(first), states(rows)) == (["superseded"], ["added"])
    assert f"14,400円から{14400 + more:,}円に変わった" in rows[0].reason
    assert ledger() == [(ChargeKind.FARE, 14400), (ChargeKind.DIFFERENCE, more)]
    fare, difference = Charge.objects.order_by("pk")
    assert (difference.origin, difference.relation) == (fare, Relation.CORRECTION)
    assert (difference.used_on, difference.billing_on) == (fare.used_on, fare.billing_on)
    assert difference.rule == "as_original"
    ride.refresh_from_db()
    assert ride.price == 14400 + more


def test_a_corrected_refund_and_a_corrected_fee_change_the_ledger_by_their_difference_only(ride, take):
    take(purchase(ride, amount=14400), later(refund(ride, 14400)), later(fee(ride, 320)))
    rows = take(later(refund(ride, 14100)), later(fee(ride, 340)))

    assert states(rows) == ["added", "added"]
    assert ledger()[3:] == [(ChargeKind.DIFFERENCE, 300), (ChargeKind.DIFFERENCE, 20)]
    refunded, kept = Charge.objects.filter(kind=ChargeKind.DIFFERENCE).order_by("pk")
    assert refunded.origin.kind == ChargeKind.REFUND
    assert (kept.origin.kind, kept.tax_class) == (ChargeKind.REFUND_FEE, kept.origin.tax_class)
    ride.refresh_from_db()
    # What did not come back, and the fee.
    assert ride.cancel_fee == 300 + 340


def test_a_correction_of_a_correction_starts_from_the_last_amount(ride, take):
    for amount in (14400, 14900, 14100):
        take(purchase(ride, amount=amount))
    assert ledger() == [(ChargeKind.FARE, 14400), (ChargeKind.DIFFERENCE, 500), (ChargeKind.DIFFERENCE, -800)]
    assert list(FeedRow.objects.order_by("pk").values_list("state", flat=True)) == [
        "superseded", "superseded", "added",
    ]  # fmt: skip


def test_what_an_operator_has_corrected_already_is_not_corrected_again(ride, take):
    take(purchase(ride, amount=14400))
    with transaction.atomic():
        correct_charge(acting(person("operator")), Charge.objects.get(), difference=-300, reason="入力誤り")
    assert states(take(purchase(ride, amount=14100))) == ["matched"]
    assert sum(amount for _, amount in ledger()) == 14100


def test_a_cancellation_takes_back_the_fare_with_its_correction(ride, take):
    take(purchase(ride, amount=14400))
    take(purchase(ride, amount=14700))
    take(later(refund(ride, 14700)), later(fee(ride)))
    assert sum(amount for _, amount in ledger()) == 320
    assert Charge.objects.filter(relation=Relation.REVERSAL).count() == 2


@pytest.mark.parametrize("column", ["データ作成日時", "発行日時"])
def test_an_older_issue_that_arrives_later_changes_nothing(column, ride, take):
    newer = take(content=issued(column, purchase(ride, amount=14700), at="2026/11/20 6:00"))
    older = take(content=issued(column, purchase(ride, amount=14400), at="2026/11/19 6:00"))

    assert (of_file(newer), states(older)) == (["added"], ["outdated"])
    assert "14,700円" in older[0].reason
    assert ledger() == [(ChargeKind.FARE, 14700)]


def test_a_repeated_row_is_as_new_as_its_last_issue(ride, take):
    take(content=issued("発行日時", purchase(ride, amount=14400), at="2026/11/18 6:00"))
    take(content=issued("発行日時", purchase(ride, amount=14400), at="2026/11/20 6:00"))
    between = take(content=issued("発行日時", purchase(ride, amount=14700), at="2026/11/19 6:00"))
    assert states(between) == ["outdated"]
    assert ledger() == [(ChargeKind.FARE, 14400)]


def test_issues_of_one_file_stand_in_the_order_of_issue(ride, take):
    column = "発行日時"
    new = purchase(ride, amount=14700) | {column: "2026/11/20 6:00"}
    old = purchase(ride, amount=14400) | {column: "2026/11/19 6:00"}
    rows = take(content=usage_file(new, old, columns=(*COLUMNS, column)))
    assert states(rows) == ["added", "superseded"]
    assert sum(amount for _, amount in ledger()) == 14700


def test_a_time_of_issue_that_cannot_be_read_makes_the_row_bad(ride, take):
    rows = take(content=issued("発行日時", purchase(ride), at="きのう"))
    assert states(rows) == ["bad"]
    assert rows[0].reason == "発行日時「きのう」を読み取れません。"


def test_without_a_time_of_issue_the_upload_is_the_issue(ride, take):
    row = take(purchase(ride))[0]
    assert row.issued_at == row.feed.uploaded_at


def test_a_corrected_row_that_fitted_nothing_is_tried_again_with_its_new_amount(ride, take):
    unknown = take(purchase(ride, number="2055", day=1, amount=14400))
    again = take(purchase(ride, number="2055", day=1, amount=14700))
    assert (of_file(unknown), states(again)) == (["superseded"], ["unmatched"])
    assert again[0].reason == "当てはまる予約がありません。"
    assert ledger() == []


def test_the_database_holds_one_counting_row_of_a_fact(ride, take):
    row = take(purchase(ride))[0]
    with pytest.raises(IntegrityError, match="feed_fact_once"), transaction.atomic():
        FeedRow.objects.create(feed=row.feed, line=99, digest=row.digest, state=FeedRowState.UNMATCHED)


def test_what_the_file_brings_happened_on_the_day_on_which_the_supplier_booked_it(ride, take):
    take(
        purchase(ride) | {"操作日時": "2026/11/2 9:05"},
        refund(ride, ride.price) | {"操作日時": "2026/11/5 23:50"},
        fee(ride) | {"操作日時": "2026/11/5 23:50"},
    )
    assert list(Charge.objects.order_by("pk").values_list("kind", "occurred_on")) == [
        (ChargeKind.FARE, dt.date(2026, 11, 2)),
        (ChargeKind.REFUND, dt.date(2026, 11, 5)),
        (ChargeKind.REFUND_FEE, dt.date(2026, 11, 5)),
    ]


def test_a_refund_row_below_the_fare_leaves_the_rest_with_the_supplier_beside_its_fee_row(ride, take):
    take(purchase(ride, amount=14400))
    take(later(refund(ride, 14000)), later(fee(ride, 320)))
    assert ledger()[1:] == [
        (ChargeKind.REFUND, -14400), (ChargeKind.REFUND_FEE, 400), (ChargeKind.REFUND_FEE, 320),
    ]  # fmt: skip

    take(later(refund(ride, 14100)))
    correction = Charge.objects.latest("pk")
    assert (correction.kind, correction.amount, correction.origin.amount) == (ChargeKind.DIFFERENCE, -100, 400)


def test_what_the_traveller_paid_is_matched_and_stands_on_no_bill(traveller, take):
    own = bought(traveller, supplier="ex", settlement="self")
    rows = take(purchase(own, amount=own.price + 200))

    assert states(rows) == ["matched"]
    assert rows[0].reason == "本人立替のため、請求しません。"
    assert booked_money(own) == [(ChargeKind.FARE, own.price), (ChargeKind.DIFFERENCE, 200)]
    assert not open_charges().exists()
