"""Worked examples: cancellations, refunds and changes, before and after the month was closed."""

from booking.models import Nature
from booking.services.fees import charge_change_fee
from booking.services.ledger import reverse_charges
from tests.billing.world import go_to
from tests.money.books import Books, ledger, lines, on, taxes


def test_cancelled_ahead_everything_stands_on_the_planned_day(books: Books):
    # Bought on 11/24 for 12/10 at 13,320 and cancelled on 11/30 for 320: nothing of it is November's.
    go_to(on(11, 24))
    ride = books.fare(books.taro, 13320, on(12, 10))
    go_to(on(11, 30))
    books.cancel(ride, fee=320)
    go_to(on(1, 5, 2027))

    assert books.close(books.head, on(11, 30)) is None
    invoice = books.close(books.head, on(12, 31))

    assert lines(invoice, "kind", "amount", "billing_on", "rule", "marks") == [
        ("fare", 13320, on(12, 10), "ride_date", ""),
        ("refund", -13320, on(12, 10), "as_original", "返還"),
        ("refund_fee", 320, on(12, 10), "planned_date", ""),
    ]
    # A railway's 払戻手数料 is a service at 10 %: 13,320 − 13,320 + 320 = 320; × 10/110 = 29.09… → 29.
    assert taxes(invoice) == {"standard": (320, 29)}


def test_cancelled_on_the_day_of_the_flight_the_fee_is_damages(books: Books):
    flight = books.fare(books.taro, 40160, on(11, 20), by="jal_online")
    go_to(on(11, 20), hour=8)
    # Half of 40,160 = 20,080 is kept: an airline's 取消手数料, 不課税.
    books.cancel(flight, fee=20080)
    go_to(on(12, 2))
    invoice = books.close(books.head, on(11, 30))
    assert lines(invoice, "kind", "amount", "billing_on", "rule", "tax_class") == [
        ("fare", 40160, on(11, 20), "ride_date", "standard"),
        ("refund", -40160, on(11, 20), "as_original", "standard"),
        ("cancel_fee", 20080, on(11, 20), "planned_date", "outside"),
    ]
    assert taxes(invoice) == {"standard": (0, 0), "outside": (20080, None)}
    assert invoice.total == 20080


def test_cancelled_in_a_past_month_that_is_still_open_it_is_that_months(books: Books):
    ride = books.fare(books.taro, 13320, on(11, 9))
    go_to(on(12, 2))
    books.cancel(ride, fee=320)
    invoice = books.close(books.head, on(11, 30))
    assert lines(invoice, "amount", "billing_on", "occurred_on", "marks") == [
        (13320, on(11, 9), on(11, 2), ""),
        (-13320, on(11, 9), on(12, 2), "返還"),
        (320, on(11, 9), on(12, 2), ""),
    ]


def test_cancelled_after_its_month_was_closed_it_counts_on_the_day_it_happened(books: Books):
    ride = books.fare(books.taro, 13320, on(11, 9))
    go_to(on(12, 2))
    november = books.close(books.head, on(11, 30))
    go_to(on(12, 7))
    books.cancel(ride, fee=320)
    go_to(on(1, 5, 2027))

    invoice = books.close(books.head, on(12, 31))

    assert lines(invoice, "amount", "billing_on", "rule", "marks", "content") == [
        (-13320, on(12, 7), "happened_on", "返還 11月利用分", f"払戻 のぞみ21号（元 {november.number}）"),
        (320, on(12, 7), "happened_on", "11月利用分", "払戻手数料"),
    ]
    # −13,320 + 320 = −13,000; × 10/110 = −1,181.81… → −1,181, towards zero.
    assert taxes(invoice) == {"standard": (-13000, -1181)}
    november.refresh_from_db()
    assert november.total == 13320


def test_open_means_open_for_the_travellers_office(books: Books):
    # 本社 is closed for November, 九州支社 is not: the same cancellation falls differently.
    closed = books.fare(books.taro, 13320, on(11, 9))
    still_open = books.fare(books.hanako, 13320, on(11, 9))
    go_to(on(12, 2))
    books.close(books.head, on(11, 30))
    go_to(on(12, 7))
    books.cancel(closed, fee=320)
    books.cancel(still_open, fee=320)
    # 13,320 − 13,320 + 320 on one; on the other the 320 and the refund come in December.
    assert books.close(books.kyushu, on(11, 30)).total == 320
    go_to(on(1, 5, 2027))
    assert books.close(books.head, on(12, 31)).total == -13000


def test_what_is_cancelled_but_not_refunded_yet_stays_billed(books: Books):
    # Given back at EX on 11/27 already, but EX books the refund on 12/3, and its file comes on 12/10.
    ride = books.handed_off(books.taro, on(11, 28), price=13320)
    go_to(on(11, 24))
    books.take(books.row(ride))
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "amount", "billing_on") == [(13320, on(11, 28))]

    go_to(on(12, 10))
    at = {"操作日時": "2026/12/3 9:05"}
    books.take(
        books.row(ride, amount=-13320, operation="取消") | at, books.row(ride, amount=320, operation="払戻手数料") | at
    )
    go_to(on(1, 5, 2027))

    # The day that the supplier booked it, not the day of the file.
    assert lines(books.close(books.head, on(12, 31)), "amount", "billing_on", "occurred_on", "marks") == [
        (-13320, on(12, 3), on(12, 3), "返還 11月利用分"),
        (320, on(12, 3), on(12, 3), "11月利用分"),
    ]


def test_a_refund_that_the_supplier_booked_in_the_month_before_its_file_is_of_that_month(books: Books):
    # A ride of October, billed; EX booked its refund on 11/28, and the file comes on 12/2, before November is closed.
    go_to(on(10, 20))
    ride = books.handed_off(books.taro, on(10, 26), price=13320)
    books.take(books.row(ride))
    go_to(on(11, 2))
    books.close(books.head, on(10, 31))
    go_to(on(12, 2))
    at = {"操作日時": "2026/11/28 9:05"}
    books.take(books.row(ride, amount=-13320, operation="取消") | at)
    assert lines(books.close(books.head, on(11, 30)), "amount", "billing_on", "marks") == [
        (-13320, on(11, 28), "返還 10月利用分")
    ]


def test_the_refund_that_the_supplier_states_wins_over_its_stated_fee(books: Books):
    # 40,160 paid, 30,000 come back: 10,160 were kept, whatever fee (8,000) the quote had said.
    flight = books.fare(books.taro, 40160, on(11, 20), by="jal_online")
    go_to(on(11, 18))
    books.refunded(flight, refund=30000, fee=8000)
    go_to(on(12, 2))
    invoice = books.close(books.head, on(11, 30))
    assert lines(invoice, "kind", "amount") == [("fare", 40160), ("refund", -40160), ("cancel_fee", 10160)]
    assert invoice.total == 10160


def test_a_partial_refund_of_a_round_trip_takes_back_both_rides_and_keeps_one_sum(books: Books):
    # 29,101 = 14,551 + 14,550; 14,000 come back: 29,101 − 14,000 = 15,101 stay with the railway, once.
    ride = books.fare(books.taro, 29101, on(11, 30), on(12, 1))
    go_to(on(11, 29))
    books.refunded(ride, refund=14000)
    go_to(on(1, 5, 2027))
    november, december = books.close(books.head, on(11, 30)), books.close(books.head, on(12, 31))
    assert lines(november, "kind", "amount") == [("fare", 14551), ("refund", -14551), ("refund_fee", 15101)]
    assert lines(december, "kind", "amount") == [("fare", 14550), ("refund", -14550)]
    assert (november.total, december.total) == (15101, 0)


def test_a_fare_that_an_airline_keeps_after_departure_turns_into_damages(books: Books):
    # Not flown on 11/9 and nothing comes back: the sale at 10 % is undone, 40,160 are 取消手数料, 不課税.
    flight = books.fare(books.taro, 40160, on(11, 9), by="jal_online")
    go_to(on(11, 10))
    books.refunded(flight, refund=0)
    go_to(on(12, 2))
    invoice = books.close(books.head, on(11, 30))
    assert taxes(invoice) == {"standard": (0, 0), "outside": (40160, None)}
    assert invoice.face["tax"] == 0


def test_a_contract_may_bill_cancellations_by_the_day_they_happened(books: Books):
    books.bill_by("cancellation", "happened_on", on(11, 1))
    ride = books.fare(books.taro, 13320, on(12, 10))
    go_to(on(11, 30))
    books.cancel(ride, fee=320)
    go_to(on(1, 5, 2027))
    assert lines(books.close(books.head, on(11, 30)), "amount", "rule", "marks") == [(320, "happened_on", "")]
    assert lines(books.close(books.head, on(12, 31)), "amount") == [13320, -13320]


def test_a_fee_computed_from_two_sums_has_the_nature_of_its_supplier(books: Books):
    # The airline's fares are advanced by the agency: its damages are too, and stand outside the agency's sums.
    books.natures("jal_online", nature=Nature.ADVANCE)
    flight = books.fare(books.taro, 40160, on(11, 20), by="jal_online")
    books.cancel(flight, fee=20080)
    go_to(on(12, 2))
    assert taxes(books.close(books.head, on(11, 30))) == {"standard": (0, 0), "advance": (20080, None)}


def test_a_change_within_a_month_shows_the_old_ride_the_new_one_and_the_fee(books: Books):
    old = books.fare(books.taro, 38000, on(11, 9), by="jal_online")
    go_to(on(11, 6))
    books.change(old, on(11, 16), price=41500, fee=550)
    go_to(on(12, 2))
    invoice = books.close(books.head, on(11, 30))
    # Nothing is netted: 38,000 − 38,000 + 41,500 + 550 = 42,050.
    assert lines(invoice, "kind", "amount", "billing_on") == [
        ("fare", 38000, on(11, 9)),
        ("refund", -38000, on(11, 9)),
        ("fare", 41500, on(11, 16)),
        ("change_fee", 550, on(11, 16)),
    ]
    # All at 10 %: 42,050 × 10/110 = 3,822.72…
    assert taxes(invoice) == {"standard": (42050, 3822)}


def test_a_change_into_the_next_month_leaves_both_lines_of_the_old_ride_in_the_first(books: Books):
    old = books.fare(books.taro, 38000, on(11, 30), by="jal_online")
    go_to(on(11, 25))
    books.change(old, on(12, 1), price=41500, fee=550)
    go_to(on(1, 5, 2027))
    assert lines(books.close(books.head, on(11, 30)), "amount") == [38000, -38000]
    # The fee goes with the new ride's day.
    assert lines(books.close(books.head, on(12, 31)), "amount", "billing_on") == [
        (41500, on(12, 1)),
        (550, on(12, 1)),
    ]


def test_a_change_after_closing_takes_the_old_ride_back_in_the_open_month(books: Books):
    old = books.fare(books.taro, 38000, on(11, 30), by="jal_online")
    go_to(on(12, 1))
    books.close(books.head, on(11, 30))
    go_to(on(12, 3))
    books.change(old, on(12, 10), price=41500, fee=550)
    go_to(on(1, 5, 2027))
    invoice = books.close(books.head, on(12, 31))
    # −38,000 + 41,500 + 550 = 4,050.
    assert lines(invoice, "amount", "billing_on", "marks") == [
        (-38000, on(12, 3), "返還 11月利用分"),
        (41500, on(12, 10), ""),
        (550, on(12, 10), ""),
    ]
    assert invoice.total == 4050


def test_the_fee_of_a_change_is_not_taken_back_by_the_cancellation_that_follows(books: Books):
    flight = books.fare(books.taro, 41500, on(11, 16), by="jal_online")
    books.write(charge_change_fee, flight, fee=550, source="supplier")
    # 41,500 come back, less 8,300 (20 %); the 550 were for a service that was given.
    assert books.write(reverse_charges, flight, source="supplier") == 41500
    assert sum(amount for _, amount in ledger(flight)) == 550
