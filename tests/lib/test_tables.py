"""Lists: nothing that an address carries reaches the database, and no address leads beyond the list."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.tables import Column, Page, heads, page_of, read_sort

COLUMNS = (
    Column("利用日", "day", ("used_on", "seq")),
    Column("内容"),
    Column("金額", "amount", ("amount",), figures=True),
    Column("秘密", "secret"),
)


@pytest.mark.parametrize(
    ("wanted", "order"),
    [
        ("day", ("day", False)),
        ("-amount", ("amount", True)),
        ("", ("day", True)),
        ("password", ("day", True)),
        ("secret", ("day", True)),
        ("--day", ("day", True)),
        ("used_on", ("day", True)),
        ("day;drop", ("day", True)),
    ],
)
def test_only_named_keys_sort_and_all_else_is_the_default(wanted, order):
    sort = read_sort({"sort": wanted}, COLUMNS, "-day")
    assert (sort.column.key, sort.descending) == order


def test_a_press_on_the_sorted_head_turns_it_round():
    first = heads(COLUMNS, read_sort({"sort": "day"}, COLUMNS, "day"))
    assert [(head.sort, head.direction) for head in first] == [
        ("-day", "ascending"),
        ("", ""),
        ("amount", ""),
        ("", ""),
    ]
    again = heads(COLUMNS, read_sort({"sort": "-day"}, COLUMNS, "day"))
    assert (again[0].sort, again[0].direction) == ("day", "descending")


def test_what_is_not_known_comes_last_in_either_direction():
    rows = [SimpleNamespace(amount=amount) for amount in (3, None, 1)]
    for wanted, expected in (("amount", [1, 3, None]), ("-amount", [3, 1, None])):
        assert [row.amount for row in read_sort({"sort": wanted}, COLUMNS, "day").listed(rows)] == expected


@pytest.mark.parametrize("asked", ["0", "-1", "x", "", "²", "１", "9" * 7, "1.5"])
def test_a_page_that_cannot_be_is_the_first(asked):
    assert page_of(range(120), {"page": asked}).number == 1


def test_a_page_beyond_the_end_is_the_last():
    page = page_of(range(120), {"page": "9"})
    assert (page.number, page.first_row, page.last_row, page.before, page.after) == (3, 101, 120, 2, None)
    assert list(page) == list(range(100, 120))


def test_an_empty_list_is_one_empty_page():
    page = page_of([], {})
    assert (page.number, page.last, page.first_row, page.last_row, len(page)) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("number", "pages", "shown"),
    [
        (1, 1, [1]),
        (1, 5, [1, 2, None, 5]),
        (3, 5, [1, 2, 3, 4, 5]),
        (4, 10, [1, 2, 3, 4, 5, None, 10]),
        (5, 10, [1, None, 4, 5, 6, None, 10]),
        (10, 10, [1, None, 9, 10]),
    ],
)
def test_page_links_show_the_ends_and_the_neighbours(number, pages, shown):
    assert Page([], number=number, size=1, total=pages).links == shown


@given(st.integers(0, 400), st.integers(1, 60), st.integers(1, 12))
def test_all_pages_together_hold_each_row_once(total, size, number):
    rows = list(range(total))
    pages = [page_of(rows, {"page": str(n)}, size) for n in range(1, page_of(rows, {}, size).last + 1)]
    assert [row for page in pages for row in page] == rows
    assert page_of(rows, {"page": str(number)}, size).number in page_of(rows, {"page": str(number)}, size).links
