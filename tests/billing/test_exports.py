"""An invoice and the ledger as files: what stands in them, who may take them, what is recorded, and that no cell runs."""

import csv
import datetime as dt
import hashlib
import io
import json
import tracemalloc
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import transaction
from django.test import Client
from django.urls import reverse
from jsonschema import Draft202012Validator

from accounts.models import Role
from accounts.services import set_membership
from audit.models import Event
from billing.models import Invoice, InvoiceCorrection
from billing.queries import LEDGER_COLUMNS, LINE_COLUMNS, LedgerFilter, exported_lines, ledger_preview
from billing.queries import exports as exported
from billing.rules.sheets import Sheet, write_workbook
from billing.services import InvoiceFormat, download_invoice, download_ledger, exports, open_periods
from booking.models import Charge, ChargeKind, ChargeSource, Nature, TaxClass
from booking.services.corrections import transfer_charge
from booking.services.ledger import reverse_charge
from lib import clock
from lib.errors import NotPermitted
from tests import factories
from tests.billing.world import World, go_to

pytestmark = pytest.mark.django_db
NOVEMBER = LedgerFilter(dt.date(2026, 11, 1), dt.date(2026, 11, 30))
SCHEMA = Path(settings.BASE_DIR) / "docs" / "verify-invoice" / "invoice-twin.schema.json"
HOSTILE = ["=cmd|' /C calc'!A0", "+81", "-2+3", "@SUM(A1)", "＝1", "＠x", "𠮷田 髙﨑"]


def on(day: int, month: int = 11) -> dt.date:
    return dt.date(2026, month, day)


def content(invoice: Invoice, form: InvoiceFormat, actor=factories.SETUP) -> bytes:
    return b"".join(download_invoice(actor, invoice, form=form).chunks)


def streamed(answer) -> bytes:
    return b"".join(answer.streaming_content)


def csv_rows(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def twin_of(invoice: Invoice) -> dict:
    twin = json.loads(content(invoice, InvoiceFormat.TWIN))
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(twin)] == []
    return twin


def workbook_of(invoice: Invoice) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content(invoice, InvoiceFormat.XLSX)))


def ledger_rows(actor=factories.SETUP, wanted: LedgerFilter = NOVEMBER) -> list[dict[str, str]]:
    return csv_rows(b"".join(download_ledger(actor, wanted).chunks))


@pytest.fixture
def invoice(world: World) -> Invoice:
    """November with a booked flight of 40,160 yen."""
    ride = factories.reservation(factories.trip(world.person, day=on(9)))
    factories.charge(world.person, on=on(9), issued_on=on(20, 10), reservation=ride, segment=factories.segment(ride))
    return world.close().invoice


def test_csv_has_a_row_per_line_with_every_fact(invoice: Invoice):
    raw = content(invoice, InvoiceFormat.CSV)
    [row] = csv_rows(raw)
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == 2
    assert list(row) == list(LINE_COLUMNS)
    shown = ("行", "利用日", "基準", "利用者", "区間・宿泊先", "金額", "税区分", "取扱い")
    assert [row[name] for name in shown] == [
        "1", "2026-11-09", "乗車日・搭乗日", "宮﨑 𠮷彦", "羽田 → 福岡", "40160", "10%", "自社売上",
    ]  # fmt: skip
    assert row["費用ID"] == str(Charge.objects.get().public_id)


def test_the_workbook_has_the_face_and_the_lines_with_days_and_yen_as_such(invoice: Invoice):
    book = workbook_of(invoice)
    assert book.sheetnames == ["請求書", "明細"]
    face = {row[0].value: row[1] for row in book["請求書"].iter_rows() if row[0].value}
    assert face["請求書番号"].value == invoice.number
    assert face["登録番号"].value == "T1234567890123"
    assert (face["10％ 対象"].value, face["10％ 対象"].number_format) == (40160, "#,##0")
    assert face["ご請求金額"].value == 40160
    lines = book["明細"]
    header, line = list(lines.iter_rows())
    cells = dict(zip([cell.value for cell in header], line, strict=True))
    assert lines.freeze_panes == "A2"
    assert cells["利用日"].value.date() == on(9)
    assert cells["利用日"].is_date
    assert (cells["金額"].value, cells["金額"].number_format) == (40160, "#,##0")
    assert cells["ログインID"].data_type == "s", "a number that is a name keeps its zeros"
    assert lines.column_dimensions["L"].width == LINE_COLUMNS["区間・宿泊先"]


def test_the_twin_says_what_stands_on_the_invoice(world: World, invoice: Invoice):
    twin = twin_of(invoice)
    assert (twin["schema"], twin["sums"]) == ("invoice-twin/1", {"count": 1, "total": 40160})
    told = twin["invoice"]
    assert (told["number"], told["total"], told["tax"], told["carried"]) == (invoice.number, 40160, 3650, 0)
    assert told["period"] == {"first": "2026-11-01", "last": "2026-11-30"}
    assert (told["previous"], told["closings"], told["carried_from"]) == (None, [], None)
    [line] = twin["lines"]
    assert line["charge"] == str(Charge.objects.get().public_id)
    assert (line["used_on"], line["rule"], line["late_for"], line["marks"]) == ("2026-11-09", "ride_date", None, [])
    assert line["person_login"] == world.person.login_id


def test_a_twin_names_the_closings_before_it_and_what_was_carried_over(world: World):
    factories.charge(world.person, amount=-5000, on=on(9))
    november = world.close().invoice
    go_to(on(1, 12).replace(year=2027, month=1))
    open_periods(factories.SETUP, until=on(31, 12))
    factories.charge(world.person, amount=3000, on=on(9, 12))
    december = world.close(on(31, 12)).invoice
    told = twin_of(december)["invoice"]
    assert told["previous"] == told["closings"][-1]
    assert (told["previous"]["number"], told["previous"]["last"]) == (november.number, "2026-11-30")
    assert told["carried_from"] == {"number": november.number, "payable": -5000}
    assert (told["total"], told["carried"], told["payable"]) == (3000, -5000, -2000)
    assert twin_of(november)["invoice"]["closings"] == [], "what came later never shows in an earlier twin"


def test_a_negative_invoice_keeps_its_sign_in_every_format(world: World):
    factories.charge(world.person, amount=-40160, on=on(9), kind=ChargeKind.REFUND)
    invoice = world.close().invoice
    [row] = csv_rows(content(invoice, InvoiceFormat.CSV))
    assert (row["金額"], row["区分"]) == ("-40160", "返還")
    twin = twin_of(invoice)
    assert (twin["invoice"]["payable"], twin["lines"][0]["marks"]) == (-40160, ["返還"])
    face = {row[0].value: row[1].value for row in workbook_of(invoice)["請求書"].iter_rows() if row[0].value}
    assert (face["ご請求金額"], face["支払期限"]) == (-40160, "お支払いは不要です")


def test_an_invoice_of_zero_yen_has_its_lines(world: World):
    factories.charge(world.person, amount=500, on=on(9))
    factories.charge(world.person, amount=-500, on=on(9))
    invoice = world.close().invoice
    assert len(csv_rows(content(invoice, InvoiceFormat.CSV))) == 2
    assert twin_of(invoice)["sums"] == {"count": 2, "total": 0}
    assert workbook_of(invoice)["明細"].max_row == 3


def test_a_corrected_face_shows_in_what_leaves_afterwards_and_sums_do_not(world: World, invoice: Invoice):
    face = {**invoice.face, "recipient": {**invoice.face["recipient"], "address": "福岡市博多区"}}
    InvoiceCorrection.objects.create(
        invoice=invoice, position=1, face=face, changes=[{"field": "recipient.address"}], reason="移転",
        asked_by=world.operator, decided_by=world.person, corrected_on=on(3, 12), created_at=clock.now(),
    )  # fmt: skip
    told = twin_of(invoice)["invoice"]
    assert (told["recipient"]["address"], told["total"]) == ("福岡市博多区", 40160)
    assert told["corrections"][0]["reason"] == "移転"
    assert "福岡市博多区" in str([row[1].value for row in workbook_of(invoice)["請求書"].iter_rows()])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_leave_as_text_in_every_format(world: World, name: str):
    person = factories.person(of=factories.department(world.office, name=name), name=name)
    factories.charge(person, on=on(9), description=name, reference=name)
    invoice = world.close().invoice
    safe = name if name.startswith("𠮷") else f"'{name}"
    [row] = csv_rows(content(invoice, InvoiceFormat.CSV))
    assert [row[column] for column in ("利用者", "所属", "区間・宿泊先", "予約番号")] == [safe] * 4
    header, line = list(workbook_of(invoice)["明細"].iter_rows())
    cells = dict(zip([cell.value for cell in header], line, strict=True))
    assert (cells["利用者"].value, cells["利用者"].data_type) == (name, "s")
    assert cells["利用者"].quotePrefix == (name != safe)
    assert twin_of(invoice)["lines"][0]["person_name"] == name
    [entry] = ledger_rows()
    assert [entry[column] for column in ("利用者", "所属", "内容", "予約番号")] == [safe] * 4


def test_what_no_sheet_can_hold_is_left_out_of_a_cell():
    file = io.BytesIO()
    write_workbook(file, [Sheet("一", (5,), [["a\x00b\x0bc", "", None, 0]])])
    [row] = openpyxl.load_workbook(file)["一"].iter_rows(values_only=True)
    assert row == ("abc", None, None, 0)


def test_more_lines_than_a_sheet_holds_are_refused_with_a_way_out(
    world: World, invoice: Invoice, desk: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(exports, "MOST_ROWS", 0)
    answer = desk.get(reverse("billing:invoice_xlsx", args=[invoice.public_id]), follow=True)
    assert "CSVかJSONを取ってください" in answer.content.decode()
    assert not Event.objects.filter(code="billing.invoice_data.downloaded").exists()


@pytest.mark.parametrize("form", InvoiceFormat)
def test_a_download_of_an_invoice_is_recorded_with_rows_and_hash(
    world: World, invoice: Invoice, desk: Client, form: InvoiceFormat
):
    answer = desk.get(reverse(f"billing:invoice_{form.value}", args=[invoice.public_id]))
    body = streamed(answer)
    assert answer["Content-Disposition"] == f'attachment; filename="seikyusho-{invoice.number}.{form.value}"'
    assert "no-store" in answer["Cache-Control"]
    event = Event.objects.get(code="billing.invoice_data.downloaded", about__object_id=invoice.public_id)
    data = json.loads(bytes(event.canonical))["data"]
    expected = {"number": invoice.number, "format": form.value, "rows": 1, "sha256": hashlib.sha256(body).hexdigest()}
    assert data == expected
    assert event.actor_id == world.operator.public_id


def test_a_long_file_is_streamed_without_a_hash(world: World, invoice: Invoice, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exports, "HELD_ROWS", 0)
    file = download_invoice(world.desk, invoice, form=InvoiceFormat.CSV)
    assert file.sha256 == ""
    assert len(csv_rows(b"".join(file.chunks))) == 1


def test_whoever_may_not_read_invoices_gets_none(world: World, invoice: Invoice):
    traveller = factories.acting(world.person)
    with pytest.raises(NotPermitted):
        download_invoice(traveller, invoice, form=InvoiceFormat.CSV)
    with pytest.raises(NotPermitted):
        download_ledger(traveller, NOVEMBER)


def test_a_billing_contact_gets_the_own_offices_invoice_and_ledger_only(world: World, invoice: Invoice, sign_in):
    contact = sign_in(factories.person(Role.BILLING, of=world.department))
    stranger = sign_in(factories.person(Role.BILLING, of=factories.department()))
    for form in InvoiceFormat:
        address = reverse(f"billing:invoice_{form.value}", args=[invoice.public_id])
        assert streamed(contact.get(address))
        assert stranger.get(address).status_code == 404
        assert Client().get(address).status_code == 302
    ledger = reverse("billing:ledger_csv")
    office = {"office": str(world.office.public_id)}
    assert len(csv_rows(streamed(contact.get(ledger, office)))) == 1
    assert csv_rows(streamed(stranger.get(ledger))) == []
    assert stranger.get(ledger, office).status_code == 404


def test_the_page_of_an_invoice_leads_to_its_files_and_to_the_help(invoice: Invoice, desk: Client):
    page = desk.get(reverse("billing:invoice", args=[invoice.public_id])).content.decode()
    for form in InvoiceFormat:
        assert reverse(f"billing:invoice_{form.value}", args=[invoice.public_id]) in page
    assert f"{reverse('config:help')}#verify" in page
    help_page = desk.get(reverse("config:help")).content.decode()
    for name in ("verify_invoice.py", "README.md", "invoice-twin.schema.json"):
        assert f"/static/verify-invoice/{name}" in help_page
        assert finders.find(f"verify-invoice/{name}")


# -- the ledger ----------------------------------------------------------------------------------------------------------


def test_a_row_of_the_ledger_has_codes_words_and_the_department_of_the_day(world: World):
    trip = factories.trip(world.person, day=on(9))
    ride = factories.reservation(trip, settlement="self")
    charge = factories.charge(world.person, on=on(9), issued_on=on(20, 10), reservation=ride)
    membership = world.person.memberships.get()
    [row] = ledger_rows()
    assert list(row) == list(LEDGER_COLUMNS)
    assert list(row.values()) == [
        str(charge.public_id), "fare", "運賃・料金", "40160", "standard", "own", "jal_online",
        "2026-11-09", "2026-11-09", "2026-10-20", "2026-11-09", "ride_date", "JAL 313 羽田→福岡",
        world.person.login_id, "宮﨑 𠮷彦", world.department.code, "総務企画部", "2024-07-01", "",
        f"{membership.recorded_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}", world.office.code, "self",
        ride.number, trip.number, "supplier", "", "", f"{charge.recorded_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
    ]  # fmt: skip


def test_the_department_is_the_one_of_the_day_of_use(world: World):
    factories.charge(world.person, on=on(9))
    factories.charge(world.person, on=on(20))
    to = factories.department()
    set_membership(factories.SETUP, world.person, department=to, first=on(15), source="異動")
    before, after = ledger_rows()
    assert (before["所属コード"], before["所属の末日"]) == (world.department.code, "2026-11-14")
    assert (after["所属コード"], after["所属の初日"], after["拠点コード"]) == (to.code, "2026-11-15", to.office.code)


def test_what_goes_back_to_a_charge_comes_with_it_whatever_its_day(world: World):
    charge = factories.charge(world.person, on=on(9, 9), source=ChargeSource.SUPPLIER)
    other = factories.office()
    with transaction.atomic():
        out, back = transfer_charge(factories.SETUP, charge, billed=other)
        second, _ = transfer_charge(factories.SETUP, back, billed=world.office)
        factories.charge(world.person, on=on(9))
        reversal = reverse_charge(factories.SETUP, charge, source=ChargeSource.OPERATOR)
    september = LedgerFilter(on(1, 9), on(30, 9), other)
    found = {row["費用ID"]: row for row in ledger_rows(wanted=september)}
    assert {str(row.public_id) for row in (charge, out, back, second, reversal)} <= set(found)
    assert len(found) == 6
    assert found[str(out.public_id)]["拠点コード"] == other.code
    assert found[str(out.public_id)]["元の費用ID"] == str(charge.public_id)
    assert found[str(reversal.public_id)]["関係"] == "reversal"


def test_a_sum_without_a_person_names_its_office(world: World):
    factories.charge(world.person, on=on(9), kind=ChargeKind.ONE_OFF, tax_class=TaxClass.STANDARD, nature=Nature.OWN)
    charge = Charge.objects.get()
    fields = {
        f.attname: getattr(charge, f.attname) for f in Charge._meta.concrete_fields if f.name not in {"id", "public_id"}
    }
    Charge.objects.create(**{**fields, "person_id": None, "office_id": world.office.pk})
    row = ledger_rows()[1]
    assert (row["ログインID"], row["所属コード"], row["拠点コード"]) == ("", "", world.office.code)


def test_somebody_without_a_department_shows_only_to_those_who_read_everything(world: World):
    newcomer = factories.person(of=world.department, first=on(20))
    factories.charge(newcomer, on=on(9))
    [row] = ledger_rows(world.desk)
    assert (row["所属コード"], row["拠点コード"]) == ("", "")
    assert ledger_rows(factories.acting(factories.person(Role.ADMIN, of=world.department))) == []


def test_the_page_shows_the_first_rows_of_the_file_with_count_and_sum(world: World, desk: Client):
    for amount in (1000, 2000, -300):
        factories.charge(world.person, amount=amount, on=on(9))
    page = desk.get(reverse("billing:ledger")).content.decode()
    assert "3件 2,700円" in page
    preview = ledger_preview(world.desk, NOVEMBER, 2)
    assert preview.count == 3
    assert [list(map(str, row)) for row in preview.rows] == [list(row.values()) for row in ledger_rows()[:2]]


def test_days_in_the_wrong_order_are_said_and_give_no_file(desk: Client):
    days = {"first_y": 2026, "first_m": 11, "first_d": 30, "last_y": 2026, "last_m": 11, "last_d": 1, "office": ""}
    for name in ("billing:ledger", "billing:ledger_csv"):
        answer = desk.get(reverse(name), days)
        assert answer.status_code == 422
        assert "期間の末日は、初日以後の日にしてください。" in answer.content.decode()
    assert not Event.objects.filter(code="billing.ledger.downloaded").exists()


def test_a_download_of_the_ledger_is_recorded_with_filter_rows_and_hash(world: World, desk: Client):
    factories.charge(world.person, on=on(9))
    body = streamed(desk.get(reverse("billing:ledger_csv"), {"office": str(world.office.public_id)}))
    event = Event.objects.get(code="billing.ledger.downloaded")
    assert json.loads(bytes(event.canonical))["data"] == {
        "first": "2026-04-01", "last": "2026-11-30", "rows": 1, "sha256": hashlib.sha256(body).hexdigest(),
    }  # fmt: skip
    assert event.about.filter(object_id=world.office.public_id).exists()


@pytest.mark.parametrize("kind", ["csv", "json", "ledger"])
def test_memory_does_not_grow_with_the_rows(world: World, monkeypatch: pytest.MonkeyPatch, kind: str):
    monkeypatch.setattr(exports, "HELD_ROWS", 0)
    monkeypatch.setattr(exported, "CHUNK", 200)
    monkeypatch.setattr(exports, "CHUNK", 200)
    first = factories.charge(world.person, on=on(9))
    fields = {
        f.attname: getattr(first, f.attname) for f in Charge._meta.concrete_fields if f.name not in {"id", "public_id"}
    }

    def add(count: int, day: dt.date) -> None:
        days = {"used_on": day, "billing_on": day}
        Charge.objects.bulk_create(Charge(**{**fields, **days}) for _ in range(count))

    def peak(chunks) -> int:
        tracemalloc.start()
        for _ in chunks:
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    if kind == "ledger":
        add(800, on(9))
        few = peak(download_ledger(world.desk, NOVEMBER).chunks)
        add(2400, on(9))
        assert peak(download_ledger(world.desk, NOVEMBER).chunks) < few * 2
        return
    form = InvoiceFormat(kind)
    add(800, on(9, 10))
    few = peak(download_invoice(world.desk, world.close(on(31, 10)).invoice, form=form).chunks)
    add(3200, on(9))
    november = world.close().invoice
    assert sum(1 for _ in exported_lines(november)) > 3200
    assert peak(download_invoice(world.desk, november, form=form).chunks) < few * 2
