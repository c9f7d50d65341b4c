"""Worked examples: periods of every shape, numbers without a gap, and what an invoice carries over to the next."""

import pytest

from accounts.models import Contract
from billing.errors import PeriodNotOver
from billing.models import Invoice, NumberSeries, Period
from billing.rules.days import period_name
from billing.services import open_periods
from tests import factories
from tests.billing.world import go_to
from tests.money.books import Books, lines, on, taxes


def test_a_negative_invoice_is_carried_over_outside_lines_and_taxes(books: Books):
    go_to(on(10, 20))
    ride = books.fare(books.taro, 15640, on(10, 26))
    go_to(on(11, 2))
    books.close(books.head, on(10, 31))
    go_to(on(11, 9))
    books.cancel(ride, fee=0)
    books.fare(books.taro, 20000, on(12, 3))

    go_to(on(12, 2))
    november = books.close(books.head, on(11, 30))
    go_to(on(1, 5, 2027))
    december = books.close(books.head, on(12, 31))

    # November: −15,640 and nothing to pay. December: 20,000 − 15,640 = 4,360 to pay, tax of the 20,000 alone: 1,818.18…
    assert (november.total, november.carried, november.payable) == (-15640, 0, -15640)
    assert (december.total, december.carried, december.payable) == (20000, -15640, 4360)
    assert lines(december, "amount") == [20000]
    assert taxes(december) == {"standard": (20000, 1818)}
    assert any("前回繰越" in note for note in december.face["notes"])


def test_what_is_left_in_the_offices_favour_is_carried_on_until_it_is_used_up(books: Books):
    go_to(on(9, 20))
    ride = books.fare(books.taro, 15640, on(9, 28))
    go_to(on(10, 2))
    books.close(books.head, on(9, 30))
    books.cancel(ride, fee=0)
    for price, day in ((5000, on(11, 9)), (12000, on(12, 3)), (700, on(1, 12, 2027))):
        books.fare(books.taro, price, day)
    go_to(on(2, 2, 2027))
    found = [books.close(books.head, day) for day in (on(10, 31), on(11, 30), on(12, 31), on(1, 31, 2027))]
    # −15,640; 5,000 − 15,640 = −10,640; 12,000 − 10,640 = 1,360; 700 with nothing left.
    assert [(invoice.total, invoice.carried, invoice.payable) for invoice in found] == [
        (-15640, 0, -15640),
        (5000, -15640, -10640),
        (12000, -10640, 1360),
        (700, 0, 700),
    ]


def test_a_month_without_charges_between_keeps_what_is_carried(books: Books):
    go_to(on(10, 20))
    ride = books.fare(books.taro, 15640, on(10, 26))
    go_to(on(11, 2))
    books.close(books.head, on(10, 31))
    books.cancel(ride, fee=0)
    books.fare(books.taro, 20000, on(1, 12, 2027))
    go_to(on(2, 2, 2027))
    assert books.close(books.head, on(11, 30)).payable == -15640
    assert books.close(books.head, on(12, 31)) is None
    january = books.close(books.head, on(1, 31, 2027))
    assert (january.carried, january.payable) == (-15640, 4360)


def test_what_is_in_the_offices_favour_is_given_once_although_an_older_month_is_closed_later(books: Books):
    go_to(on(9, 20))
    ride = books.fare(books.taro, 15640, on(8, 28))
    go_to(on(9, 21))
    books.close(books.head, on(8, 31))
    books.cancel(ride, fee=0)
    books.fare(books.taro, 3000, on(11, 9))
    go_to(on(12, 2))
    # September −15,640. October has nothing yet and stays open; November 3,000 − 15,640 = −12,640.
    assert books.close(books.head, on(9, 30)).payable == -15640
    assert books.close(books.head, on(11, 30)).payable == -12640
    # Now a ride of October comes in late, and its month is closed after November's: it pays what is left by then,
    # 10,000 − 12,640 = −2,640, and not the −15,640 a second time.
    books.fare(books.taro, 10000, on(10, 9))
    october = books.close(books.head, on(10, 31))
    assert (october.total, october.carried, october.payable) == (10000, -12640, -2640)
    books.fare(books.taro, 5000, on(12, 3))
    go_to(on(1, 5, 2027))
    december = books.close(books.head, on(12, 31))
    assert (december.carried, december.payable) == (-2640, 2360)
    # Everything that was paid, 2,360, is everything that was used: 15,640 − 15,640 + 3,000 + 10,000 + 5,000 less the
    # 15,640 paid in August.
    assert 15640 + december.payable == 3000 + 10000 + 5000


def test_a_sum_of_zero_has_an_invoice_and_a_number(books: Books):
    ride = books.fare(books.taro, 15640, on(11, 20))
    books.cancel(ride, fee=0)
    go_to(on(12, 2))
    invoice = books.close(books.head, on(11, 30))
    assert (invoice.total, invoice.number, lines(invoice, "amount")) == (0, "2026-0001", [15640, -15640])
    assert taxes(invoice) == {"standard": (0, 0)}


def test_an_office_without_charges_is_closed_without_an_invoice_and_takes_no_number(books: Books):
    books.fare(books.hanako, 5500, on(11, 9))
    go_to(on(12, 2))
    assert books.close(books.head, on(11, 30)) is None
    assert books.close(books.kyushu, on(11, 30)).number == "2026-0001"
    assert books.period(books.head, on(11, 30)).state == "closed"
    assert NumberSeries.objects.get().last == 1


def test_numbers_run_on_over_offices_and_months(books: Books):
    for month in (11, 12):
        for person in (books.taro, books.hanako):
            books.fare(person, 1000, on(month, 9))
    go_to(on(1, 5, 2027))
    for last in (on(11, 30), on(12, 31)):
        books.close_month(last)
    assert list(Invoice.objects.order_by("pk").values_list("number", flat=True)) == [
        "2026-0001",
        "2026-0002",
        "2026-0003",
        "2026-0004",
    ]


def test_closing_day_20_cuts_between_the_20th_and_the_21st_and_names_the_month_of_its_end(db):
    go_to(on(11, 2))
    books = Books(closing_day=20)
    books.fare(books.taro, 1000, on(11, 20))
    books.fare(books.taro, 2000, on(11, 21))
    go_to(on(11, 20), hour=23)
    with pytest.raises(PeriodNotOver):
        books.close(books.head, on(11, 20))
    go_to(on(11, 21), hour=1)
    november = books.close(books.head, on(11, 20))
    assert (lines(november, "amount"), period_name(november.period.last_day)) == ([1000], "2026年11月利用分")
    assert november.face["period"] == {"first": "2026-10-21", "last": "2026-11-20"}
    # What is of 10/25 and comes late belongs to the period that ended on 11/20: 11月利用分, not 10月.
    books.fare(books.taro, 3000, on(10, 25))
    go_to(on(12, 21))
    december = books.close(books.head, on(12, 20))
    assert lines(december, "amount", "marks") == [(3000, "11月利用分"), (2000, "")]
    assert period_name(december.period.last_day) == "2026年12月利用分"


def test_a_change_of_the_closing_day_in_mid_month_makes_a_short_period(db):
    # Month end until 12/9, the 20th from 12/10 on: 12/1–12/20 is short, then 12/21–1/20. Nothing between, nothing twice.
    go_to(on(11, 2))
    books = Books(until=on(11, 30))
    books.terms(on(12, 10), closing_day=20)
    open_periods(factories.SETUP, until=on(1, 20, 2027))
    for price, day in (
        (100, on(11, 30)),
        (200, on(12, 1)),
        (300, on(12, 20)),
        (400, on(12, 21)),
        (500, on(1, 20, 2027)),
    ):
        books.fare(books.taro, price, day)
    go_to(on(1, 21, 2027))
    found = Period.objects.filter(office=books.head, last_day__gte=on(11, 30)).order_by("last_day")
    assert list(found.values_list("first_day", "last_day")) == [
        (on(11, 1), on(11, 30)),
        (on(12, 1), on(12, 20)),
        (on(12, 21), on(1, 20, 2027)),
    ]
    invoices = [books.close(books.head, period.last_day) for period in found]
    assert [lines(invoice, "amount") for invoice in invoices] == [[100], [200, 300], [400, 500]]


def test_the_contracts_end_cuts_the_last_period_and_what_comes_after_still_has_one(db):
    # The contract ends on 12/10: 12/1–12/10 is the last period; a refund on 12/15 lies in the one after it.
    go_to(on(11, 2))
    books = Books(until=on(11, 30))
    Contract.objects.update(last_day=on(12, 10))
    open_periods(factories.SETUP, until=on(12, 10))
    ride = books.fare(books.taro, 15640, on(12, 10))
    go_to(on(12, 11))
    last = books.close(books.head, on(12, 10))
    assert (last.face["period"], last.total) == ({"first": "2026-12-01", "last": "2026-12-10"}, 15640)
    go_to(on(12, 15))
    books.cancel(ride, fee=320)
    open_periods(factories.SETUP, until=on(12, 15))
    go_to(on(1, 5, 2027))
    after = books.close(books.head, on(12, 31))
    assert after.face["period"] == {"first": "2026-12-11", "last": "2026-12-31"}
    # −15,640 + 320, both of the period that the contract's end had cut.
    assert lines(after, "amount", "marks") == [(-15640, "返還 12月利用分"), (320, "12月利用分")]
