"""Consumption tax on an invoice: once per rate, from the inclusive sum, cut towards zero. Expected yen are worked out."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from billing.rules.tax import summarise


@dataclass
class Line:
    amount: int
    tax_class: str = "standard"
    nature: str = "own"
    count: int = 1


def rows(*lines: Line) -> dict[str, tuple[int, int, int | None]]:
    return {row.group: (row.count, row.amount, row.tax) for row in summarise(lines).rows}


def test_tax_is_rounded_once_and_not_per_line():
    # 105 × 10/110 = 9.54…: three lines rounded each would be 27; the sum 315 × 10/110 = 28.63… is 28.
    assert rows(Line(105), Line(105), Line(105)) == {"standard": (3, 315, 28)}


def test_the_invoice_of_the_look():
    # 15,640 + 12,870 = 28,510 × 10/110 = 2,591.81…; the 宿泊税 of 200 is 不課税.
    found = summarise([Line(15640), Line(12870, nature="intermediary"), Line(200, "outside")])
    assert [(row.group, row.amount, row.tax) for row in found.rows] == [
        ("standard", 28510, 2591),
        ("outside", 200, None),
    ]
    assert (found.total, found.tax, found.count) == (28710, 2591, 3)


def test_refunds_are_netted_in_their_rate_before_rounding():
    # 40,160 − 41,800 = −1,640 × 10/110 = −149.09…, towards zero −149.
    assert rows(Line(40160), Line(-41800)) == {"standard": (2, -1640, -149)}


def test_a_negative_sum_is_cut_towards_zero():
    # −16,420 × 10/110 = −1,492.72… → −1,492, as on the look's negative invoice.
    assert rows(Line(-16420)) == {"standard": (1, -16420, -1492)}


def test_the_reduced_rate_stands_in_its_own_row():
    # 6,480 × 8/108 = 480 exactly; 100 × 10/110 = 9.09… → 9.
    assert rows(Line(6480, "reduced"), Line(100)) == {"standard": (1, 100, 9), "reduced": (1, 6480, 480)}


def test_what_was_advanced_stands_outside_the_issuers_tax_whatever_its_class():
    found = summarise([Line(11000, nature="advance"), Line(8640, "reduced", "advance"), Line(1100)])
    assert [(row.group, row.amount, row.tax) for row in found.rows] == [
        ("standard", 1100, 100),
        ("advance", 19640, None),
    ]
    assert (found.total, found.tax) == (20740, 100)


def test_ten_percent_always_stands():
    assert rows(Line(200, "outside")) == {"standard": (0, 0, 0), "outside": (1, 200, None)}


LINES = st.lists(
    st.builds(
        Line,
        st.integers(-200_000, 200_000).filter(bool),
        st.sampled_from(["standard", "reduced", "outside"]),
        st.sampled_from(["own", "advance", "intermediary"]),
    )
)


@given(LINES)
def test_rows_add_up_to_the_total_and_signs_agree(lines: list[Line]):
    found = summarise(lines)
    assert sum(row.amount for row in found.rows) == found.total == sum(line.amount for line in lines)
    assert sum(row.count for row in found.rows) == found.count == len(lines)
    for row in found.rows:
        if row.tax is not None:
            assert abs(row.tax) * 11 <= abs(row.amount)
            assert row.tax * row.amount >= 0


@given(LINES, st.randoms())
def test_the_order_of_lines_changes_nothing(lines: list[Line], random):
    shuffled = list(lines)
    random.shuffle(shuffled)
    assert summarise(shuffled) == summarise(lines)
