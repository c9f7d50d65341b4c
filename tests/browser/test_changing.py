"""Stories of changing: a flight with a difference, a sold-out leg replaced, a train changed at the supplier's own site."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, expect

from booking.models import SupplierCall
from booking.services.handoff import enter_number
from lib import clock
from tests import factories, world
from tests.browser.person import fill_day, follow, look, sign_in, with_authenticator
from tests.factories import acting
from tests.running import wait_until
from tests.world import drafted, searched, submitted, token

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FLEX = "ビジネスフレックス"


@pytest.fixture
def traveller(sandbox):
    factories.contract()
    world.connect(sandbox.url)
    return with_authenticator(world.with_numbers(factories.person(name="青木 千尋")))


def booked(traveller, **parts):
    """A trip of the parts by supplier, arranged by the portal's own workers as far as it goes."""
    search = searched(traveller)
    wait_until(lambda: not search.answers.filter(state="asked").exists(), what="the suppliers answer")
    has = {"jal_online": FLEX, "ex": ""}
    chosen = {part: token(search, part, supplier, has=has[supplier]) for part, supplier in parts.items()}
    trip = submitted(traveller, drafted(traveller, search, **chosen))
    wait_until(lambda: not SupplierCall.objects.exclude(state="done").exists(), what="everything is arranged")
    return trip


def wait_for_answers(page: Page) -> None:
    expect(page.get_by_text("すべての答えがそろいました").first).to_be_visible(timeout=15000)


@pytest.mark.parametrize("width", [1280, 375])
def test_a_flight_is_changed_to_another_day_with_the_difference_shown_first(traveller, portal, new_page, width):
    trip = booked(traveller, out="jal_online")
    page = new_page(width=width)
    sign_in(page, traveller)
    page.goto(f"/trips/{trip.public_id}/")
    follow(page.get_by_role("link", name=re.compile("^変更する")))
    look(page, "change-look")
    fill_day(page, "day", trip.first_day + dt.timedelta(days=1))
    page.get_by_role("button", name="候補を探す").click()
    wait_for_answers(page)
    look(page, "change-results")
    page.locator(f"tr:has-text('予約の変更'):has-text('{FLEX}') input.pick").nth(2).check()
    page.get_by_role("button", name="内容を確かめる").click()
    expect(page.get_by_role("heading", name="変更の内容を確かめてください")).to_be_visible()
    expect(page.get_by_text("変更手数料").first).to_be_visible()
    look(page, "change-confirm")
    page.get_by_role("button", name=re.compile("で変更する$")).click()
    flight = trip.reservations.get()
    expect(page.locator(".badge", has_text="発券済").first).to_be_visible()
    expect(page.get_by_role("rowheader", name=re.compile("^払戻 JAL")).first).to_be_visible(timeout=15000)
    look(page, "change-done")
    flight.refresh_from_db()
    assert flight.segments.get().travel_on == trip.first_day + dt.timedelta(days=1)


def test_a_sold_out_leg_is_replaced_and_the_trip_is_ticketed(traveller, sandbox, portal, new_page):
    sandbox.fault("jal-online", "book", "sold_out")
    trip = booked(traveller, out="jal_online", back="jal_online")
    page = new_page()
    sign_in(page, traveller)
    page.goto(f"/trips/{trip.public_id}/")
    look(page, "replace-lost")
    page.get_by_role("link", name=re.compile("^代わりを探す")).first.click()
    page.get_by_role("button", name="候補を探す").click()
    wait_for_answers(page)
    page.locator(f"tr:has-text('{FLEX}') input.pick").nth(3).check()
    follow(page.get_by_role("button", name="内容を確かめる"))
    look(page, "replace-confirm")
    page.get_by_role("button", name=re.compile("円で予約する$")).click()
    expect(page.locator(".badge", has_text="発券済 2")).to_be_visible(timeout=20000)
    look(page, "replace-done")


def test_a_train_is_changed_at_the_suppliers_site_and_its_number_entered(traveller, portal, new_page):
    trip = booked(traveller, back="ex")
    enter_number(acting(traveller), trip.reservations.get(), number="2001", price=23_280)
    page = new_page()
    sign_in(page, traveller)
    page.goto(f"/trips/{trip.public_id}/")
    page.get_by_role("link", name=re.compile("^変更する")).click()
    page.get_by_role("button", name="候補を探す").click()
    wait_for_answers(page)
    page.locator("tr:has-text('手配先サイトでの変更') input.pick").nth(4).check()
    page.get_by_role("button", name="内容を確かめる").click()
    page.get_by_role("button", name="変更に進む").click()
    expect(page.get_by_role("heading", name="3 番号と金額を入力する")).to_be_visible()
    look(page, "change-own")
    page.fill("input[name=price]", "99999999")
    page.get_by_role("button", name="変更を登録する").click()
    expect(page.locator("[role=alert]")).to_be_visible()
    page.fill("input[name=price]", "23280")
    page.get_by_role("button", name="変更を登録する").click()
    expect(page.get_by_text("変更を登録しました").first).to_be_visible()
    ride = trip.reservations.get()
    assert (ride.number, ride.state) == ("2001", "ticketed")
    assert clock.today() < ride.segments.get().travel_on
