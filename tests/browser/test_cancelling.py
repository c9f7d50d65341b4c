"""Story: one leg of a round trip cancelled the day before, and the rest on the day, after a tier passed at midnight."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from booking.models import SupplierCall
from lib import clock, jst
from tests import factories, world
from tests.browser.person import follow, look, sign_in, with_authenticator
from tests.running import wait_until
from tests.world import drafted, searched, submitted, token

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FLEX = "ビジネスフレックス"


def settled(what: str) -> None:
    wait_until(lambda: not SupplierCall.objects.exclude(state="done").exists(), what=what)


@pytest.mark.parametrize("width", [1280, 375])
def test_one_leg_goes_the_day_before_and_the_rest_on_the_day_at_what_then_holds(sandbox, portal, new_page, width):
    factories.contract()
    world.connect(sandbox.url)
    traveller = with_authenticator(world.with_numbers(factories.person(name="青木 千尋")))
    search = searched(traveller)
    wait_until(lambda: not search.answers.filter(state="asked").exists(), what="the suppliers answer")
    chosen = {part: token(search, part, "jal_online", has=FLEX) for part in ("out", "back")}
    trip = submitted(traveller, drafted(traveller, search, stay=token(search, "stay", "yado_net"), **chosen))
    settled("everything is arranged")

    clock.shift_by(int((jst.at(trip.first_day - dt.timedelta(days=1), 20) - clock.now()).total_seconds()))
    page = new_page(width=width)
    sign_in(page, traveller)
    page.goto(f"/trips/{trip.public_id}/")
    page.get_by_role("link", name="まとめて取り消す").click()
    expect(page.get_by_role("button", name=re.compile("^3件を"))).to_be_visible()
    look(page, "cancel-trip")
    follow(page.get_by_role("link", name=re.compile("^これだけ取り消す")).last)
    look(page, "cancel-one")
    page.get_by_role("button", name=re.compile("円で取り消す$")).click()
    expect(page.get_by_text("取消を受け付けました").first).to_be_visible()
    settled("the leg is cancelled")

    page.goto(f"/trips/{trip.public_id}/cancel/")
    button = page.get_by_role("button", name=re.compile("^2件を"))
    expect(button).to_be_visible()
    clock.shift_by(int((jst.at(trip.first_day, 0, 5) - clock.now()).total_seconds()))
    button.click()
    expect(page.get_by_text("何も取り消していません").first).to_be_visible()
    look(page, "cancel-dearer")
    assert SupplierCall.objects.filter(verb="cancel").count() == 1
    page.get_by_role("button", name=re.compile("^2件を")).click()
    expect(page.get_by_text("2件の取消を受け付けました").first).to_be_visible()
    settled("the rest is cancelled")
    page.goto(f"/trips/{trip.public_id}/")
    expect(page.locator(".badge", has_text="取消済").first).to_be_visible()
    look(page, "cancel-done")
    assert set(trip.reservations.values_list("state", flat=True)) == {"cancelled"}
