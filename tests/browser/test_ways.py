"""The journey without JavaScript, and by keyboard alone; error states; the back button."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, expect

from booking.models import Reservation, SupplierCall, Trip
from lib import clock
from tests import factories, world
from tests.browser.person import code_of, fill_search, follow, look, sign_in, with_authenticator
from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def traveller(sandbox):
    factories.contract()
    world.connect(sandbox.url)
    return with_authenticator(world.with_numbers(factories.person(name="青木 千尋")))


def in_three_weeks() -> dt.date:
    return clock.today() + dt.timedelta(days=21)


def search_for_a_trip(page: Page) -> None:
    page.goto("/search/")
    out_on = in_three_weeks()
    fill_search(page, out_on=out_on, back_on=out_on + dt.timedelta(days=1), nights=1)
    page.get_by_role("button", name="候補を探す").click()
    page.wait_for_url("**/search/*-*/")


def test_the_journey_passes_without_javascript(traveller, portal, new_page):
    page = new_page(scripts=False)
    sign_in(page, traveller)
    search_for_a_trip(page)
    for _ in range(20):
        if page.get_by_text("すべての答えがそろいました").count():
            break
        page.get_by_role("link", name=re.compile("更新")).click()
        page.wait_for_timeout(300)
    page.locator("tr:has-text('ビジネスフレックス') input[name=out]").first.check()
    page.locator("input[name=stay]").first.check()
    page.locator("tr:has-text('のぞみ') input[name=back]").first.check()
    page.get_by_role("button", name="内容を確かめる").click()
    page.check("input[name=consent]")
    page.get_by_role("button", name=re.compile("円で予約する")).click()
    for _ in range(40):
        if page.locator(".badge", has_text="発券済 1").count():
            break
        page.reload()
        page.wait_for_timeout(300)
    expect(page.locator(".badge", has_text="発券済 1")).to_be_visible()
    page.get_by_role("link", name="手配先で買う・番号を入力する").click()
    page.fill("input[name=number]", "2001")
    page.get_by_role("button", name="番号を登録する").click()
    expect(page.locator(".badge", has_text="発券済 2")).to_be_visible()


def tab_to(page: Page, selector: str, *, most: int = 220) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(most):
        if page.evaluate("selector => document.activeElement && document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached by Tab")


def test_the_journey_passes_by_keyboard_alone(traveller, portal, new_page):
    page = new_page()
    page.goto("/signin/")
    tab_to(page, "input[name=login]")
    page.keyboard.type(traveller.login_id)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/signin/code/**")
    tab_to(page, "input[name=code]")
    page.keyboard.type(code_of(traveller))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{portal.url}/")
    tab_to(page, "a[href='/search/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/")
    out_on = in_three_weeks()
    back_on = out_on + dt.timedelta(days=1)
    for name, text in [
        *(("purpose", "団地再生協議"), ("origin", "横浜"), ("destination", "福岡")),
        *(
            (f"out_on_{part}", str(getattr(out_on, word)))
            for part, word in zip("ymd", ("year", "month", "day"), strict=True)
        ),
        *(
            (f"back_on_{part}", str(getattr(back_on, word)))
            for part, word in zip("ymd", ("year", "month", "day"), strict=True)
        ),
    ]:
        tab_to(page, f"input[name={name}]")
        page.keyboard.press("Control+a")
        page.keyboard.type(text)
    tab_to(page, "main form button[type=submit]")
    page.keyboard.press("Enter")
    expect(page.get_by_text("すべての答えがそろいました").first).to_be_visible(timeout=15000)
    tab_to(page, "input[name=out]")
    page.keyboard.press("Space")
    tab_to(page, "input[name=back]")
    page.keyboard.press("Space")
    tab_to(page, "button[form=pick]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/confirm/")
    tab_to(page, "input[name=consent]")
    page.keyboard.press("Space")
    tab_to(page, "main form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/trips/*-*/")
    expect(page.get_by_role("heading", name="旅程")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 375])
def test_error_states_name_the_field_and_keep_what_was_typed(traveller, portal, new_page, width):
    page = new_page(width=width)
    page.goto("/signin/")
    page.fill("input[name=login]", traveller.login_id)
    page.fill("input[name=password]", "wrong")
    follow(page.locator("main button[type=submit]").first)
    look(page, "signin-error")
    sign_in(page, traveller)
    page.goto("/search/")
    page.fill("input[name=purpose]", "協議")
    page.fill("input[name=origin]", "どこにもない場所")
    follow(page.locator("text=候補を探す").first)
    look(page, "search-error")
    assert page.title().startswith("エラー")
    assert page.input_value("input[name=purpose]") == "協議"
    assert page.input_value("input[name=origin]") == "どこにもない場所"
    expect(page.get_by_text("どこにもない場所").first).to_be_visible()
    page.goto("/nowhere/")
    look(page, "not-found")


def test_the_back_button_after_booking_books_nothing_again(traveller, portal, new_page):
    page = new_page()
    sign_in(page, traveller)
    search_for_a_trip(page)
    expect(page.get_by_text("すべての答えがそろいました").first).to_be_visible(timeout=15000)
    page.locator("tr:has-text('JAL') input[name=out]").first.check()
    page.get_by_role("button", name="内容を確かめる").click()
    page.check("input[name=consent]")
    page.get_by_role("button", name=re.compile("円で予約する")).click()
    page.wait_for_url("**/trips/*-*/")
    page.go_back()
    page.wait_for_load_state()
    if page.get_by_role("button", name=re.compile("円で予約する")).count():
        page.check("input[name=consent]")
        page.get_by_role("button", name=re.compile("円で予約する")).click()
        page.wait_for_load_state()
    assert Trip.objects.count() == 1
    assert SupplierCall.objects.filter(verb="book").count() == 1
    assert Reservation.objects.exclude(state="withdrawn").count() == 1
