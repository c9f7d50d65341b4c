"""The story of somebody who buys at EX and never comes back with the number: the usage file finds the purchase."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from accounts.models import Role
from booking.models import Reservation
from booking.tasks import sweep_number_reminders
from lib import clock
from tests import factories, world
from tests.browser.ex import buy_at_ex, upload, usage_csv
from tests.browser.person import look, sign_in, with_authenticator
from tests.running import wait_until
from tests.world import drafted, searched, submitted, token

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1280, 375])
def test_who_leaves_ex_without_a_number_is_reminded_and_the_usage_file_finds_the_ticket(
    sandbox, portal, new_page, width
):
    factories.contract()
    world.connect(sandbox.url)
    traveller = with_authenticator(world.with_numbers(factories.person(name="青木 千尋")))
    operator = with_authenticator(factories.person(Role.OPERATOR, name="髙橋 玲"))
    sandbox.control(
        "POST", "members", {"member_id": "9010000001", "card_no": "0000009010000001", "name_kana": "アオキ チヒロ"}
    )
    search = searched(traveller)
    wait_until(lambda: not search.answers.filter(state="asked").exists(), what="the suppliers answer")
    trip = submitted(traveller, drafted(traveller, search, back=token(search, "back", "ex")))
    number, paid = buy_at_ex(new_page(width=width), f"{sandbox.url}/ex/", trip.reservations.get())

    clock.shift_by(24 * 3600)
    sweep_number_reminders()
    page = new_page(width=width)
    sign_in(page, traveller)
    expect(page.get_by_role("link", name="番号を入力する").first).to_be_visible()
    look(page, "handoff-waits")

    desk = new_page(width=width)
    sign_in(desk, operator)
    desk.goto("/feeds/")
    upload(desk, usage_csv(sandbox.url, days=3))
    expect(desk.get_by_role("link", name=re.compile("金額を計上 1"))).to_be_visible()

    page.goto(f"/trips/{trip.public_id}/")
    expect(page.locator(".badge", has_text="発券済").first).to_be_visible()
    expect(page.get_by_text(number).first).to_be_visible()
    look(page, "handoff-found")
    page.goto("/")
    expect(page.get_by_role("link", name="番号を入力する")).to_have_count(0)
    ride = Reservation.objects.get(trip=trip)
    assert (ride.number, ride.price, sum(charge.amount for charge in ride.charges.all())) == (number, paid, paid)
    assert clock.today() < ride.segments.get().travel_on - dt.timedelta(days=1)
