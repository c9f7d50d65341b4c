"""Chromium on the portal's own processes. Never skipped in CI: there a missing browser is a failure."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.running import Portal

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Generous, since the machine may be busy: nothing here measures time.
expect.set_options(timeout=20000)
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """One Chromium for the run, with the project's own fonts."""
    reason = os.environ.get("PORTAL_NO_BROWSER_REASON", "")
    if reason or not Path(CHROMIUM).exists():
        reason = reason or "Chromium is not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    home = tmp_path_factory.mktemp("xdg")
    fonts = home / "fonts"
    fonts.mkdir()
    for font in Path("static/fonts").resolve().glob("*.[to]tf"):
        (fonts / font.name).symlink_to(font)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, env={**os.environ, "XDG_DATA_HOME": str(home)}
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def portal(django_db_setup, django_db_blocker, sandbox_process, tmp_path_factory):
    """Web server and both workers, for one file of tests; sweepers are run by the tests themselves."""
    logs = tmp_path_factory.mktemp("portal")
    with django_db_blocker.unblock():
        running = Portal(logs, sandbox_url=sandbox_process.url, clock_file=sandbox_process.clock_file)
    running.start_web()
    running.start_worker("io")
    running.start_worker("cpu")
    yield running
    running.stop()


@pytest.fixture
def new_page(chromium, portal):
    """Opens pages of their own (own cookies), by width; fails on errors in the browser's console."""
    contexts, complaints = [], []

    def open_page(*, width=1280, scripts=True):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, locale="ja-JP", java_script_enabled=scripts, base_url=portal.url
        )
        context.set_default_timeout(20000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if is_trouble(message) else None)
        page.on("response", lambda answer: complaints.append(answer.url) if is_missing(answer) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def is_trouble(message):
    """An error in the console; a page that answers 404 or 422 on purpose also stands there, as a failed load."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


def is_missing(answer):
    """A file of a page (not the page itself) that is not there."""
    return answer.status >= 400 and answer.request.resource_type != "document"
