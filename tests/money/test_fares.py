"""Worked examples: what a fare costs whom, in which month. Every yen is reasoned beside it."""

from accounts.models import FareSplit
from booking.models import Charge, Settlement
from booking.queries.timetable import rail_tariff
from booking.rules.rail_fares import ordinary_reserved_fare
from tests.billing.world import go_to
from tests.money.books import Books, lines, on, taxes


def test_the_season_of_the_day_of_travel_reaches_the_invoice(books: Books):
    # のぞみ 東京–博多: 運賃 14,080 + 指定席 8,670 + のぞみ 1,060 = 23,810 in 通常期;
    # 閑散期 −200, 繁忙期 +200, 最繁忙期 +400 on the reserved charge, by the day of the ride.
    go_to(on(11, 25))
    tariff = rail_tariff(on(11, 25))
    for day in (on(12, 10), on(12, 11), on(12, 25), on(12, 29)):
        price = ordinary_reserved_fare(tariff, train="のぞみ", origin="東京", destination="博多", day=day).total
        books.fare(books.taro, price, day)

    go_to(on(1, 5, 2027))
    invoice = books.close(books.head, on(12, 31))

    assert lines(invoice, "used_on", "amount") == [
        (on(12, 10), 23610),
        (on(12, 11), 23810),
        (on(12, 25), 24010),
        (on(12, 29), 24210),
    ]
    # 23,610 + 23,810 + 24,010 + 24,210 = 95,640; × 10/110 = 8,694.54…, cut.
    assert taxes(invoice) == {"standard": (95640, 8694)}


def test_a_ticket_bought_in_november_for_december_is_decembers(books: Books):
    go_to(on(11, 24))
    books.fare(books.taro, 40160, on(12, 10), by="jal_online")
    go_to(on(1, 5, 2027))

    assert books.close(books.head, on(11, 30)) is None

    # 利用日, not 発券日: the day of issue stands on the charge and bills nothing.
    invoice = books.close(books.head, on(12, 31))
    assert lines(invoice, "amount", "billing_on", "rule", "marks", "tax_class") == [
        (40160, on(12, 10), "ride_date", "", "standard")
    ]
    assert Charge.objects.get().issued_on == on(11, 24)


def test_a_contract_by_day_of_issue_bills_the_month_of_issue(books: Books):
    books.bill_by("fare", "issue_date", on(12, 1))
    go_to(on(11, 24))
    books.fare(books.taro, 40160, on(12, 10), by="jal_online")
    books.fare(books.taro, 13320, on(11, 26))
    go_to(on(12, 2))

    # The rule is that of the day of use: the ride of November keeps the old one.
    invoice = books.close(books.head, on(11, 30))
    assert lines(invoice, "amount", "billing_on", "rule") == [
        (13320, on(11, 26), "ride_date"),
        (40160, on(11, 24), "issue_date"),
    ]


def test_a_through_fare_is_split_equally_and_the_first_ride_takes_the_odd_yen(books: Books):
    # 10,000 ÷ 3 = 3,333 and 1 over; 20,000 ÷ 3 = 6,666 and 2 over: one each for the first two.
    books.fare(books.taro, 10000, on(11, 9), on(11, 10), on(11, 11))
    books.fare(books.hanako, 20000, on(11, 9), on(11, 9), on(11, 9))
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "used_on", "amount") == [
        (on(11, 9), 3334),
        (on(11, 10), 3333),
        (on(11, 11), 3333),
    ]
    assert lines(books.close(books.kyushu, on(11, 30)), "amount") == [6667, 6667, 6666]


def test_a_fare_smaller_than_its_rides_leaves_no_line_of_zero(books: Books):
    # 2 ÷ 3 = 0 and 2 over: 1, 1, and nothing to write for the third ride.
    books.fare(books.taro, 2, on(11, 9), on(11, 10), on(11, 11))
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "amount") == [1, 1]


def test_a_contract_may_put_the_whole_fare_on_the_first_ride(books: Books):
    books.terms(on(11, 1), fare_split=FareSplit.FIRST)
    books.fare(books.taro, 29101, on(11, 30), on(12, 1))
    go_to(on(1, 5, 2027))
    assert lines(books.close(books.head, on(11, 30)), "amount", "used_on") == [(29101, on(11, 30))]
    assert books.close(books.head, on(12, 31)) is None


def test_a_round_trip_over_the_month_end_is_split_over_two_invoices(books: Books):
    # 29,101 ÷ 2 = 14,550 and 1 over, which the way out takes.
    books.fare(books.taro, 29101, on(11, 30), on(12, 1))
    go_to(on(1, 5, 2027))
    assert lines(books.close(books.head, on(11, 30)), "amount") == [14551]
    assert lines(books.close(books.head, on(12, 31)), "amount") == [14550]


def test_a_round_trip_over_the_fiscal_years_has_numbers_of_both(books: Books):
    go_to(on(3, 2))
    books.fare(books.taro, 29101, on(3, 31), on(4, 1))
    go_to(on(5, 2))
    march, april = books.close(books.head, on(3, 31)), books.close(books.head, on(4, 30))
    assert (march.number, april.number) == ("2025-0001", "2026-0001")
    # 14,551 × 10/110 = 1,322.81…; 14,550 × 10/110 = 1,322.72…: each invoice is rounded once.
    assert taxes(march) == {"standard": (14551, 1322)}
    assert taxes(april) == {"standard": (14550, 1322)}


def test_a_period_over_the_fiscal_years_lists_two_parts_with_one_rounding(db):
    go_to(on(3, 2))
    books = Books(closing_day=20, until=on(6, 20))
    books.fare(books.taro, 29101, on(3, 31), on(4, 1))
    go_to(on(4, 21))

    invoice = books.close(books.head, on(4, 20))

    # 3/21–4/20 ends in fiscal 2026, so its number is of 2026.
    assert invoice.number == "2026-0001"
    assert lines(invoice, "part", "amount") == [(2025, 14551), (2026, 14550)]
    assert invoice.face["parts"] == [
        {"fiscal_year": 2025, "count": 1, "amount": 14551},
        {"fiscal_year": 2026, "count": 1, "amount": 14550},
    ]
    # 29,101 × 10/110 = 2,645.54… → 2,645; part by part it would have been 1,322 + 1,322 = 2,644.
    assert taxes(invoice) == {"standard": (29101, 2645)}
    assert any("年度" in note for note in invoice.face["notes"])


def test_what_belongs_to_the_old_fiscal_year_and_arrives_later_stands_apart(books: Books):
    go_to(on(4, 2))
    books.fare(books.taro, 13320, on(3, 27))
    books.close(books.head, on(3, 31))
    # An operator records a ride of March when March is closed, and one of April.
    go_to(on(4, 9))
    books.fare(books.taro, 5500, on(3, 30))
    books.fare(books.taro, 6600, on(4, 8))
    go_to(on(5, 2))
    invoice = books.close(books.head, on(4, 30))
    assert lines(invoice, "part", "amount", "marks") == [(2025, 5500, "3月利用分"), (2026, 6600, "")]
    assert (invoice.number, invoice.total) == ("2026-0001", 12100)


def test_a_ride_that_the_traveller_paid_stands_between_billed_ones_and_is_not_billed(books: Books):
    books.fare(books.taro, 13320, on(11, 9))
    books.fare(books.taro, 14520, on(11, 10), settlement=Settlement.SELF)
    books.fare(books.taro, 13320, on(11, 11))
    go_to(on(12, 2))
    invoice = books.close(books.head, on(11, 30))
    # 13,320 × 2 = 26,640; the 本人立替 of 14,520 is in the ledger only.
    assert (invoice.total, lines(invoice, "used_on")) == (26640, [on(11, 9), on(11, 11)])
    assert sum(Charge.objects.values_list("amount", flat=True)) == 26640 + 14520
