"""Story: a cancelled train is announced to three people; one takes another, one gives it back, one is telephoned."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from audit.models import OutgoingMail
from booking.models import Disruption, Reservation, SupplierCall
from booking.services.handoff import enter_number
from lib import clock
from tests import factories, world
from tests.browser.person import fill_day, follow, look, sign_in, with_authenticator
from tests.factories import acting
from tests.running import wait_until
from tests.world import drafted, searched, submitted, token

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAMES = ("青木 千尋", "髙﨑 由紀", "渡邉 健一")


def bought(name: str, number: int) -> Reservation:
    """A person of an office of their own, with the first train of the day bought at EX."""
    traveller = with_authenticator(factories.person(name=name))
    search = searched(traveller)
    wait_until(lambda: not search.answers.filter(state="asked").exists(), what="the suppliers answer")
    trip = submitted(traveller, drafted(traveller, search, out=token(search, "out", "ex")))
    ride = trip.reservations.get()
    enter_number(acting(traveller), ride, number=str(number), price=23_280)
    return ride


@pytest.mark.parametrize("width", [1280, 375])
def test_a_cancelled_train_is_announced_to_three_people_and_rebooked(sandbox, portal, new_page, width):
    factories.contract()
    world.connect(sandbox.url)
    rides = [bought(name, 2001 + n) for n, name in enumerate(NAMES)]
    train = rides[0].segments.get()
    operator = with_authenticator(factories.person("operator", name="山本 さくら"))

    desk = new_page(width=width)
    sign_in(desk, operator)
    desk.goto("/disruptions/")
    look(desk, "disruptions-empty")
    desk.get_by_role("link", name="運休・欠航を登録する").click()
    follow(desk.get_by_role("button", name="対象の予約を確かめる"))
    look(desk, "disruption-enter-error")
    desk.select_option("select[name=supplier]", "ex")
    desk.fill("input[name=service]", "のぞみ999号")
    fill_day(desk, "day", train.travel_on)
    desk.select_option("select[name=kind]", "stopped")
    desk.fill("input[name=source]", "JR東海 公式サイト")
    desk.fill("input[name=announced_at]", "0:00")
    fill_day(desk, "free_refund_until", train.travel_on + dt.timedelta(days=10))
    fill_day(desk, "free_change_until", train.travel_on + dt.timedelta(days=10))
    desk.fill("textarea[name=message]", "台風のため終日運休します。別の列車に変えるか、払い戻してください。")
    desk.get_by_role("button", name="対象の予約を確かめる").click()
    expect(desk.get_by_text("この列車は、時刻表にも予約にもありません").first).to_be_visible()
    look(desk, "disruption-unknown")
    desk.fill("input[name=service]", train.service)
    desk.get_by_role("button", name="対象0件のまま登録する").click()
    for name in NAMES:
        expect(desk.get_by_role("rowheader", name=name)).to_be_visible()
    look(desk, "disruption-look")
    desk.get_by_role("button", name="3件の予約に知らせる").click()
    expect(desk.get_by_text("まだ手続きのないもの 3件").first).to_be_visible()
    look(desk, "disruption")
    told = OutgoingMail.objects.filter(kind="disruption").values_list("to_address", flat=True)
    assert sorted(told) == sorted(ride.trip.traveller.email for ride in rides)

    changing = new_page(width=width)
    sign_in(changing, rides[0].trip.traveller)
    look(changing, "disruption-home")
    follow(changing.get_by_role("link", name="できることを確かめる"))
    look(changing, "disruption-trip")
    changing.get_by_role("link", name=re.compile("^別の便・列車を予約する")).click()
    changing.get_by_role("button", name="候補を探す").click()
    expect(changing.get_by_text("すべての答えがそろいました").first).to_be_visible(timeout=15000)
    assert changing.get_by_text(train.service, exact=True).count() == 0
    changing.locator("tr:has-text('手配先サイトでの変更') input.pick").nth(4).check()
    follow(changing.get_by_role("button", name="内容を確かめる"))
    look(changing, "disruption-change")
    changing.get_by_role("button", name="変更に進む").click()
    changing.fill("input[name=price]", "23280")
    changing.get_by_role("button", name="変更を登録する").click()
    expect(changing.get_by_text("変更を登録しました").first).to_be_visible()
    assert changing.get_by_label("緊急のお知らせ").count() == 0

    refunding = new_page(width=width)
    sign_in(refunding, rides[1].trip.traveller)
    refunding.goto(f"/trips/{rides[1].trip.public_id}/")
    follow(refunding.get_by_role("link", name=re.compile("^無料で払い戻す")))
    look(refunding, "disruption-refund")
    refunding.get_by_role("button", name="払戻を登録する").click()
    expect(refunding.locator(".badge", has_text="取消済").first).to_be_visible()

    desk.reload()
    expect(desk.get_by_text("まだ手続きのないもの 1件").first).to_be_visible()
    desk.get_by_role("link", name=re.compile(f"^対応を記録する.*{NAMES[2]}")).click()
    desk.fill("textarea[name=note]", "本人と電話。自分で変更する予定。")
    look(desk, "disruption-follow-up")
    desk.get_by_role("button", name="対応を記録する").click()
    expect(desk.get_by_text("自分で変更する予定").first).to_be_visible()
    look(desk, "disruption-followed")
    desk.goto("/disruptions/")
    look(desk, "disruptions")
    desk.get_by_role("link", name=train.service).click()
    follow(desk.get_by_role("link", name="取り下げる"))
    look(desk, "disruption-withdraw")
    desk.get_by_role("button", name="取り下げて1件の予約に知らせる").click()
    expect(desk.get_by_role("heading", name="取り下げ済み")).to_be_visible()
    assert Disruption.objects.get().withdrawn_at is not None
    assert clock.today() < train.travel_on
    assert not SupplierCall.objects.filter(reservation__in=[ride.pk for ride in rides]).exists()
