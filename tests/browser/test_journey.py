"""One trip, three ways, from search to invoice, as people do it in the browser."""

import csv
import datetime as dt
import io
import re

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from accounts.models import Role
from billing.models import Invoice
from billing.services import open_periods
from booking.models import Charge, Reservation
from booking.services import arranging, travelled
from booking.tasks import SWEEPER
from lib import clock, jst
from tests import factories, world
from tests.browser.ex import buy_at_ex, upload, usage_csv
from tests.browser.person import fill_day, fill_search, follow, look, sign_in, with_authenticator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(sandbox):
    """A newcomer of 九州支社, an operator and an admin of the same office."""
    factories.contract()
    office = factories.office("KYUSHU", name="九州支社")
    room = factories.department(office, name="団地再生課")
    people = {
        "employee": factories.person(Role.EMPLOYEE, of=room, name="髙﨑 𠮷彦"),
        "operator": factories.person(Role.OPERATOR, of=room, name="髙橋 玲"),
        "colleague": factories.person(Role.OPERATOR, of=room, name="石川 恵"),
        "admin": factories.person(Role.EMPLOYEE, Role.ADMIN, of=room, name="伊藤 光"),
    }
    world.connect(sandbox.url)
    world.with_numbers(people["employee"])
    member = {"member_id": "9010000001", "card_no": "0000009010000001", "name_kana": "タカサキ ヨシヒコ"}
    sandbox.control("POST", "members", member)
    for person in people.values():
        with_authenticator(person)
    return people


def pass_the_days() -> None:
    """What beat's sweepers do while days pass."""
    for reservation in arranging.due_for_use():
        arranging.mark_used(SWEEPER, reservation)
    for reservation in travelled.stays_to_settle():
        travelled.settle_stay(SWEEPER, reservation)
    open_periods(SWEEPER, until=clock.today())


def next_month_day() -> dt.date:
    """A Wednesday of the month after next month's first days: the flight is ticketed the month before it is flown."""
    first = (clock.today().replace(day=1) + dt.timedelta(days=32)).replace(day=8)
    return first + dt.timedelta(days=(2 - first.weekday()) % 7)


@pytest.mark.parametrize("width", [1280, 375])
def test_one_trip_from_search_to_the_offices_invoice(cast, portal, sandbox, new_page, width):
    out_on = next_month_day()
    page = new_page(width=width)
    sign_in(page, cast["employee"])
    look(page, "home")
    page.goto("/search/")
    look(page, "search")
    fill_search(page, out_on=out_on, back_on=out_on + dt.timedelta(days=1), nights=1)
    page.click("text=候補を探す")
    expect(page.get_by_text("すべての答えがそろいました").first).to_be_visible()
    look(page, "results")
    page.locator("tr:has-text('ビジネスフレックス') input[name=out]").first.check()
    page.locator("input[name=stay]").first.check()
    page.locator("tr:has-text('のぞみ') input[name=back]").last.check()
    follow(page.locator("text=内容を確かめる").first)
    look(page, "confirm")
    follow(page.locator("text=で予約する").first)
    look(page, "confirm-error")
    page.check("input[name=consent]")
    page.click("text=で予約する")
    expect(page.locator(".badge", has_text="発券済 1")).to_be_visible()
    look(page, "trip")

    follow(page.locator("text=手配先で買う・番号を入力する").first)
    look(page, "handoff")
    page.fill("input[name=number]", "12")
    follow(page.locator("text=番号を登録する").first)
    look(page, "handoff-error")
    ride = Reservation.objects.get(supplier="ex")
    supplier = new_page(width=width)
    azukari, paid = buy_at_ex(supplier, f"{sandbox.url}/ex/", ride)
    page.fill("input[name=number]", azukari)
    page.fill("input[name=price]", str(paid))
    page.click("text=番号を登録する")
    expect(page.locator(".badge", has_text="発券済 2")).to_be_visible()
    look(page, "trip-complete")

    clock.shift_by(int((jst.at(out_on + dt.timedelta(days=40), 9) - clock.now()).total_seconds()))
    pass_the_days()
    desk = new_page(width=width)
    sign_in(desk, cast["operator"])
    look(desk, "home-operator")
    upload_feed(desk, sandbox)
    prepare_month(desk, out_on)
    colleague = new_page(width=width)
    sign_in(colleague, cast["colleague"])
    close_month(colleague, out_on)

    invoice = Invoice.objects.get()
    lines = {line.content: line for line in invoice.lines.all()}
    assert invoice.total == sum(charge.amount for charge in Charge.objects.all())
    assert {line.used_on.month for line in lines.values()} == {out_on.month}
    assert Charge.objects.get(reservation__supplier="jal_online", kind="fare").issued_on.month != out_on.month
    read_invoice(desk, invoice)
    read_usage(new_page(width=width), cast["admin"], invoice)


def upload_feed(desk: Page, sandbox: world.Sandbox) -> None:
    """The operator brings EX's usage file: it confirms what was entered."""
    desk.goto("/feeds/")
    look(desk, "feeds")
    wrong = {"name": "riyo.csv", "mimeType": "text/csv", "buffer": "これは利用実績ではありません".encode()}
    desk.select_option("select[name=connection]", "ex")
    desk.set_input_files("input[name=file]", wrong)
    follow(desk.locator("main button[type=submit]").first)
    look(desk, "feeds-error")
    upload(desk, usage_csv(sandbox.url, days=100))
    expect(desk.get_by_role("link", name=re.compile("一致 1"))).to_be_visible()
    look(desk, "feed")


def prepare_month(desk: Page, out_on: dt.date) -> None:
    """The operator looks at the preview of the office's month and prepares its closing."""
    desk.goto(f"/closing/?month={out_on:%Y-%m}")
    look(desk, "closing")
    follow(desk.get_by_role("link", name="九州支社", exact=True))
    look(desk, "period")
    follow(desk.locator("text=締めの準備に進む").first)
    look(desk, "prepare")
    desk.get_by_role("button", name=re.compile("円で準備する")).click()
    expect(desk.get_by_text("締めの準備ができています").first).to_be_visible()
    look(desk, "period-prepared")


def close_month(desk: Page, out_on: dt.date) -> None:
    """Another operator agrees; a `cpu` worker closes it."""
    desk.goto(f"/closing/?month={out_on:%Y-%m}")
    desk.get_by_role("link", name="九州支社", exact=True).click()
    follow(desk.locator("text=締めの確認に進む").first)
    look(desk, "close-confirm")
    desk.get_by_role("button", name=re.compile("円で締める")).click()
    expect(desk.get_by_text("締め済").first).to_be_visible(timeout=20000)


def read_invoice(desk: Page, invoice: Invoice) -> None:
    """The PDF shows flight, ride and night, in the project's fonts."""
    desk.goto(f"/invoices/{invoice.public_id}/")
    link = desk.get_by_role("link", name=re.compile("PDF"))
    for _ in range(60):
        if link.count():
            break
        desk.wait_for_timeout(1000)
        desk.click("text=いまの状態に更新する")
    expect(link.first).to_be_visible()
    look(desk, "invoice")
    with desk.expect_download() as waiting:
        link.first.click()
    content = waiting.value.path().read_bytes()
    pages = PdfReader(io.BytesIO(content)).pages
    text = "".join(page.extract_text() for page in pages)
    for line in invoice.lines.all():
        assert f"{line.amount:,}" in text
    assert "髙﨑" in text
    fonts = {str(font.get_object()["/BaseFont"]) for page in pages for font in page["/Resources"]["/Font"].values()}
    assert any("BIZ-UDPGothic" in font for font in fonts)
    assert not any("DejaVu" in font for font in fonts)


def read_usage(page: Page, admin: object, invoice: Invoice) -> None:
    """The admin downloads the same rows as CSV."""
    sign_in(page, admin)
    line = invoice.lines.first()
    assert line is not None
    first = line.used_on.replace(day=1)
    page.goto("/usage/")
    fill_day(page, "first", first)
    fill_day(page, "last", (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1))
    follow(page.locator("text=表示する").first)
    look(page, "usage")
    with page.expect_download() as waiting:
        page.get_by_text(re.compile("UTF-8")).first.click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_bytes().decode("utf-8-sig"))))
    assert sorted(int(row["金額"]) for row in rows) == sorted(line.amount for line in invoice.lines.all())
