"""What a person and an operator do at EX: buy a train on its site, and fetch its usage file."""

import datetime as dt
import re

import httpx
from playwright.sync_api import Page

from booking.models import Reservation
from lib import clock, jst


def buy_at_ex(page: Page, url: str, ride: Reservation) -> tuple[str, int]:
    """Buy the train of the hand-off page on the supplier's own site; the number and what was paid."""
    segment = ride.segments.get()
    leaves = jst.local(segment.departs)
    page.goto(url)
    page.fill("input[name=member_id]", "9010000001")
    page.fill("input[name=password]", "sandbox")
    page.click("text=ログインする")
    page.goto(f"{url}search?date={leaves:%Y-%m-%d}&from={segment.from_name}&to={segment.to_name}&time={leaves:%H:%M}")
    row = page.locator("tbody tr").filter(has_text=f"{leaves:%H:%M}").first
    row.get_by_role("link", name=re.compile("普通車指定席")).click()
    page.fill("input[name=trip_no]", ride.trip.number)
    page.click("text=確認へ進む")
    page.click("text=購入する")
    paid = re.search(r"([0-9]{1,3}(?:,[0-9]{3})+)円", page.locator("body").inner_text())
    assert paid is not None
    return page.locator("#azukari").inner_text(), int(paid[1].replace(",", ""))


def usage_csv(url: str, *, days: int) -> bytes:
    """EX's usage file of the last so many days."""
    first, last = clock.today() - dt.timedelta(days=days), clock.today()
    answer = httpx.get(
        f"{url}/ex/corporate/usage.csv",
        params={"from": first.isoformat(), "to": last.isoformat()},
        auth=("9000000001", "sandbox-ex"),
    )
    assert answer.status_code == 200
    return answer.content


def upload(desk: Page, content: bytes) -> None:
    """The operator brings the file to its page."""
    desk.select_option("select[name=connection]", "ex")
    desk.set_input_files("input[name=file]", {"name": "riyo.csv", "mimeType": "text/csv", "buffer": content})
    desk.click("main button[type=submit]")
