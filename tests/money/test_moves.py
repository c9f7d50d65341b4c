"""Worked examples: whose office pays when people move, in time, late, to and fro, or when nobody knows where they belong."""

import pytest

from accounts.services import set_membership
from billing.errors import StillWaiting
from billing.models import Invoice, InvoiceLine
from booking.models import Charge
from booking.suppliers.types import Night
from tests import factories
from tests.billing.world import go_to
from tests.money.books import Books, billed, lines, on, taxes


def test_before_on_and_after_the_day_of_the_move(books: Books):
    # All three bought on 11/2, before anybody knew; from 11/16 (inclusive) 太郎 belongs to 九州支社.
    for day, price in ((15, 10000), (16, 20000), (17, 30000)):
        books.fare(books.taro, price, on(11, day))
    go_to(on(11, 13))
    books.move(books.taro, books.at_kyushu, on(11, 16))
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "amount", "department_name") == [(10000, "総務部")]
    assert lines(books.close(books.kyushu, on(11, 30)), "amount", "department_name") == [
        (20000, "総務企画部"),
        (30000, "総務企画部"),
    ]


def test_a_round_trip_and_a_stay_over_the_day_of_the_move_are_shared(books: Books):
    # 29,101 = 14,551 out on 11/15 + 14,550 back on 11/16; two nights of 9,800 + 200 on the same days.
    books.fare(books.taro, 29101, on(11, 15), on(11, 16))
    books.stay(books.taro, Night(on(11, 15), 9800, 200), Night(on(11, 16), 9800, 200))
    books.move(books.taro, books.at_kyushu, on(11, 16))
    go_to(on(12, 2))
    books.check_out()
    assert books.close(books.head, on(11, 30)).total == 14551 + 10000
    assert books.close(books.kyushu, on(11, 30)).total == 14550 + 10000


def test_a_move_keyed_in_after_closing_is_taken_back_here_and_charged_there(books: Books):
    books.fare(books.taro, 22000, on(11, 20))
    books.fare(books.taro, 13320, on(11, 9))
    books.fare(books.hanako, 5500, on(12, 4))
    go_to(on(12, 2))
    november = books.close_month(on(11, 30))["本社"]
    go_to(on(12, 7))
    books.move(books.taro, books.at_kyushu, on(11, 16))
    go_to(on(1, 5, 2027))

    back, anew = books.close(books.head, on(12, 31)), books.close(books.kyushu, on(12, 31))

    fields = ("amount", "billing_on", "rule", "marks", "content", "department_name")
    assert november.total == 35320
    # Only what was used from 11/16 on moves; the ride of 11/9 stays where it was.
    assert lines(back, *fields) == [
        (
            -22000, on(11, 20), "as_original", "返還 付替 11月利用分",
            f"付替 運賃・料金 のぞみ21号（元 {november.number}）", "総務部",
        )
    ]  # fmt: skip
    assert lines(anew, *fields) == [
        (
            22000, on(11, 20), "as_original", "付替 11月利用分",
            f"付替 運賃・料金 のぞみ21号（元 {november.number}）", "総務企画部",
        ),
        (5500, on(12, 4), "ride_date", "", "運賃・料金 のぞみ21号", "総務企画部"),
    ]  # fmt: skip
    # 本社 −22,000 → −2,000 tax; 九州支社 27,500 → 2,500. Together with 35,320 that is what was ridden: 40,820.
    assert (back.total, taxes(back)) == (-22000, {"standard": (-22000, -2000)})
    assert (anew.total, taxes(anew)) == (27500, {"standard": (27500, 2500)})
    assert november.total + back.total + anew.total == 13320 + 22000 + 5500


def test_a_move_to_and_fro_before_the_next_closing_leaves_nothing(books: Books):
    books.fare(books.taro, 22000, on(11, 20))
    go_to(on(12, 2))
    books.close_month(on(11, 30))
    books.move(books.taro, books.at_kyushu, on(11, 16))
    books.move(books.taro, books.at_head, on(11, 18))
    go_to(on(1, 5, 2027))
    assert books.close(books.head, on(12, 31)) is None
    assert books.close(books.kyushu, on(12, 31)) is None
    assert Charge.objects.count() == 1


def test_moved_twice_before_the_next_closing_only_the_last_office_pays(books: Books):
    chubu = books.third_office()
    books.fare(books.taro, 22000, on(11, 20))
    go_to(on(12, 2))
    books.close_month(on(11, 30))
    books.move(books.taro, books.at_kyushu, on(11, 16))
    books.move(books.taro, chubu, on(11, 18))
    go_to(on(1, 5, 2027))
    assert books.close(books.kyushu, on(12, 31)) is None
    assert books.close(books.head, on(12, 31)).total == -22000
    assert books.close(chubu.office, on(12, 31)).total == 22000


def test_moved_again_after_the_transfer_was_billed_the_second_half_moves_on(books: Books):
    chubu = books.third_office()
    books.fare(books.taro, 22000, on(11, 20))
    go_to(on(12, 2))
    books.close_month(on(11, 30))
    books.move(books.taro, books.at_kyushu, on(11, 16))
    go_to(on(1, 5, 2027))
    books.close_month(on(12, 31))
    books.move(books.taro, chubu, on(11, 18))
    go_to(on(2, 2, 2027))

    january = on(1, 31, 2027)
    # 本社 is settled; 九州支社 gives back the 22,000 it was charged in December, 中部支社 is charged them.
    assert books.close(books.head, january) is None
    assert lines(books.close(books.kyushu, january), "amount", "marks") == [(-22000, "返還 付替 11月利用分")]
    assert lines(books.close(chubu.office, january), "amount", "marks") == [(22000, "付替 11月利用分")]
    assert [billed(office) for office in (books.head, books.kyushu, chubu.office)] == [0, 0, 22000]


def test_the_other_office_closes_first_and_nothing_is_moved_twice(books: Books):
    books.fare(books.taro, 22000, on(11, 20))
    go_to(on(12, 2))
    books.close_month(on(11, 30))
    books.move(books.taro, books.at_kyushu, on(11, 16))
    go_to(on(1, 5, 2027))
    assert books.close(books.kyushu, on(12, 31)).total == 22000
    assert books.close(books.head, on(12, 31)).total == -22000
    go_to(on(2, 2, 2027))
    assert books.close(books.kyushu, on(1, 31, 2027)) is None
    assert books.close(books.head, on(1, 31, 2027)) is None


def test_a_ticket_refunded_after_a_late_move_is_refunded_where_it_now_belongs(books: Books):
    ride = books.fare(books.taro, 22000, on(11, 20))
    go_to(on(12, 2))
    books.close(books.head, on(11, 30))
    books.move(books.taro, books.at_kyushu, on(11, 16))
    go_to(on(12, 7))
    books.cancel(ride, fee=320)
    go_to(on(1, 5, 2027))
    # 本社: the transfer of −22,000. 九州支社: 22,000 by transfer, −22,000 + 320 of the refund. Its November is still
    # open, so that the refund keeps the day of the ride and all three stand there.
    assert lines(books.close(books.head, on(12, 31)), "amount") == [-22000]
    assert sorted(lines(books.close(books.kyushu, on(11, 30)), "amount", "marks")) == [
        (-22000, "返還"),
        (320, ""),
        (22000, "付替"),
    ]
    assert [billed(office) for office in (books.head, books.kyushu)] == [0, 320]


def test_a_refund_after_the_traveller_has_left_goes_back_to_the_office_of_the_ride(books: Books):
    ride = books.fare(books.taro, 13320, on(11, 9))
    go_to(on(12, 2))
    books.close_month(on(11, 30))
    books.move(books.taro, books.at_kyushu, on(12, 1))
    go_to(on(12, 7))
    books.cancel(ride, fee=320)
    go_to(on(1, 5, 2027))
    # Billed on 12/7, when 太郎 is at 九州支社; used on 11/9, when he was at 本社: −13,320 + 320 are 本社's.
    assert books.close(books.kyushu, on(12, 31)) is None
    assert lines(books.close(books.head, on(12, 31)), "amount", "billing_on") == [
        (-13320, on(12, 7)),
        (320, on(12, 7)),
    ]


def test_a_ticket_billed_by_its_day_of_issue_is_still_of_the_office_of_the_day_of_use(books: Books):
    books.bill_by("fare", "issue_date", on(11, 1))
    books.move(books.taro, books.at_kyushu, on(12, 1))
    go_to(on(11, 24))
    books.fare(books.taro, 40160, on(12, 10), by="jal_online")
    go_to(on(12, 2))
    assert books.close(books.head, on(11, 30)) is None
    assert lines(books.close(books.kyushu, on(11, 30)), "amount", "billing_on") == [(40160, on(11, 24))]


def test_somebody_without_a_department_waits_and_comes_with_the_next_closing(books: Books):
    new = books.newcomer()
    ride = books.handed_off(new, on(11, 9), price=13320)
    books.enter_number(ride, price=13320)
    books.fare(books.taro, 10000, on(11, 9))
    go_to(on(12, 2))

    assert books.obstacles(books.head, on(11, 30)) == ["所属が未設定"]
    assert books.close(books.head, on(11, 30)).total == 10000
    books.move(new, books.at_head, on(11, 1))
    go_to(on(1, 5, 2027))

    assert books.obstacles(books.head, on(12, 31)) == []
    assert lines(books.close(books.head, on(12, 31)), "amount", "billing_on", "marks") == [
        (13320, on(11, 9), "11月利用分")
    ]


def test_somebody_without_a_department_stops_closing_where_the_contract_says_so(books: Books):
    books.terms(on(11, 1), waits_for_membership=True)
    new = books.newcomer()
    books.enter_number(books.handed_off(new, on(11, 9), price=13320), price=13320)
    books.fare(books.taro, 10000, on(11, 9))
    go_to(on(12, 2))
    with pytest.raises(StillWaiting, match="所属が未設定"):
        books.close(books.head, on(11, 30))
    assert not Invoice.objects.exists()
    books.move(new, books.at_head, on(11, 1))
    # 10,000 + 13,320, both of November.
    assert books.close(books.head, on(11, 30)).total == 23320


def test_who_has_left_before_the_day_of_the_ride_is_nobodys_until_it_is_known(books: Books):
    set_membership(
        factories.SETUP, books.taro, department=books.at_head, first=on(11, 1), last=on(11, 15), source="退職"
    )
    books.fare(books.taro, 13320, on(11, 15))
    go_to(on(11, 3))
    ride = books.handed_off(books.taro, on(11, 16), price=9000)
    books.enter_number(ride, number="2002", price=9000)
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "amount") == [13320]
    assert not InvoiceLine.objects.filter(charge__amount=9000).exists()
