"""Usage data as a file: rows, encodings, cells that no spreadsheet runs, memory that does not grow."""

import csv
import datetime as dt
import io
import tracemalloc

import pytest

from accounts.models import Role
from accounts.services import set_membership
from audit.models import Event
from billing.models import UsageDownload
from billing.queries import COLUMNS, Basis, UsageFilter, usage_charges, usage_preview
from billing.services import CP932, UTF8, download_usage
from booking.models import Settlement
from lib.csvfiles import csv_line, neutral, to_cp932, unfit
from lib.errors import NotPermitted
from tests import factories
from tests.billing.world import World

pytestmark = pytest.mark.django_db
NOVEMBER = UsageFilter(dt.date(2026, 11, 1), dt.date(2026, 11, 30))


def on(day: int, month: int = 11) -> dt.date:
    return dt.date(2026, month, day)


def rows_of(actor, wanted: UsageFilter = NOVEMBER, encoding: str = UTF8) -> list[dict[str, str]]:
    raw = b"".join(download_usage(actor, wanted, encoding=encoding).chunks)
    text = raw.decode("utf-8-sig" if encoding == UTF8 else CP932)
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_row_tells_who_went_where_for_how_much(world: World):
    trip = factories.trip(world.person, day=on(9), purpose="団地再生協議")
    reservation = factories.reservation(trip)
    ride = factories.segment(reservation)
    factories.charge(world.person, on=on(9), issued_on=on(20, 10), reservation=reservation, segment=ride)
    world.close()

    [row] = rows_of(world.desk)

    assert list(row) == list(COLUMNS)
    assert list(row.values()) == [
        "2026-11-09",
        "九州支社",
        "総務企画部",
        "宮﨑 𠮷彦",
        world.person.login_id,
        trip.number,
        "団地再生協議",
        "JALオンライン",
        reservation.number,
        "羽田 → 福岡",
        "運賃・料金 JAL 313",
        "40160",
        "10%",
        "一括請求",
        "2026-10-20",
        "2026-0001",
        "請求済",
    ]


def test_utf8_begins_with_a_mark_for_spreadsheets_and_lines_end_in_crlf(world: World):
    factories.charge(world.person, on=on(9))
    raw = b"".join(download_usage(world.desk, NOVEMBER, encoding=UTF8).chunks)
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == 2


def test_shift_jis_shows_what_it_cannot_hold_as_geta_and_counts_it(world: World):
    factories.charge(world.person, on=on(9))
    file = download_usage(world.desk, NOVEMBER, encoding=CP932)
    text = b"".join(file.chunks).decode("cp932")
    assert "宮﨑 〓彦" in text
    assert file.replaced == 1
    assert usage_preview(world.desk, NOVEMBER, 50).unfit == 1


@pytest.mark.parametrize("bad", ["=1+1", "+81", "-1", "@SUM(A1)", "\tx", "\rx", "＝1", "＋1", "－1", "＠x"])
def test_cells_that_a_spreadsheet_would_run_are_made_harmless(bad: str):
    assert neutral(bad) == f"'{bad}"


def test_numbers_stay_numbers_and_text_stays_text():
    assert neutral(-15640) == "-15640"
    assert csv_line(["羽田 → 福岡", -1, 'a"b', "x,y"]) == '羽田 → 福岡,-1,"a""b","x,y"\r\n'
    assert (to_cp932("髙﨑𠮷"), unfit("髙﨑𠮷"), unfit("髙﨑")) == ("髙﨑〓".encode("cp932"), 1, 0)


def test_names_with_formulas_leave_as_text(world: World):
    factories.charge(factories.person(of=world.department, name="=HYPERLINK(1)"), amount=-5, on=on(9))
    [row] = rows_of(world.desk)
    assert row["利用者"] == "'=HYPERLINK(1)"
    assert row["金額"] == "-5"


def test_the_period_means_the_travel_date_or_the_billing_date(world: World):
    factories.charge(world.person, amount=1, on=on(30, 10), billing_on=on(1))
    factories.charge(world.person, amount=2, on=on(1), billing_on=on(31, 10))
    by_billing = UsageFilter(NOVEMBER.first, NOVEMBER.last, Basis.BILLED)
    assert [row["金額"] for row in rows_of(world.desk)] == ["2"]
    assert [row["金額"] for row in rows_of(world.desk, by_billing)] == ["1"]


def test_what_the_traveller_paid_is_listed_as_such(world: World):
    reservation = factories.reservation(factories.trip(world.person, day=on(9)), settlement=Settlement.SELF)
    factories.charge(world.person, on=on(9), reservation=reservation)
    [row] = rows_of(world.desk)
    assert (row["支払"], row["状態"], row["請求書番号"]) == ("本人立替", "請求しない", "")


def test_a_billed_row_keeps_the_office_that_paid(world: World):
    factories.charge(world.person, on=on(9))
    world.close()
    other = factories.department(factories.office(name="中部支社"))
    set_membership(factories.SETUP, world.person, department=other, first=on(1), source="遅れて届いた異動")
    [row] = rows_of(world.desk)
    assert (row["拠点"], row["所属"]) == ("九州支社", "総務企画部")


def test_an_admin_reads_their_office_only_and_an_employee_nothing(world: World):
    factories.charge(world.person, amount=1, on=on(9))
    factories.charge(factories.person(), amount=2, on=on(9))
    admin = factories.acting(factories.person(Role.ADMIN, of=world.department))
    assert [row["金額"] for row in rows_of(admin)] == ["1"]
    assert [row["金額"] for row in rows_of(world.desk)] == ["1", "2"]
    with pytest.raises(NotPermitted):
        download_usage(factories.acting(world.person), NOVEMBER, encoding=UTF8)
    assert not usage_charges(factories.acting(world.person), NOVEMBER).exists()


def test_a_download_is_recorded_with_filter_and_rows(world: World):
    factories.charge(world.person, on=on(9))
    rows_of(world.desk)
    download = UsageDownload.objects.get()
    assert (download.rows, download.first_day, download.encoding) == (1, NOVEMBER.first, UTF8)
    assert download.person == world.operator
    assert Event.objects.filter(code="billing.usage.downloaded", about__object_id=download.public_id).exists()


def test_memory_does_not_grow_with_the_rows(world: World):
    def peak() -> int:
        chunks = download_usage(world.desk, NOVEMBER, encoding=UTF8).chunks
        tracemalloc.start()
        for _ in chunks:
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    def add(count: int) -> None:
        from booking.models import Charge

        first = factories.charge(world.person, on=on(9))
        fields = {f.attname: getattr(first, f.attname) for f in Charge._meta.concrete_fields}
        fields.pop("id")
        fields.pop("public_id")
        Charge.objects.bulk_create([Charge(**fields) for _ in range(count)])

    add(1500)
    few = peak()
    add(4500)
    assert peak() < few * 2
