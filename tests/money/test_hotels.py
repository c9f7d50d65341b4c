"""Worked examples: hotels, night by night, with the taxes that the supplier stated for each."""

from booking.models import Charge
from booking.suppliers.types import Night
from tests.billing.world import go_to
from tests.money.books import Books, lines, on, taxes


def test_a_stay_over_the_month_end_is_billed_night_by_night(books: Books):
    # 福岡市 200 per night (福岡県 50 + 市 150) below 20,000.
    books.stay(books.taro, Night(on(11, 29), 9800, 200), Night(on(11, 30), 9800, 200), Night(on(12, 1), 11200, 200))
    go_to(on(12, 2), hour=11)
    books.check_out()
    november = books.close(books.head, on(11, 30))
    assert lines(november, "kind", "amount", "billing_on", "rule", "tax_class") == [
        ("room", 9800, on(11, 29), "night", "standard"),
        ("stay_tax", 200, on(11, 29), "night", "outside"),
        ("room", 9800, on(11, 30), "night", "standard"),
        ("stay_tax", 200, on(11, 30), "night", "outside"),
    ]
    # 19,600 × 10/110 = 1,781.81…; the levy of 400 bears no tax.
    assert taxes(november) == {"standard": (19600, 1781), "outside": (400, None)}
    go_to(on(1, 5, 2027))
    assert lines(books.close(books.head, on(12, 31)), "amount") == [11200, 200]


def test_nights_of_a_month_closed_before_check_out_come_with_the_next_one(books: Books):
    # Charges come into being at check-out on 12/2; November is closed on 12/1.
    books.fare(books.taro, 13320, on(11, 29))
    books.stay(books.taro, Night(on(11, 30), 9800, 200), Night(on(12, 1), 9800, 200))
    go_to(on(12, 1))
    assert lines(books.close(books.head, on(11, 30)), "amount") == [13320]
    go_to(on(12, 2), hour=11)
    books.check_out()
    go_to(on(1, 5, 2027))
    assert lines(books.close(books.head, on(12, 31)), "amount", "billing_on", "marks") == [
        (9800, on(11, 30), "11月利用分"),
        (200, on(11, 30), "11月利用分"),
        (9800, on(12, 1), ""),
        (200, on(12, 1), ""),
    ]


def test_a_contract_by_check_out_bills_all_nights_on_that_day(books: Books):
    books.bill_by("stay", "check_out", on(11, 1))
    books.stay(books.taro, Night(on(11, 29), 9800, 200), Night(on(11, 30), 9800, 200))
    books.stay(books.taro, Night(on(11, 28), 7000))
    go_to(on(12, 2))
    books.check_out()
    # Out on 11/29: November. In on 11/29, out on 12/1: December with both nights, and no mark, since it is no delay.
    assert lines(books.close(books.head, on(11, 30)), "amount", "billing_on") == [(7000, on(11, 29))]
    go_to(on(1, 5, 2027))
    assert lines(books.close(books.head, on(12, 31)), "amount", "billing_on", "rule", "marks") == [
        (9800, on(12, 1), "check_out", ""),
        (200, on(12, 1), "check_out", ""),
        (9800, on(12, 1), "check_out", ""),
        (200, on(12, 1), "check_out", ""),
    ]


def test_the_levy_differs_by_place_and_by_date(books: Books):
    # As stated with each night: 東京都 100 (10,000–14,999); 京都市 500, and 1,000 from 2026-03-01 on (20,000–49,999).
    go_to(on(2, 20))
    books.stay(books.taro, Night(on(2, 26), 12000, 100))
    books.stay(books.taro, Night(on(2, 28), 21000, 500), Night(on(3, 1), 21000, 1000))
    go_to(on(3, 3))
    books.check_out()
    february = books.close(books.head, on(2, 28))
    # 12,000 + 21,000 = 33,000 → 3,000 tax; 100 + 500 = 600 不課税.
    assert taxes(february) == {"standard": (33000, 3000), "outside": (600, None)}
    go_to(on(4, 2))
    # 21,000 × 10/110 = 1,909.09…
    assert taxes(books.close(books.head, on(3, 31))) == {"standard": (21000, 1909), "outside": (1000, None)}


def test_the_bathing_levy_stands_beside_the_stay_levy(books: Books):
    books.stay(books.taro, Night(on(11, 9), 15400, 200, 150))
    go_to(on(12, 2))
    books.check_out()
    invoice = books.close(books.head, on(11, 30))
    assert lines(invoice, "kind", "amount", "tax_class") == [
        ("room", 15400, "standard"),
        ("stay_tax", 200, "outside"),
        ("bathing_tax", 150, "outside"),
    ]
    assert taxes(invoice) == {"standard": (15400, 1400), "outside": (350, None)}


def test_a_levy_paid_at_the_desk_is_never_billed(books: Books):
    books.stay(books.taro, Night(on(11, 9), 9800, 200, 150, tax_on_the_spot=True), Night(on(11, 10), 9800, 200))
    go_to(on(12, 2))
    books.check_out()
    assert lines(books.close(books.head, on(11, 30)), "kind", "amount") == [
        ("room", 9800),
        ("room", 9800),
        ("stay_tax", 200),
    ]


def test_a_hotel_cancelled_in_time_leaves_nothing(books: Books):
    hotel = books.stay(books.taro, Night(on(11, 20), 9800, 200))
    go_to(on(11, 16))
    books.cancel(hotel, fee=0)
    go_to(on(12, 2))
    books.check_out()
    assert not Charge.objects.exists()
    assert books.close(books.head, on(11, 30)) is None


def test_a_hotel_cancelled_late_costs_damages_on_the_first_night(books: Books):
    # 80 % of 9,800 = 7,840; nothing was charged before, so nothing is taken back, and no levy falls due.
    hotel = books.stay(books.taro, Night(on(11, 30), 9800, 200), Night(on(12, 1), 9800, 200))
    go_to(on(11, 29))
    books.cancel(hotel, fee=7840)
    go_to(on(12, 2))
    books.check_out()
    invoice = books.close(books.head, on(11, 30))
    assert lines(invoice, "kind", "amount", "billing_on", "rule") == [("cancel_fee", 7840, on(11, 30), "planned_date")]
    assert taxes(invoice) == {"standard": (0, 0), "outside": (7840, None)}
