import pytest, datetime as dt
from django.urls import reverse
from playwright.sync_api import sync_playwright
from tests import factories
from tests.billing.world import World
from booking.models import Nature, ChargeKind
from billing.models import Invoice
from billing.services import open_periods, request_closing, make_document
from accounts.models import Role
pytestmark = pytest.mark.django_db(transaction=True)
def on(d,m=11): return dt.date(2026,m,d)
def test_shots(world, live_server, sign_in):
    offs=[factories.office(name=n) for n in ("東北震災復興支援本部","東日本都市再生本部","中部支社","西日本支社")]
    open_periods(factories.SETUP, until=on(2,12))
    old=factories.charge(world.person, amount=41800, on=on(26,10)); world.close(on(31,10))
    factories.charge(world.person, amount=-41800, on=on(26,10), kind=ChargeKind.REFUND, reverses=old)
    for n in range(12):
        t=factories.trip(world.person, day=on(9)); r=factories.reservation(t); s=factories.segment(r)
        factories.charge(world.person, amount=15640+n*10, on=on(9+n), reservation=r, segment=s, nature=[Nature.OWN,Nature.INTERMEDIARY][n%2])
    ps=[factories.person(of=factories.department(o)) for o in offs]
    for i,p in enumerate(ps): factories.charge(p, amount=20000+i*999, on=on(9), nature=Nature.UNSET if i==1 else Nature.OWN)
    newc = factories.person(of=world.department, first=on(20)); factories.charge(newc, amount=300, on=on(9))
    inv=Invoice.objects.get(period=world.close(office=offs[0])); make_document(factories.SETUP, inv.document.pk)
    request_closing(world.desk, world.period(office=offs[2]))
    c=sign_in(world.operator)
    pages={"matrix":reverse("billing:periods")+"?month=2026-11","period":reverse("billing:period",args=[world.period().public_id]),"blocked":reverse("billing:close",args=[world.period(office=offs[1]).public_id]),"confirm":reverse("billing:close",args=[world.period().public_id]),"progress":reverse("billing:period",args=[world.period(office=offs[2]).public_id]),"invoices":reverse("billing:invoices"),"invoice":reverse("billing:invoice",args=[inv.public_id]),"usage":reverse("billing:usage")}
    with sync_playwright() as p:
        b=p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox","--disable-gpu"])
        for w in (1280,375):
            ctx=b.new_context(viewport={"width":w,"height":900})
            ctx.add_cookies([{"name":"sid","value":c.cookies["sid"].value,"url":live_server.url}])
            page=ctx.new_page(); page.on("console", lambda m: print("CONSOLE", m.text))
            for n,u in pages.items():
                page.goto(live_server.url+u); page.wait_for_timeout(300)
                sw=page.evaluate("document.documentElement.scrollWidth")
                print(n,w,sw, page.title())
                page.screenshot(path=f"/tmp/billdev/s-{n}-{w}.png", full_page=True)
                if w==1280:
                    from axe_playwright_python.sync_playwright import Axe
                    r=Axe().run(page); 
                    for v in r.response["violations"]: print("AXE",n,v["id"],[x["html"][:150] for x in v["nodes"]][:3])
        b.close()
