"""Stories of waiting: a wish that waits for its supplier and became dearer; a lost answer that an operator settles."""

import re

import pytest
from playwright.sync_api import expect

from booking import tasks
from booking.models import Connection, Reservation, SupplierCall
from booking.services.reference import load_reference_table
from lib import clock, jst
from tests import factories, world
from tests.booking.closing import close_until, run_out
from tests.browser.person import follow, look, sign_in, with_authenticator
from tests.running import wait_until
from tests.world import drafted, searched, submitted, token

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FLEX = "ビジネスフレックス"


@pytest.fixture
def traveller(sandbox):
    factories.contract()
    world.connect(sandbox.url)
    return with_authenticator(world.with_numbers(factories.person(name="青木 千尋")))


def flight_draft(traveller):
    search = searched(traveller)
    wait_until(lambda: not search.answers.filter(state="asked").exists(), what="the suppliers answer")
    return drafted(traveller, search, out=token(search, "out", "jal_online", has=FLEX))


@pytest.mark.parametrize("width", [1280, 375])
def test_a_flight_waits_for_its_airline_and_is_taken_at_its_new_price(traveller, portal, new_page, width):
    trip = flight_draft(traveller)
    opens = jst.short_moment(close_until("jal_online"))
    page = new_page(width=width)
    sign_in(page, traveller)
    page.goto(f"/trips/{trip.public_id}/confirm/")
    expect(page.get_by_text(opens).first).to_be_visible()
    look(page, "waiting-confirm")
    page.check("input[name=consent]")
    page.get_by_role("button", name=re.compile("円で予約する$")).click()
    expect(page.get_by_text(f"{opens} に、確認した金額までで予約します")).to_be_visible()
    look(page, "waiting-trip")
    # It is confirmed at less than it costs, and its moment comes.
    flight = trip.reservations.get()
    dearer = flight.price
    type(trip).objects.update(authorised_total=dearer - 1000)
    run_out(flight, price=dearer - 1000)
    Reservation.objects.update(price=dearer - 1000)
    clock.shift_by(3 * 3600)
    tasks.sweep_waiting()
    wait_until(lambda: Reservation.objects.exclude(problem="").exists(), what="the wish is stopped")
    page.goto("/")
    expect(page.get_by_role("link", name=re.compile("を確かめる")).first).to_be_visible()
    page.goto(f"/trips/{trip.public_id}/")
    look(page, "waiting-stopped")
    page.get_by_role("button", name=re.compile(f"^{dearer:,}円で予約する")).click()
    expect(page.locator(".badge", has_text="発券済").first).to_be_visible()
    flight.refresh_from_db()
    assert (flight.state, flight.price) == ("ticketed", dearer)


@pytest.mark.parametrize("width", [1280, 375])
def test_an_operator_settles_what_asking_does_not(traveller, sandbox, portal, new_page, width):
    Connection.objects.update(quiet_seconds=600)
    sandbox.fault("jal-online", "book", "lose_before")
    trip = submitted(traveller, flight_draft(traveller))
    wait_until(lambda: SupplierCall.objects.filter(asks__gte=1).exists(), what="the supplier is asked")
    operator = with_authenticator(factories.person("operator", name="加藤 健"))
    page = new_page(width=width)
    sign_in(page, operator)
    look(page, "unknown-home")
    page.goto("/calls/")
    look(page, "unknown-calls")
    page.get_by_role("link", name=trip.reservations.get().title).click()
    expect(page.get_by_role("heading", name="手配先とのやりとり")).to_be_visible()
    look(page, "unknown-call")
    page.get_by_role("button", name="いま照会する").click()
    expect(page.get_by_text("手配先への照会を始めました").first).to_be_visible()
    follow(page.get_by_role("link", name="確かめた結果を記録する"))
    look(page, "unknown-settle")
    page.get_by_label("成立していた", exact=True).check()
    page.fill("input[name=number]", "ABC123")
    page.get_by_role("button", name="結果を記録する").click()
    expect(page.get_by_role("alert")).to_contain_text("金額を入力してください")
    look(page, "unknown-settle-errors")
    # Dearer than confirmed, so that nothing is ticketed: the sandbox does not know this booking.
    page.fill("input[name=price]", "99000")
    page.fill("input[name=why]", "電話で確認（担当 佐藤）")
    page.get_by_role("button", name="結果を記録する").click()
    expect(page.get_by_text("の結果を記録しました").first).to_be_visible()
    look(page, "unknown-settled")
    flight = trip.reservations.get()
    assert (flight.state, flight.number) == ("booked", "ABC123")


@pytest.mark.parametrize("width", [1280, 375])
def test_hours_and_sale_openings_are_read_as_tables(traveller, portal, new_page, width):
    load_reference_table(factories.SETUP, "sale_openings")
    close_until("jal_online", minutes=90)
    page = new_page(width=width)
    sign_in(page, with_authenticator(factories.person("operator", name="加藤 健")))
    for slug in ("supplier-hours", "sale-openings"):
        page.goto(f"/tables/{slug}/")
        look(page, f"table-{slug}")
