"""Worked examples: what rows of the usage file do to the books: doubled, late, missing, without a booking."""

import pytest

from billing.errors import StillWaiting
from booking.models import Charge, Settlement
from tests.billing.world import go_to
from tests.money.books import Books, ledger, lines, on


def test_a_row_that_stands_twice_in_one_file_counts_once(books: Books):
    ride = books.handed_off(books.taro, on(11, 9), price=13320)
    row = books.row(ride)
    assert [found.state for found in books.take(row, row)] == ["added", "repeated"]
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "amount") == [13320]


def test_a_row_that_comes_again_in_a_later_file_counts_once_also_after_closing(books: Books):
    ride = books.handed_off(books.taro, on(11, 9), price=13320)
    row = books.row(ride)
    other = books.handed_off(books.taro, on(12, 7), price=5500)
    books.take(row)
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "amount") == [13320]
    # The file of December has the row once more beside a new one.
    assert [found.state for found in books.take(row, books.row(other, number="2002"))] == ["repeated", "added"]
    go_to(on(1, 5, 2027))
    assert lines(books.close(books.head, on(12, 31)), "amount") == [5500]


def test_a_row_that_comes_after_closing_says_which_month_it_is_of(books: Books):
    ride = books.handed_off(books.taro, on(11, 20), price=13320)
    row = books.row(ride)
    go_to(on(12, 2))
    assert books.close(books.head, on(11, 30)) is None
    go_to(on(12, 10))
    books.take(row)
    go_to(on(1, 5, 2027))
    invoice = books.close(books.head, on(12, 31))
    assert lines(invoice, "amount", "used_on", "billing_on", "marks") == [(13320, on(11, 20), on(11, 20), "11月利用分")]
    assert any("【11月利用分】" in note for note in invoice.face["notes"])


def test_a_number_without_its_sum_warns_and_comes_late(books: Books):
    ride = books.handed_off(books.taro, on(11, 20), price=13320)
    row = books.row(ride)
    books.enter_number(ride, price=None)
    go_to(on(12, 2))
    assert books.obstacles(books.head, on(11, 30)) == ["金額が未確定の予約"]
    assert books.close(books.head, on(11, 30)) is None
    books.take(row)
    go_to(on(1, 5, 2027))
    assert lines(books.close(books.head, on(12, 31)), "amount", "marks") == [(13320, "11月利用分")]


def test_a_number_without_its_sum_stops_closing_where_the_contract_says_so(books: Books):
    books.terms(on(11, 1), waits_for_unknown=True)
    ride = books.handed_off(books.taro, on(11, 20), price=13320)
    row = books.row(ride)
    books.enter_number(ride, price=None)
    go_to(on(12, 2))
    with pytest.raises(StillWaiting, match="金額が未確定の予約"):
        books.close(books.head, on(11, 30))
    books.take(row)
    assert lines(books.close(books.head, on(11, 30)), "amount", "marks") == [(13320, "")]


def test_a_row_without_a_booking_stays_out_until_the_desk_has_settled_it(books: Books):
    ride = books.handed_off(books.taro, on(11, 9), price=13320)
    stray = books.row(ride, number="2099", amount=8800, day=2) | {"出張番号": ""}
    assert [found.state for found in books.take(books.row(ride), stray)] == ["added", "unmatched"]
    go_to(on(12, 2))
    assert books.obstacles(books.head, on(11, 30)) == ["利用実績の要確認"]
    assert lines(books.close(books.head, on(11, 30)), "amount") == [13320]
    # The desk finds out whose it was and records it: 8,800, once, marked with its month.
    books.fare(books.taro, 8800, on(11, 11))
    go_to(on(1, 5, 2027))
    assert lines(books.close(books.head, on(12, 31)), "amount", "marks") == [(8800, "11月利用分")]


@pytest.mark.parametrize(("told", "difference"), [(13320, 320), (12800, -200)])
def test_a_file_that_knows_another_sum_than_was_entered_adds_the_difference(books: Books, told: int, difference: int):
    # 13,000 entered: 13,320 − 13,000 = 320, 12,800 − 13,000 = −200; the difference bills the day of the ride.
    ride = books.handed_off(books.taro, on(11, 9), price=13320)
    row = books.row(ride, amount=told)
    books.enter_number(ride, price=13000)
    books.take(row)
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "kind", "amount", "billing_on") == [
        ("fare", 13000, on(11, 9)),
        ("difference", difference, on(11, 9)),
    ]


def test_the_difference_that_comes_after_closing_stands_on_the_next_invoice(books: Books):
    ride = books.handed_off(books.taro, on(11, 9), price=13320)
    row = books.row(ride)
    books.enter_number(ride, price=13000)
    go_to(on(12, 2))
    assert books.close(books.head, on(11, 30)).total == 13000
    books.take(row)
    go_to(on(1, 5, 2027))
    assert lines(books.close(books.head, on(12, 31)), "kind", "amount", "marks") == [("difference", 320, "11月利用分")]


def test_a_change_in_the_file_is_a_refund_and_another_purchase(books: Books):
    # 13,320 bought, 13,320 given back, 14,190 bought under the same number: the last train costs 14,190.
    ride = books.handed_off(books.taro, on(11, 9), price=13320)
    at = {"操作日時": "2026/11/3 9:05"}
    rows = books.row(ride), books.row(ride, amount=-13320, operation="取消") | at, books.row(ride, amount=14190) | at
    go_to(on(11, 4))
    books.take(*rows)
    go_to(on(12, 2))
    assert books.close(books.head, on(11, 30)).total == 14190
    assert sum(amount for _, amount in ledger(ride)) == 14190


def test_a_row_of_what_the_traveller_paid_is_known_and_never_billed(books: Books):
    ride = books.handed_off(books.taro, on(11, 9), price=13320, settlement=Settlement.SELF)
    books.take(books.row(ride))
    go_to(on(12, 2))
    assert books.close(books.head, on(11, 30)) is None
    assert Charge.objects.get().amount == 13320
