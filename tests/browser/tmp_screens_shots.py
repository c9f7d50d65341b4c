import pytest
from axe_playwright_python.sync_playwright import Axe
from accounts.models import Role
from accounts.services import grant_proxy, assign_approver, set_member_number, publish_text
from booking.models import ReservationState, Way
from lib import clock
from tests import factories
from tests.browser.conftest import chromium  # noqa
from tests.accounts.second_factor import code_now, enrol
from tests.audit.test_mail import write
from tests.factories import PASSWORD, SETUP, START
from django.test import Client
from tests.signin import sign_in
import datetime as dt

@pytest.mark.django_db(transaction=True)
def test_shots(chromium, live_server, settings):
    settings.ALLOWED_HOSTS = ["*"]
    factories.contract()
    for n,(slug,title) in enumerate([("registration","旅行業登録票"),("terms","旅行業約款"),("fees","旅行業務取扱料金表")]):
        publish_text(SETUP, slug=slug, title=title, body="第1条 この約款は、見本です。\n\n第2条 手配旅行契約とは、お客様の委託により手配することをいいます。\n・運送\n・宿泊", first=START, position=n)
    of = factories.office(name="本社"); dep = factories.department(of, name="団地再生課")
    aoki = factories.person(Role.EMPLOYEE, of=dep, name="青木 千尋"); enrol(aoki)
    boss = factories.person(Role.EMPLOYEE, Role.APPROVER, of=dep, name="宮﨑 𠮷彦")
    assign_approver(SETUP, aoki, approver=boss, first=START, source="x")
    grant_proxy(SETUP, principal=boss, deputy=aoki, first=START, reason="秘書")
    set_member_number(SETUP, aoki, supplier="ex", number="7000123456", first=START)
    new = factories.person(Role.EMPLOYEE, of=dep, name="新入 太郎")
    admin = factories.person(Role.ADMIN, of=dep, name="管理 花子")
    op = factories.person(Role.OPERATOR, of=dep, name="髙橋 玲")
    aud = factories.person(Role.AUDITOR, of=dep, name="監査 太郎")
    trip = factories.trip(aoki, destination_name="福岡")
    factories.segment(factories.reservation(trip))
    factories.segment(factories.reservation(trip, factories.connection("ex", Way.HANDOFF), state=ReservationState.HANDED_OFF, number="", title="のぞみ52号", price=None, booked_at=None, ticketed_at=None), part="back", from_name="博多", to_name="新横浜")
    factories.reservation(trip, state=ReservationState.BOOKED, problem="発券できませんでした。", hold_until=clock.now()-dt.timedelta(hours=1), ticketed_at=None, title="JAL 317")
    factories.trip(aoki, destination_name="名古屋", state="draft", purpose="中部支社 監査対応", day=clock.today()+dt.timedelta(days=30))
    mail = write(subject="パスワード再設定のご案内")
    from audit.models import Event
    event = Event.objects.filter(code="accounts.role.granted").latest("seq")
    def cookie(user):
        c = Client(); sign_in(c, user); return c.cookies["sid"].value
    found = []
    def shot(page, name):
        page.screenshot(path=f"/tmp/shots/{name}.png", full_page=True)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        result = Axe().run(page)
        found.append((name, over, [(v["id"], [n["html"][:120] for n in v["nodes"][:2]]) for v in result.response["violations"]]))
    for width in (1280, 375):
        context = chromium.new_context(viewport={"width": width, "height": 800}, locale="ja-JP", base_url=live_server.url)
        page = context.new_page()
        page.goto("/signin/"); shot(page, f"signin-{width}")
        page.fill("#id_login", aoki.login_id); page.fill("#id_password", "x"); page.click("main button[type=submit]"); page.wait_for_selector(".error-summary"); shot(page, f"signin-error-{width}")
        for path, name in [("/help/","help"),("/about/terms/","text"),("/password/reset/","reset"),("/password/reset/done/","reset-done"),("/password/reset/key/done/","key-done"),("/password/reset/key/1-x/","key-bad")]:
            page.goto(path); shot(page, f"{name}-{width}")
        page.goto("/signin/")
        page.fill("#id_login", aoki.login_id); page.fill("#id_password", PASSWORD); page.click("main button[type=submit]"); page.wait_for_url("**/signin/code/**"); shot(page, f"code-{width}")
        page.goto("/signin/recovery/"); shot(page, f"recovery-{width}")
        context.close()
        for who, user, paths in [
            ("employee", aoki, [("/","home"),("/me/","me"),("/me/recovery-codes/","codes"),("/password/change/","pwchange"),("/signout/","signout")]),
            ("new", new, [("/","home")]), ("admin", admin, [("/","home"),("/people/","people")]),
            ("operator", op, [("/","home"),("/about/terms/edit/","edit"),(f"/people/{aoki.public_id}/","person"),("/audit/mails/","mails"),(f"/audit/mails/{mail.public_id}/","mail")]),
            ("auditor", aud, [("/","home"),("/audit/events/","events"),("/audit/events/?who=太郎","choose"),("/audit/events/?first_y=2026&first_m=2&first_d=30","events-error"),(f"/audit/events/?person={aoki.public_id}&kind=accounts.user.issued","filtered"),(f"/audit/events/{event.public_id}/","event")]),
        ]:
            context = chromium.new_context(viewport={"width": width, "height": 800}, locale="ja-JP", base_url=live_server.url)
            context.add_cookies([{"name":"sid","value":cookie(user),"url":live_server.url}])
            page = context.new_page()
            for path, name in paths:
                page.goto(path); shot(page, f"{who}-{name}-{width}")
            if who == "employee":
                page.goto("/me/recovery-codes/"); page.click("main button[type=submit]"); page.wait_for_selector("main li .code"); shot(page, f"codes-new-{width}")
            context.close()
    for row in found:
        if row[1] or row[2]: print("FOUND", row)
