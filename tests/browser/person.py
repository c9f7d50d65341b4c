"""What a person does in the browser."""

import datetime as dt
import hashlib
import os
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django_otp.oath import TOTP

from accounts.models import TotpDevice, User
from accounts.services import enrol_totp
from lib import clock
from tests.factories import PASSWORD, SETUP

SHOTS = os.environ.get("SHOTS", "")


def key_of(user: User) -> bytes:
    return hashlib.sha1(user.login_id.encode(), usedforsecurity=False).digest()


def with_authenticator(user: User) -> User:
    """The person with an authenticator app."""
    enrol_totp(SETUP, user, key=key_of(user), name="認証アプリ")
    return user


def code_of(user: User) -> str:
    """The six digits now; the step counts as unused, since a test signs in more often than people do."""
    TotpDevice.objects.filter(user=user).update(last_step=-1)
    totp = TOTP(key_of(user))
    totp.time = clock.wall_seconds()
    return f"{totp.token():06d}"


def sign_in(page: Any, user: User) -> None:
    """Password and second factor."""
    page.goto("/signin/")
    page.fill("input[name=login]", user.login_id)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.fill("input[name=code]", code_of(user))
    follow(page.locator("main button[type=submit]").first)


def follow(target: Any) -> None:
    """Press a link or a button that leads to another page, and be there; a click alone does not wait for it."""
    with target.page.expect_navigation():
        target.click()


def fill_day(page: Any, name: str, day: dt.date) -> None:
    """A day in its three fields."""
    for part, value in zip("ymd", (day.year, day.month, day.day), strict=True):
        page.fill(f"input[name={name}_{part}]", str(value))


def fill_search(page: Any, *, out_on: dt.date, back_on: dt.date, nights: int) -> None:
    """横浜 → 福岡."""
    page.fill("input[name=purpose]", "九州支社 団地再生協議")
    page.fill("input[name=origin]", "横浜")
    page.fill("input[name=destination]", "福岡")
    fill_day(page, "out_on", out_on)
    fill_day(page, "back_on", back_on)
    page.fill("input[name=nights]", str(nights))


def look(page: Any, name: str) -> None:
    """axe finds nothing on the page; a picture is kept when SHOTS names a folder."""
    if SHOTS:
        width = page.viewport_size["width"]
        page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)
    found = Axe().run(page)
    violations = [
        (violation["id"], [node["html"][:160] for node in violation["nodes"][:3]])
        for violation in found.response["violations"]
    ]
    assert violations == [], f"{name}: {violations}"
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} scrolls sideways by {wide} px"
