"""The menu of every page: what the person may open, the present page marked."""

import re

import pytest

from accounts.permissions import Role
from tests.factories import contract, person
from tests.signin import sign_in

pytestmark = pytest.mark.django_db


def links(client, address="/"):
    """The links of each menu of the page: address, label, and whether it is marked."""
    page = client.get(address).content.decode()
    navs = re.findall(r"<nav class=\"site-nav.*?</nav>", page, re.S)
    return [re.findall(r'<a href="([^"]+)"( aria-current="\w+")?>([^<]+)</a>', nav) for nav in navs]


def menus(client, address="/"):
    """The labels of each menu of the page, the marked ones with a star."""
    return [[label + ("*" if marked else "") for _, marked, label in menu] for menu in links(client, address)]


def test_a_traveller_has_one_flat_menu(client):
    contract()
    sign_in(client, person())
    assert menus(client) == [["ホーム*", "予約する", "出張一覧"]]
    assert menus(client, "/trips/") == [["ホーム", "予約する", "出張一覧*"]]


def test_the_desk_has_groups_and_the_pages_of_the_present_one(client):
    contract()
    sign_in(client, person(Role.OPERATOR))
    groups = ["ホーム", "予約", "締め・請求", "二人確認", "利用者・表", "記録"]
    assert menus(client) == [["ホーム*", *groups[1:]]]
    top, below = menus(client, "/calls/")
    assert top == ["ホーム", "予約*", *groups[2:]]
    assert below == ["出張一覧", "手配の記録", "運休・欠航", "成立の確認*", "返金待ち", "利用実績"]


def test_a_group_of_one_page_has_no_menu_below(client):
    contract()
    sign_in(client, person(Role.OPERATOR))
    assert len(menus(client, "/confirmations/")) == 1


@pytest.mark.parametrize("role", Role.values)
def test_a_menu_has_no_page_that_its_reader_may_not_open(client, role):
    contract()
    sign_in(client, person(role))
    seen = {address for menu in links(client) for address, _, _ in menu}
    for address in sorted(seen):
        below = {more for menu in links(client, address) for more, _, _ in menu}
        assert {client.get(one).status_code for one in {address, *below}} == {200}, address
