"""The screens of billing as people of each role meet them."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from audit.models import Event
from billing.models import Invoice, Period, PeriodState
from billing.services import open_periods
from booking.models import Nature
from tests import factories
from tests.billing.world import World
from tests.counting import queries_of_page

pytestmark = pytest.mark.django_db
MONTH = "?month=2026-11"


def on(day: int, month: int = 11) -> dt.date:
    return dt.date(2026, month, day)


def test_the_matrix_shows_every_office_with_its_sum(world: World, desk: Client):
    factories.charge(world.person, amount=15640, on=on(9))
    page = desk.get(reverse("billing:periods") + MONTH)
    text = page.content.decode()
    assert page.status_code == 200
    assert "九州支社" in text
    assert "15,640円" in text
    assert reverse("billing:prepare", args=[world.period().public_id]) in text
    world.prepare()
    text = desk.get(reverse("billing:periods") + MONTH).content.decode()
    assert reverse("billing:close", args=[world.period().public_id]) in text


def test_what_stops_a_closing_is_said_and_the_button_is_gone(world: World, desk: Client):
    factories.charge(world.person, on=on(9), nature=Nature.UNSET)
    address = reverse("billing:prepare", args=[world.period().public_id])
    text = desk.get(reverse("billing:periods") + MONTH).content.decode()
    assert "取扱い・税区分が未設定" in text
    assert address not in text
    refused = desk.post(address)
    assert refused.status_code == 422
    assert "取扱い・税区分が未設定の費用が1件あります" in refused.content.decode()
    assert world.period().state == PeriodState.OPEN


def test_closing_from_preview_to_invoice(world: World, desk: Client):
    factories.charge(world.person, amount=15640, on=on(9))
    pk = world.period().public_id
    preview = desk.get(reverse("billing:period", args=[pk])).content.decode()
    assert "(締めたときに付番)" in preview
    assert "1,421円" in preview
    assert "まだ準備されていません" in desk.get(reverse("billing:close", args=[pk])).content.decode()
    world.prepare()
    assert "15,640円で締める" in desk.get(reverse("billing:close", args=[pk])).content.decode()

    answer = desk.post(reverse("billing:close", args=[pk]))
    assert (answer.status_code, answer["Location"]) == (303, reverse("billing:period", args=[pk]))
    waiting = desk.get(answer["Location"]).content.decode()
    assert 'hx-trigger="every 2s"' in waiting
    assert "いまの状態に更新する" in waiting
    world.close()

    part = desk.get(reverse("billing:close_progress", args=[pk]), headers={"HX-Request": "true"}).content.decode()
    invoice = Invoice.objects.get()
    assert "hx-trigger" not in part
    assert reverse("billing:invoice", args=[invoice.public_id]) in part
    assert invoice.number in desk.get(reverse("billing:invoices")).content.decode()
    shown = desk.get(reverse("billing:invoice", args=[invoice.public_id])).content.decode()
    assert "PDF作成中" in shown
    assert "宮﨑 𠮷彦" in shown


def test_before_the_last_day_is_over_nobody_can_close(world: World, desk: Client):
    december = world.period(on(31, 12)).public_id
    refused = desk.post(reverse("billing:prepare", args=[december]))
    assert refused.status_code == 422
    assert "12月31日(木)" in refused.content.decode()
    assert 'type="submit">' not in refused.content.decode().split('class="dialog"')[1].split("</section>")[0]


def test_a_pdf_that_is_not_made_yet_leads_back_to_the_invoice(world: World, desk: Client):
    factories.charge(world.person, on=on(9))
    invoice = Invoice.objects.get(period=world.close())
    answer = desk.get(reverse("billing:invoice_pdf", args=[invoice.public_id]), follow=True)
    assert "PDFはまだできていません" in answer.content.decode()
    assert not Event.objects.filter(code="billing.invoice.downloaded").exists()


def test_an_admin_sees_only_the_invoices_of_their_office(world: World, sign_in):
    other = factories.office(name="中部支社")
    open_periods(factories.SETUP, until=on(2, 12))
    factories.charge(world.person, on=on(9))
    factories.charge(factories.person(of=factories.department(other)), on=on(9))
    own = Invoice.objects.get(period=world.close())
    foreign = Invoice.objects.get(period=world.close(office=other))
    admin = sign_in(factories.person(Role.ADMIN, of=world.department))

    listed = admin.get(reverse("billing:invoices")).content.decode()

    assert own.number in listed
    assert foreign.number not in listed
    assert admin.get(reverse("billing:invoice", args=[own.public_id])).status_code == 200
    for name in ("invoice", "invoice_pdf"):
        assert admin.get(reverse(f"billing:{name}", args=[foreign.public_id])).status_code == 404
    assert Event.objects.filter(code="audit.access.refused").count() == 1
    assert admin.get(reverse("billing:period", args=[world.period().public_id])).status_code == 404
    assert admin.get(reverse("billing:periods")).status_code == 403


def test_employees_reach_nothing_of_billing_and_auditors_close_nothing(world: World, sign_in):
    employee, auditor = sign_in(world.person), sign_in(factories.person(Role.AUDITOR))
    pk = world.period().public_id
    for name in ("periods", "invoices", "usage", "usage_csv"):
        assert employee.get(reverse(f"billing:{name}")).status_code == 403
    assert auditor.get(reverse("billing:period", args=[pk])).status_code == 200
    assert auditor.post(reverse("billing:close", args=[pk])).status_code == 404
    assert world.period().state == PeriodState.OPEN


def test_usage_shows_days_count_and_sum_and_keeps_what_was_typed(world: World, sign_in):
    admin = sign_in(factories.person(Role.ADMIN, of=world.department))
    factories.charge(world.person, amount=15640, on=on(9))
    factories.charge(factories.person(), amount=777, on=on(9))

    page = admin.get(reverse("billing:usage")).content.decode()
    wrong = admin.get(
        reverse("billing:usage"),
        {"first_y": "2026", "first_m": "11", "first_d": "31", "last_y": "2026", "last_m": "11", "last_d": "1"},
    )

    assert "1件 15,640円" in page
    assert "Shift_JISで表せない文字が 1字" in page
    assert wrong.status_code == 422
    assert "11月31日はありません" in wrong.content.decode()
    assert 'value="31"' in wrong.content.decode()


def test_the_csv_of_the_screen_is_streamed_for_the_actors_office_only(world: World, sign_in):
    admin = sign_in(factories.person(Role.ADMIN, of=world.department))
    factories.charge(world.person, amount=15640, on=on(9))
    stranger = factories.charge(factories.person(), amount=777, on=on(9))
    answer = admin.get(reverse("billing:usage_csv"))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert answer["Content-Disposition"] == 'attachment; filename="riyou-jokyo_20261101-20261130.csv"'
    assert "15640" in text
    assert stranger.person.name not in text
    foreign = {"office": str(factories.office().public_id)}
    assert admin.get(reverse("billing:usage_csv"), foreign).status_code == 404
    assert admin.get(reverse("billing:usage_csv"), {"office": "x"}).status_code == 404


@pytest.mark.parametrize("address", ["billing:periods", "billing:invoices", "billing:usage", "period"])
def test_queries_do_not_grow_with_rows(world: World, desk: Client, address: str):
    def add(count: int) -> None:
        for _ in range(count):
            trip = factories.trip(world.person, day=on(9))
            reservation = factories.reservation(trip)
            ride = factories.segment(reservation)
            factories.charge(world.person, on=on(9), reservation=reservation, segment=ride)
            office = factories.office()
            Period.objects.create(office=office, first_day=on(1), last_day=on(30))
            factories.charge(factories.person(of=factories.department(office)), on=on(9))
            world.close(office=office)

    def queries() -> int:
        url = reverse("billing:period", args=[world.period().public_id]) if address == "period" else reverse(address)
        return len(queries_of_page(desk, url + MONTH))

    add(3)
    few = queries()
    add(27)
    assert queries() == few


def test_the_home_page_offers_the_closing_to_the_desk(world: World, sign_in):
    from billing.queries import work_items

    factories.charge(world.person, on=on(9))
    [item] = work_items(world.desk)
    assert item.title == "2026年11月利用分の締め"
    assert item.url == reverse("billing:periods") + MONTH
    assert work_items(factories.acting(world.person)) == []
    factories.charge(world.person, on=on(9, 10))
    assert [item.title for item in work_items(world.desk)] == ["2026年10月利用分の締め", "2026年11月利用分の締め"]


def test_close_period_as_a_command(world: World, capsys: pytest.CaptureFixture[str]):
    factories.charge(world.person, amount=15640, on=on(9))
    arguments = ["close_period", "--office", world.office.code, "--month", "2026-11"]
    with pytest.raises(CommandError, match="準備"):
        call_command(*arguments, "--by", world.operator.login_id)
    world.prepare()
    call_command(*arguments, "--by", world.operator.login_id)
    call_command(*arguments)
    assert capsys.readouterr().out.count("2026-0001 15,640円") == 2
    with pytest.raises(CommandError, match="12月31日"):
        call_command("close_period", "--office", world.office.code, "--month", "2026-12")
    with pytest.raises(CommandError, match="no office"):
        call_command("close_period", "--office", "NOWHERE", "--month", "2026-11")


def test_usage_csv_as_a_command(world: World, tmp_path, capsys: pytest.CaptureFixture[str]):
    factories.charge(world.person, amount=15640, on=on(9))
    out = tmp_path / "usage.csv"
    call_command("usage_csv", "--month", "2026-11", "--out", str(out), "--by", world.operator.login_id)
    assert "15640" in out.read_text(encoding="utf-8-sig")
    assert "1 rows" in capsys.readouterr().out
    with pytest.raises(CommandError, match="権限"):
        call_command("usage_csv", "--month", "2026-11", "--out", str(out), "--by", world.person.login_id)
