"""Worked examples: parcels and the agency's own fees."""

import datetime as dt

from accounts.models import DeliverySplit
from booking.models import AgencyFee, Charge, FeeService, Nature
from booking.services.fees import charge_delivery, charge_handling
from booking.services.ledger import reverse_charge
from lib.dated import between
from tests.billing.world import go_to
from tests.money.books import Books, lines, on, taxes

DISPATCHED = on(11, 10)


def send(books: Books, *travellers, amount: int, reference: str, on_day: dt.date = DISPATCHED) -> list[Charge]:
    return books.write(charge_delivery, travellers=travellers, amount=amount, dispatched_on=on_day, reference=reference)


def fee(service: str, **price: int) -> None:
    """A row of the table, known after the ticket was bought: only the call in the test charges it."""
    AgencyFee.objects.create(service=service, valid=between(on(4, 1)), source="旅行業務取扱料金表", **price)


def test_a_parcel_is_billed_by_the_day_of_dispatch(books: Books):
    # The tickets inside are for December; the parcel leaves on 11/30.
    books.fare(books.taro, 40160, on(12, 10), by="jal_online")
    send(books, books.taro, amount=1320, reference="C2611-0007", on_day=on(11, 30))
    go_to(on(12, 2))
    invoice = books.close(books.head, on(11, 30))
    assert lines(invoice, "kind", "amount", "billing_on", "rule", "number", "route") == [
        ("delivery", 1320, on(11, 30), "dispatch_date", "C2611-0007", "配送料 C2611-0007")
    ]
    # 1,320 × 10/110 = 120.
    assert taxes(invoice) == {"standard": (1320, 120)}


def test_a_lost_parcel_is_taken_back_and_sent_again(books: Books):
    [lost] = send(books, books.taro, amount=1320, reference="C2611-0007")
    go_to(on(11, 13))
    books.write(reverse_charge, lost, source="operator")
    send(books, books.taro, amount=1320, reference="C2611-0008", on_day=on(11, 13))
    go_to(on(12, 2))
    # 1,320 − 1,320 + 1,320: the office pays one delivery.
    assert lines(books.close(books.head, on(11, 30)), "amount", "billing_on", "number") == [
        (1320, on(11, 10), "C2611-0007"),
        (-1320, on(11, 10), "C2611-0007"),
        (1320, on(11, 13), "C2611-0008"),
    ]


def test_a_parcel_found_lost_after_closing_is_given_back_in_the_next_month(books: Books):
    [lost] = send(books, books.taro, amount=1320, reference="C2611-0007")
    go_to(on(12, 2))
    assert books.close(books.head, on(11, 30)).total == 1320
    go_to(on(12, 3))
    books.write(reverse_charge, lost, source="operator")
    send(books, books.taro, amount=1320, reference="C2612-0001", on_day=on(12, 3))
    go_to(on(1, 5, 2027))
    assert lines(books.close(books.head, on(12, 31)), "amount", "rule", "marks") == [
        (-1320, "happened_on", "返還 11月利用分"),
        (1320, "dispatch_date", ""),
    ]


def test_a_parcel_for_two_offices_is_shared_equally_and_the_first_takes_the_odd_yen(books: Books):
    # 1,321 ÷ 2 = 660 and 1 over; two tickets of 本社 weigh as much as one of 九州支社.
    colleague = books.taro
    send(books, colleague, books.hanako, colleague, amount=1321, reference="C2611-0009")
    go_to(on(12, 2))
    assert books.close(books.head, on(11, 30)).total == 661
    assert books.close(books.kyushu, on(11, 30)).total == 660


def test_a_contract_may_share_a_parcel_by_traveller(books: Books):
    # 1,321 ÷ 3 = 440 and 1 over: 441 for the first, 440 each for the others; 本社 has two of the three.
    books.terms(on(11, 1), delivery_split=DeliverySplit.BY_TRAVELLER)
    other = books.colleague_of(books.taro)
    send(books, books.taro, other, books.hanako, amount=1321, reference="C2611-0009")
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "amount") == [441, 440]
    assert lines(books.close(books.kyushu, on(11, 30)), "amount") == [440]


def test_a_parcel_belongs_to_the_office_of_the_day_of_dispatch(books: Books):
    books.move(books.taro, books.at_kyushu, on(11, 10))
    send(books, books.taro, books.hanako, amount=1321, reference="C2611-0010")
    go_to(on(12, 2))
    # Both belong to 九州支社 on 11/10: one office, one share.
    assert books.close(books.head, on(11, 30)) is None
    assert lines(books.close(books.kyushu, on(11, 30)), "amount", "person_name") == [(1321, "試験 太郎")]


def test_a_handling_fee_in_yen_goes_with_the_ride(books: Books):
    ride = books.fare(books.taro, 13320, on(12, 10))
    fee(FeeService.ARRANGE_RAIL, yen=550)
    books.write(charge_handling, ride, service=FeeService.ARRANGE_RAIL)
    go_to(on(1, 5, 2027))
    assert books.close(books.head, on(11, 30)) is None
    assert lines(books.close(books.head, on(12, 31)), "kind", "amount", "billing_on", "rule") == [
        ("fare", 13320, on(12, 10), "ride_date"),
        ("handling", 550, on(12, 10), "with_subject"),
    ]


def test_a_handling_fee_in_percent_is_cut_below_ten_yen(books: Books):
    # 13,999 × 5 % = 699.95 → 699 → 690; 5 % of 199 = 9.95 → 9 → 0: no line at all.
    flights = [books.fare(books.taro, price, on(11, 20), by="jal_online") for price in (13999, 199)]
    fee(FeeService.ARRANGE_AIR, percent=5)
    for flight in flights:
        books.write(charge_handling, flight, service=FeeService.ARRANGE_AIR)
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "kind", "amount") == [
        ("fare", 13999),
        ("fare", 199),
        ("handling", 690),
    ]


def test_a_contract_may_bill_handling_on_the_day_it_was_done(books: Books):
    books.bill_by("handling", "happened_on", on(11, 1))
    ride = books.fare(books.taro, 13320, on(12, 10))
    fee(FeeService.ARRANGE_RAIL, yen=550)
    books.write(charge_handling, ride, service=FeeService.ARRANGE_RAIL)
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "kind", "amount", "billing_on") == [("handling", 550, on(11, 2))]


def test_a_fee_that_no_table_fixes_is_not_charged(books: Books):
    ride = books.fare(books.taro, 13320, on(11, 9))
    assert books.write(charge_handling, ride, service=FeeService.ARRANGE_RAIL) is None
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "kind") == ["fare"]


def test_a_handling_fee_is_the_agencys_own_sale_also_on_a_ticket_that_it_advanced(books: Books):
    books.natures("ex", nature=Nature.ADVANCE)
    ride = books.fare(books.taro, 13320, on(11, 9))
    fee(FeeService.ARRANGE_RAIL, yen=1100)
    books.write(charge_handling, ride, service=FeeService.ARRANGE_RAIL)
    go_to(on(12, 2))
    assert taxes(books.close(books.head, on(11, 30))) == {"standard": (1100, 100), "advance": (13320, None)}


def test_a_cancelled_ticket_keeps_its_handling_fee(books: Books):
    ride = books.fare(books.taro, 13320, on(11, 9))
    fee(FeeService.ARRANGE_RAIL, yen=550)
    books.write(charge_handling, ride, service=FeeService.ARRANGE_RAIL)
    books.cancel(ride, fee=320)
    go_to(on(12, 2))
    # 13,320 + 550 − 13,320 + 320 = 870: the arranging was done, whatever became of the ride.
    assert books.close(books.head, on(11, 30)).total == 870
