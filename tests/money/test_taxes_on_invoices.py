"""Worked examples: rates, roundings, 立替金 and corrections as they stand on an invoice."""

import pytest

from accounts.models import TaxRounding
from billing.errors import NatureUnset
from billing.models import Invoice
from booking.models import BillingSubject, Charge, ChargeKind, ChargeSource, Nature, SupplierNature, TaxClass
from booking.services.corrections import correct_charge
from booking.services.ledger import add_charge
from lib.dated import between
from tests.billing.world import go_to
from tests.money.books import Books, lines, on, taxes

LUNCH = {
    "kind": ChargeKind.ONE_OFF,
    "tax_class": TaxClass.REDUCED,
    "used_on": on(11, 10),
    "billing_on": on(11, 10),
    "rule": "agreed_date",
    "description": "会議用弁当",
    "source": ChargeSource.OPERATOR,
}


def test_odd_remainders_are_cut_once_per_rate(books: Books):
    # 105 × 10/110 = 9.54…; three of them rounded each would be 27. The sum of 315 × 10/110 = 28.63… is 28.
    for day in (9, 10, 11):
        books.fare(books.taro, 105, on(11, day))
    go_to(on(12, 2))
    assert taxes(books.close(books.head, on(11, 30))) == {"standard": (315, 28)}


def test_the_contract_may_round_to_the_nearest_yen(books: Books):
    # 28.63… → 29 by 四捨五入, from the terms of the period's last day.
    books.terms(on(11, 1), tax_rounding=TaxRounding.NEAREST)
    for day in (9, 10, 11):
        books.fare(books.taro, 105, on(11, day))
    go_to(on(12, 2))
    invoice = books.close(books.head, on(11, 30))
    assert taxes(invoice) == {"standard": (315, 29)}
    assert any("四捨五入" in note for note in invoice.face["notes"])


@pytest.mark.parametrize(("rounding", "tax"), [(TaxRounding.CUT, -1492), (TaxRounding.NEAREST, -1493)])
def test_below_zero_tax_is_cut_towards_zero_or_rounded_away_from_it(books: Books, rounding: str, tax: int):
    # −16,420 × 10/110 = −1,492.72…
    books.terms(on(12, 1), tax_rounding=rounding)
    ride = books.fare(books.taro, 16420, on(11, 20))
    go_to(on(12, 2))
    books.close(books.head, on(11, 30))
    books.cancel(ride, fee=0)
    go_to(on(1, 5, 2027))
    assert taxes(books.close(books.head, on(12, 31))) == {"standard": (-16420, tax)}


def test_refunds_are_netted_in_their_rate_before_rounding(books: Books):
    # 40,160 − 41,800 + 8,360 不課税: the 10 % row is −1,640 → −149.09… → −149.
    old = books.fare(books.taro, 41800, on(11, 20), by="jal_online")
    go_to(on(12, 2))
    books.close(books.head, on(11, 30))
    books.refunded(old, refund=41800 - 8360)
    books.fare(books.taro, 40160, on(12, 10), by="jal_online")
    go_to(on(1, 5, 2027))
    invoice = books.close(books.head, on(12, 31))
    assert taxes(invoice) == {"standard": (-1640, -149), "outside": (8360, None)}
    assert invoice.total == 6720


def test_eight_percent_stands_beside_ten(books: Books):
    # 6,480 × 8/108 = 480 exactly; 13,321 × 10/110 = 1,211; each rate by itself: 480 + 1,211 = 1,691.
    books.fare(books.taro, 13321, on(11, 9))
    books.write(add_charge, person=books.taro, amount=6480, **LUNCH)
    go_to(on(12, 2))
    invoice = books.close(books.head, on(11, 30))
    assert taxes(invoice) == {"standard": (13321, 1211), "reduced": (6480, 480)}
    assert (invoice.total, invoice.face["tax"]) == (19801, 1691)


def test_what_the_agency_advanced_stands_outside_its_tax_with_who_was_paid(books: Books):
    books.natures("ex", nature=Nature.ADVANCE, payee="東海旅客鉄道株式会社", registration_number="T3180001031569")
    books.fare(books.taro, 13320, on(11, 9))
    books.fare(books.taro, 14520, on(11, 10))
    books.fare(books.taro, 1100, on(11, 11), by="jal_online")
    go_to(on(12, 2))
    invoice = books.close(books.head, on(11, 30))
    # 13,320 + 14,520 = 27,840 belong to the railway; of the agency's 1,100 the tax is 100.
    assert taxes(invoice) == {"standard": (1100, 100), "advance": (27840, None)}
    assert (invoice.total, invoice.face["tax"]) == (28940, 100)
    [advance] = invoice.face["advances"]
    assert (advance["name"], advance["registration_number"], advance["count"], advance["amount"]) == (
        "東海旅客鉄道株式会社",
        "T3180001031569",
        2,
        27840,
    )


def test_the_nature_is_that_of_the_day_of_use(books: Books):
    # EX is the agency's own sale until 11/15 and 立替金 from 11/16 on; both bought today.
    row = SupplierNature.objects.get(supplier="ex")
    row.valid = between(row.first_day, on(11, 15))
    row.save()
    SupplierNature.objects.create(supplier="ex", nature=Nature.ADVANCE, valid=between(on(11, 16)))
    books.fare(books.taro, 11000, on(11, 15))
    books.fare(books.taro, 22000, on(11, 16))
    go_to(on(12, 2))
    assert taxes(books.close(books.head, on(11, 30))) == {"standard": (11000, 1000), "advance": (22000, None)}


def test_a_nature_that_nobody_has_set_stops_only_the_office_that_used_it(books: Books):
    row = SupplierNature.objects.get(supplier="jal_online")
    row.valid = between(row.first_day, on(11, 15))
    row.save()
    books.fare(books.taro, 40160, on(11, 20), by="jal_online")
    books.fare(books.hanako, 40160, on(11, 15), by="jal_online")
    go_to(on(12, 2))
    assert books.obstacles(books.head, on(11, 30)) == ["取扱い・税区分が未設定"]
    with pytest.raises(NatureUnset, match="1件"):
        books.close(books.head, on(11, 30))
    assert books.close(books.kyushu, on(11, 30)).total == 40160
    assert Invoice.objects.count() == 1


def test_a_correction_of_what_was_billed_stands_on_the_next_invoice_and_says_so(books: Books):
    books.fare(books.taro, 13320, on(11, 9))
    go_to(on(12, 2))
    november = books.close(books.head, on(11, 30))
    wrong = Charge.objects.get()
    go_to(on(12, 7))
    books.write(correct_charge, wrong, difference=-320, reason="自由席でした")
    go_to(on(1, 5, 2027))
    invoice = books.close(books.head, on(12, 31))
    assert lines(invoice, "kind", "amount", "billing_on", "rule", "tax_class", "marks", "content") == [
        (
            "correction", -320, on(11, 9), "as_original", "standard", "返還 訂正 11月利用分",
            f"訂正 のぞみ21号（元 {november.number}）",
        )
    ]  # fmt: skip
    # −320 × 10/110 = −29.09…
    assert taxes(invoice) == {"standard": (-320, -29)}
    assert any("【訂正】" in note for note in invoice.face["notes"])


def test_a_correction_upwards_before_closing_stands_beside_what_it_corrects(books: Books):
    books.fare(books.taro, 13320, on(11, 9))
    books.write(correct_charge, Charge.objects.get(), difference=500, reason="入力の誤り")
    go_to(on(12, 2))
    assert lines(books.close(books.head, on(11, 30)), "amount", "marks") == [(13320, ""), (500, "訂正")]


def test_a_correction_goes_the_way_of_its_original_with_tax_and_nature(books: Books):
    # 取消手数料 of an airline is 不課税: so is its correction, although corrections have no class of their own.
    flight = books.fare(books.taro, 40160, on(11, 20), by="jal_online")
    books.cancel(flight, fee=20080)
    books.write(correct_charge, Charge.objects.get(kind=ChargeKind.CANCEL_FEE), difference=-80, reason="料率の誤り")
    go_to(on(12, 2))
    assert taxes(books.close(books.head, on(11, 30))) == {"standard": (0, 0), "outside": (20000, None)}


def test_a_corrected_fare_that_is_cancelled_comes_back_whole_and_a_corrected_fee_stays(books: Books):
    # Change fee 550, corrected to 500; fare 41,500, corrected to 41,000. Cancelled: 41,000 come back, 500 stay.
    old = books.fare(books.taro, 38000, on(11, 9), by="jal_online")
    new = books.change(old, on(11, 16), price=41500, fee=550)
    fare, fee = (Charge.objects.get(reservation=new, kind=kind) for kind in (ChargeKind.FARE, ChargeKind.CHANGE_FEE))
    books.write(correct_charge, fee, difference=-50, reason="割引")
    books.write(correct_charge, fare, difference=-500, reason="割引")
    books.cancel(new, fee=0)
    go_to(on(12, 2))
    assert books.close(books.head, on(11, 30)).total == 500


def test_two_offices_at_one_address_get_two_invoices(books: Books):
    # factories give every office the same address, as 東日本都市再生本部 and 東日本賃貸住宅本部 have.
    books.fare(books.taro, 13320, on(11, 9))
    books.fare(books.hanako, 14520, on(11, 9))
    go_to(on(12, 2))
    found = books.close_month(on(11, 30))
    one, other = found["本社"], found["九州支社"]
    assert one.face["recipient"]["address"] == other.face["recipient"]["address"]
    assert (one.face["recipient"]["name"], one.total) == ("本社", 13320)
    assert (other.face["recipient"]["name"], other.total) == ("九州支社", 14520)
    assert one.number != other.number


def test_an_invoice_keeps_the_rules_that_it_used(books: Books):
    books.fare(books.taro, 13320, on(11, 9))
    go_to(on(12, 2))
    invoice = books.close(books.head, on(11, 30))
    kept = [(row["table"], row["subject"], row["value"]) for row in invoice.face["rules"]]
    books.natures("ex", nature=Nature.ADVANCE)
    books.terms(on(11, 1), tax_rounding=TaxRounding.NEAREST)
    invoice.refresh_from_db()
    assert kept == [
        ("締め日", "契約", "月末"),
        ("消費税の端数", "契約", "切捨て"),
        ("税区分", "運賃・料金", "10%"),
        ("取扱い", "エクスプレス予約", "自社売上"),
    ]
    assert [(row["table"], row["subject"], row["value"]) for row in invoice.face["rules"]] == kept
    assert BillingSubject.FARE.label == "運賃・料金"
