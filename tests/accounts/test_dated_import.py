"""Dated rows as a file: what is taken out comes in again, bad lines are told, and nothing is written unasked."""

import csv
import datetime as dt
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.errors import FileChanged
from accounts.models import OfficeDetails, Role
from accounts.queries import dated_import
from accounts.queries.dated_import import preview_import
from accounts.services import add_dated_row, download_dated_rows, import_dated_rows
from audit.models import Event
from booking.models import RailFareRule, TaxRule
from booking.services.reference import load_reference_table
from lib import clock, registry
from lib.csvfiles import UnreadableFile
from lib.datedtables import Sheet
from lib.errors import NotPermitted
from tests import factories
from tests.factories import SETUP, START, acting
from tests.signin import sign_in

pytestmark = pytest.mark.django_db
HEAD = "種別,税区分,初日,末日,出典,確度"
DAY = dt.timedelta(days=1)


def taxes():
    return registry.dated_tables["tax-classes"]


def soon(days: int = 30) -> str:
    return (clock.today() + days * DAY).isoformat()


def file_of(*lines: str, head: str = HEAD, encoding: str = "utf-8") -> bytes:
    return "\r\n".join([head, *lines, ""]).encode(encoding)


def outcomes(content: bytes) -> list[str]:
    return [line.outcome for line in preview_import(Sheet(taxes()), content).lines]


def spans() -> list[tuple]:
    return [(row.kind, row.tax_class, str(row.first_day), row.last_day) for row in TaxRule.objects.order_by("valid")]


@pytest.fixture
def fare():
    values = {"kind": "fare", "tax_class": "standard"}
    return add_dated_row(SETUP, taxes(), values=values, first=START, source="告示", confidence="high")


@pytest.fixture
def desk(client):
    return sign_in(client, factories.person(Role.OPERATOR))


def upload(desk, content: bytes, *, name: str = "rows.csv", slug: str = "tax-classes", **more):
    body = {"file": SimpleUploadedFile(name, content), **more}
    return desk.post(reverse("accounts:table_import", args=[slug]), body)


def confirm(desk, preview_page: str, **changes):
    fields = dict(
        re.findall(r'<input type="hidden" name="(content|digest|leave_out_bad)" value="([^"]*)"', preview_page)
    )
    here = reverse("accounts:table_import", args=["tax-classes"])
    return desk.post(here, {**fields, "step": "write", **changes}, follow=True)


# -- What becomes of lines ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_file_is_read_in_each_encoding_that_spreadsheets_write(fare, encoding):
    content = file_of(f"運賃・料金,8%,{soon()},,改正法,高", f"室料,不課税,{soon()},,通達,中", encoding=encoding)
    import_dated_rows(SETUP, taxes(), content=content)
    assert [row[:2] for row in spans()] == [("fare", "standard"), ("fare", "reduced"), ("room", "outside")]
    assert TaxRule.objects.get(kind="room").source == "通達"


@pytest.mark.parametrize("day", ["2026/12/5", "2026-12-05", "2026年12月5日", "２０２６/１２/０５"])
def test_days_are_read_as_people_and_spreadsheets_write_them(day):
    assert outcomes(file_of(f"室料,10%,{day},,通達,高")) == ["added"]


def test_codes_are_taken_for_their_words_too():
    assert outcomes(file_of(f"room,outside,{soon()},,通達,low")) == ["added"]


def test_columns_may_stand_in_any_order_and_others_are_left_alone(fare):
    assert outcomes(
        file_of(f"高,{soon()},8%,運賃・料金,,改正法,よそ", head="確度,初日,税区分,種別,末日,出典,メモ")
    ) == ["added"]


def test_a_new_row_ends_the_present_one_and_the_second_time_nothing_changes(fare):
    content = file_of("運賃・料金,10%,2024-07-01,,告示,高", f"運賃・料金,8%,{soon()},,改正法,高")
    assert outcomes(content) == ["unchanged", "added"]
    import_dated_rows(SETUP, taxes(), content=content)
    before = spans()
    assert before[0][3] == clock.today() + 29 * DAY
    assert outcomes(content) == ["unchanged", "unchanged"]
    import_dated_rows(SETUP, taxes(), content=content)
    assert spans() == before


def test_a_last_day_that_was_written_in_ends_the_row(fare):
    content = file_of(f"運賃・料金,10%,2024-07-01,{soon()},告示,高")
    assert outcomes(content) == ["ended"]
    import_dated_rows(SETUP, taxes(), content=content)
    assert spans()[0][3] == clock.today() + 30 * DAY
    assert Event.objects.filter(code="accounts.dated.ended").count() == 1


def test_an_ended_row_is_not_opened_again_and_none_is_edited(fare):
    import_dated_rows(SETUP, taxes(), content=file_of(f"運賃・料金,10%,2024-07-01,{soon()},告示,高"))
    assert outcomes(file_of("運賃・料金,10%,2024-07-01,,告示,高")) == ["bad"]
    assert outcomes(file_of("運賃・料金,8%,2024-07-01,,告示,高")) == ["bad"]
    assert outcomes(file_of("運賃・料金,10%,2024-07-01,,別の出典,高")) == ["bad"]


def test_lines_of_one_subject_take_effect_by_day_whatever_their_order(fare):
    lines = [f"運賃・料金,不課税,{soon(60)},,法,高", f"運賃・料金,8%,{soon(30)},,法,高"]
    import_dated_rows(SETUP, taxes(), content=file_of(*lines))
    rows = [(row[1], row[3]) for row in spans()]
    today = clock.today()
    assert rows == [("standard", today + 29 * DAY), ("reduced", today + 59 * DAY), ("outside", None)]


def test_two_lines_for_one_day_are_one_row_and_one_mistake():
    assert outcomes(file_of(f"室料,10%,{soon()},,法,高", f"室料,8%,{soon()},,法,高")) == ["added", "bad"]
    assert outcomes(file_of(f"室料,10%,{soon()},,法,高", f"室料,10%,{soon()},,法,高")) == ["added", "unchanged"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("室,10%,2026-12-01,,法,高", "種別"),
        ("室料,20%,2026-12-01,,法,高", "税区分"),
        ("室料,10%,,,法,高", "初日を入力"),
        ("室料,10%,1月,,法,高", "2026-04-01 の形"),
        ("室料,10%,2026-02-30,,法,高", "2026-04-01 の形"),
        ("室料,10%,2026-12-01,2026-11-30,法,高", "初日以後"),
        ("室料,10%,2026-12-01,,,高", "出典を入力"),
        ("室料,10%,2026-12-01,,法", "確度"),
        ("室料,10%,2026-12-01,,法\u202e,高", "U+202E"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_reason(line, reason):
    preview = preview_import(Sheet(taxes()), file_of(f"配送料,10%,{soon()},,法,高", line))
    assert [found.outcome for found in preview.lines] == ["added", "bad"]
    assert preview.lines[1].number == 3
    assert reason in preview.lines[1].detail


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00\x01",
        file_of(),
        file_of("室料,10%", head="種別,税区分"),
        b'"open,\r\n',
        HEAD.encode("utf-16"),
    ],
)
def test_what_is_no_file_of_the_table_is_refused_as_a_whole(content):
    with pytest.raises(UnreadableFile):
        preview_import(Sheet(taxes()), content)


def test_a_file_with_too_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr(dated_import, "MAX_ROWS", 1)
    with pytest.raises(UnreadableFile, match="1行を超えています"):
        preview_import(Sheet(taxes()), file_of(f"室料,10%,{soon()},,法,高", f"配送料,10%,{soon()},,法,高"))


# -- Writing -----------------------------------------------------------------------------------------------------------
def test_bad_lines_stop_everything_unless_the_person_leaves_them_out(fare):
    content = file_of(f"室料,10%,{soon()},,法,高", "室,10%,2026-12-01,,法,高")
    with pytest.raises(FileChanged, match="誤りのある行が1行"):
        import_dated_rows(SETUP, taxes(), content=content)
    assert len(spans()) == 1
    import_dated_rows(SETUP, taxes(), content=content, leave_out_bad=True)
    assert len(spans()) == 2
    assert Event.objects.filter(code="accounts.dated.added").count() == 2
    assert Event.objects.filter(code="accounts.dated.imported").count() == 1


def test_a_table_that_changed_after_the_preview_is_looked_at_again(fare):
    content = file_of(f"運賃・料金,8%,{soon()},,改正法,高")
    digest = preview_import(Sheet(taxes()), content).digest
    values = {"kind": "fare", "tax_class": "outside"}
    today = clock.today()
    add_dated_row(SETUP, taxes(), values=values, first=today + 10 * DAY, source="法", confidence="high")
    with pytest.raises(FileChanged):
        import_dated_rows(SETUP, taxes(), content=content, digest=digest)


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.ADMIN, Role.AUDITOR])
def test_nobody_but_an_operator_imports(role):
    content = file_of(f"室料,10%,{soon()},,法,高")
    with pytest.raises(NotPermitted):
        import_dated_rows(acting(factories.person(role)), taxes(), content=content)


def test_what_a_spreadsheet_would_run_is_taken_out_harmless_and_comes_back_as_it_was():
    office = factories.office(name="=HYPERLINK(1)")
    OfficeDetails.objects.filter(office=office).update(source="-cmd", address="＠本町")
    table = registry.dated_tables["offices"]
    text = download_dated_rows(SETUP, table)
    cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "-", "＠"))]
    assert preview_import(Sheet(table), text.encode()).counts == {"unchanged": 1}


@pytest.mark.parametrize("slug", ["issuers", "contract-terms", "offices", "tax-classes"])
def test_every_table_that_is_taken_out_comes_in_again_unchanged(slug, fare):
    factories.contract()
    factories.office(name="九州支社")
    table = registry.dated_tables[slug]
    preview = preview_import(Sheet(table), b"\xef\xbb\xbf" + download_dated_rows(SETUP, table).encode())
    assert preview.counts == {"unchanged": 1}, [line.detail for line in preview.lines]


def test_the_rail_tariff_comes_in_again_unchanged():
    load_reference_table(SETUP, "rail_fares")
    table = registry.dated_tables["rail-fares"]
    preview = preview_import(Sheet(table), download_dated_rows(SETUP, table).encode())
    assert preview.counts == {"unchanged": RailFareRule.objects.count()}, [line.detail for line in preview.notable][:5]


# -- The pages ---------------------------------------------------------------------------------------------------------
def test_a_file_is_previewed_first_and_written_when_confirmed(desk, fare):
    answer = upload(desk, file_of(f"運賃・料金,8%,{soon()},,改正法,高", "運賃・料金,10%,2024-07-01,,告示,高"))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "追加 1行、終了 0行、変更なし 1行、誤り 0行" in page
    assert len(spans()) == 1
    done = confirm(desk, page)
    assert "取り込みました。追加 1行、終了 0行。" in done.content.decode()
    assert len(spans()) == 2


def test_bad_lines_are_listed_and_the_rest_goes_in_when_the_person_says_so(desk):
    page = upload(desk, file_of("室,10%,2026-12-01,,法,高", f"配送料,10%,{soon()},,法,高")).content.decode()
    assert "誤りのある行があります" in page
    assert "誤りのある行を除いて 1行を取り込む" in page
    confirm(desk, page)
    assert [row[0] for row in spans()] == ["delivery"]


def test_a_file_without_any_good_news_offers_no_button(desk, fare):
    page = upload(desk, file_of("運賃・料金,10%,2024-07-01,,告示,高")).content.decode()
    assert "変わる行はありません" in page
    assert 'value="write"' not in page


def test_a_file_that_cannot_be_read_says_why_and_changes_nothing(desk):
    answer = upload(desk, b"\xff\xfe\x00\x01")
    assert answer.status_code == 422
    assert "CSVとして読めませんでした" in answer.content.decode()
    assert upload(desk, file_of("x"), name="rows.xlsx").status_code == 422
    answer = desk.post(reverse("accounts:table_import", args=["tax-classes"]), {"content": "???", "step": "write"})
    assert answer.status_code == 422


def test_a_stale_confirmation_is_refused_in_words(desk, fare):
    page = upload(desk, file_of(f"室料,10%,{soon()},,法,高")).content.decode()
    answer = confirm(desk, page, digest="0" * 64)
    assert answer.status_code == 422
    assert "確認のあとで表が変わりました" in answer.content.decode()
    assert len(spans()) == 1


def test_a_download_has_a_bom_and_is_recorded(desk, fare):
    answer = desk.get(reverse("accounts:table_export", args=["tax-classes"]))
    assert answer.content.startswith(b"\xef\xbb\xbf")
    text = answer.content.decode("utf-8-sig")
    assert text.splitlines() == [HEAD, "運賃・料金,10%,2024-07-01,,告示,高"]
    assert 'filename="tax-classes_' in answer["Content-Disposition"]
    assert Event.objects.filter(code="accounts.dated.downloaded").count() == 1
