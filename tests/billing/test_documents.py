"""The PDF of an invoice: what stands on it, in which fonts, and what happens when it cannot be made."""

import datetime as dt
import hashlib
import io
import os

import pypdf
import pytest

from accounts.models import Role
from audit.models import Event
from billing.documents import STATIC, Paper, invoice_html, invoice_pdf, is_static
from billing.errors import NothingPrinted
from billing.models import Invoice, InvoiceDocument
from billing.queries import document_in_force, paper_of, papers
from billing.services import make_document, take_document
from booking.models import SupplierNature
from lib import clock, durable
from lib.dated import between
from tests import factories
from tests.billing.papers import (
    correct,
    full_invoice,
    negative_invoice,
    on,
    one_off_invoice,
    text_of,
)
from tests.billing.world import World, go_to, make_world


def pango_is_missing() -> str:
    """Why PDFs cannot be drawn here: a normal user cannot install Pango, so the rest runs; CI may leave no test out."""
    if os.environ.get("CI"):
        return ""
    try:
        import weasyprint  # noqa: F401
    except OSError as error:
        return f"no Pango here: {error}"
    return ""


PANGO_MISSING = pango_is_missing()
needs_pango = pytest.mark.skipif(PANGO_MISSING != "", reason=PANGO_MISSING)


def original(invoice: Invoice) -> Paper:
    """What the original of an invoice shows."""
    return paper_of(document_in_force(invoice))


def fonts_of(pdf: bytes) -> set[str]:
    names = set()
    for page in pypdf.PdfReader(io.BytesIO(pdf)).pages:
        for font in page["/Resources"]["/Font"].values():
            found = font.get_object()
            for inner in found.get("/DescendantFonts", [found]):
                descriptor = inner.get_object()["/FontDescriptor"].get_object()
                assert {"/FontFile", "/FontFile2", "/FontFile3"} & descriptor.keys(), "a font is not embedded"
                names.add(str(descriptor["/FontName"]))
    return names


@needs_pango
@pytest.mark.django_db
def test_the_pdf_is_set_in_our_fonts_and_nothing_else(world: World):
    invoice = full_invoice(world)
    pdf = invoice_pdf(original(invoice))

    fonts = fonts_of(pdf)

    assert any("BIZ-UDPGothic" in name.replace("BIZUDPGothic", "BIZ-UDPGothic") for name in fonts), fonts
    assert any("Noto" in name for name in fonts), "𠮷 needs the fallback"
    assert not any("DejaVu" in name for name in fonts)


@needs_pango
@pytest.mark.django_db
def test_the_pdf_says_who_pays_what_to_whom(world: World):
    invoice = full_invoice(world)
    pdf = invoice_pdf(original(invoice))

    text = text_of(pdf)

    for words in (
        invoice.number,
        "宮﨑 𠮷彦",
        "髙橋 德子",
        "T1234567890123",
        "独立行政法人みらい都市機構",
        "九州支社 御中",
        "2026年11月1日〜11月30日",
        "羽田 → 福岡",
        "【返還】",
        "【10月利用分】",
        "元 2026-0001",
        "△41,800",
        "立替金の支払先",
        "1 / 2 ページ",
    ):
        assert words.replace(" ", "") in text, words
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert reader.metadata is not None
    assert reader.metadata.title.startswith(f"請求書 {invoice.number}")
    assert round(float(reader.pages[0].mediabox.width)) == 595


@needs_pango
@pytest.mark.django_db
def test_many_lines_go_over_pages_with_head_and_page_numbers(world: World):
    people = [factories.person(of=world.department) for _ in range(6)]
    for n in range(60):
        factories.charge(people[n % 6], amount=1000 + n, on=on(1 + n % 30))
    invoice = Invoice.objects.get(period=world.close())

    pdf = invoice_pdf(original(invoice))

    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    assert len(pages) > 2
    last = pages[-1].extract_text().replace(" ", "").replace("\n", "")
    assert f"{len(pages)}/{len(pages)}ページ" in last
    assert f"請求書{invoice.number}" in last
    assert "今回計" in last


@needs_pango
@pytest.mark.django_db
def test_a_negative_invoice_says_what_is_carried_and_that_nothing_is_to_be_paid(world: World):
    text = text_of(invoice_pdf(original(negative_invoice(world))))
    assert "今回計2△34,360△3,123" in text
    assert "前回繰越（請求書2026-0002）—△8,230" in text
    assert "ご請求金額（税込・差引）△42,590円" in text
    assert "差引ご請求金額△42,590" in text
    assert "お支払い不要です" in text
    assert "お支払期限" not in text


@needs_pango
@pytest.mark.django_db
def test_a_sum_of_zero_is_not_to_be_paid_and_carries_nothing(world: World):
    factories.charge(world.person, amount=8000, on=on(9))
    factories.charge(world.person, amount=-8000, on=on(10), kind="refund")
    text = text_of(invoice_pdf(original(Invoice.objects.get(period=world.close()))))
    assert "お支払い不要です" in text
    assert "繰り越します" not in text


@pytest.mark.django_db
def test_two_fiscal_years_stand_apart_with_their_sums_and_one_tax():
    go_to(dt.date(2027, 4, 22))
    world = make_world(until=dt.date(2027, 4, 22), closing_day=20)
    for amount, day in ((10007, dt.date(2027, 3, 31)), (10007, dt.date(2027, 4, 1))):
        factories.charge(world.person, amount=amount, on=day)
    invoice = Invoice.objects.get(period=world.close(dt.date(2027, 4, 20)))

    page = invoice_html(original(invoice))

    assert page.index("2026年度分（2026年4月〜2027年3月）") < page.index("03/31 水")
    assert page.index("03/31 水") < page.rindex("2027年度分（2027年4月〜2028年3月）") < page.index("04/01 木")
    assert page.count("1件 年度計") == 2
    # 20,014 × 10/110 = 1,819.45…; one cut per part would give 2 × 909 = 1,818.
    assert "1,819" in page
    assert "1,818" not in page


@pytest.mark.django_db
def test_budget_codes_have_sums_of_their_own_when_there_are_two(world: World):
    def charge(code: str, amount: int) -> None:
        ride = factories.reservation(factories.trip(world.person, day=clock.today(), budget_code=code))
        factories.charge(
            world.person,
            amount=amount,
            on=clock.today() - dt.timedelta(days=5),
            reservation=ride,
            segment=factories.segment(ride),
        )

    charge("A-100", 11000)
    one = invoice_html(original(Invoice.objects.get(period=world.close())))
    go_to(dt.date(2027, 1, 5))
    charge("A-100", 5000)
    charge("B-200", 22000)
    charge("", 700)
    two = invoice_html(original(Invoice.objects.get(period=world.close(on(31, 12)))))

    assert "予算区分別の計" not in one
    sums = two.split("予算区分別の計")[1].split("</table>")[0]
    assert sums.index("指定なし") < sums.index("700") < sums.index("A-100") < sums.index("B-200")
    assert "5,000" in sums
    assert "22,000" in sums


@pytest.mark.django_db
def test_whom_the_agency_paid_in_advance_stands_with_its_registration_number_or_unset(world: World):
    for supplier, name, number in (("jal_online", "日本航空株式会社", "T7010701007666"), ("ex", "", "")):
        SupplierNature.objects.create(
            supplier=supplier, nature="advance", payee=name, registration_number=number, valid=between(factories.START)
        )
    for supplier in ("jal_online", "ex"):
        ride = factories.reservation(factories.trip(world.person, day=on(9)), factories.connection(supplier))
        factories.charge(
            world.person,
            on=on(9),
            reservation=ride,
            segment=factories.segment(ride),
            supplier=supplier,
            nature="advance",
        )
    page = invoice_html(original(Invoice.objects.get(period=world.close())))
    rows = page.split("立替金の支払先")[-1]
    assert "日本航空株式会社（JALオンライン）" in rows
    assert "T7010701007666" in rows
    assert rows.index("エクスプレス予約") < rows.index("未設定")


@needs_pango
@pytest.mark.django_db
def test_a_one_off_invoice_shows_content_and_reference_and_no_traveller(world: World):
    invoice = one_off_invoice(world)
    text = text_of(invoice_pdf(original(invoice)))
    for words in ("取引日2026年12月2日", "初期設定費", "契約4-(1)", "操作説明会2回", "418,000", "38,000"):
        assert words in text, words
    for words in ("利用期間", "利用明細", "部署計", "所属は利用日"):
        assert words not in text, words


@needs_pango
@pytest.mark.django_db
def test_beyond_the_limit_the_paper_is_a_cover_with_all_sums(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(papers, "MOST_LINES", 19)
    for n in range(20):
        factories.charge(world.person, amount=1000 + n, on=on(1 + n))
    factories.charge(world.person, amount=-500, on=on(30), kind="refund")
    paper = original(Invoice.objects.get(period=world.close()))
    pdf = invoice_pdf(paper)
    text = text_of(pdf)
    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) == 1
    assert paper.lines == []
    for words in ("明細21件は、件数が多いため", "CSVとXLSX", "19,690", "総務企画部", "適格返還請求書"):
        assert words in text, words
    assert "11/01" not in text


@needs_pango
@pytest.mark.django_db
def test_a_corrected_paper_says_first_what_changed_and_shows_the_new_face(world: World):
    invoice = full_invoice(world)
    correct(invoice, recipient_address="福岡市中央区長浜2-2-4 5階", issuer_bank="みどり銀行 東京営業部 普通 7654321")
    paper = original(invoice)
    text = text_of(invoice_pdf(paper))
    assert paper.kind == "correction"
    assert paper.notes[0] == (
        "2026年12月2日に次のとおり修正しました。"
        "宛先の住所「福岡県福岡市中央区長浜2-2-4」→「福岡市中央区長浜2-2-4 5階」、"
        "振込先「みどり銀行 本店営業部 普通 1234567」→「みどり銀行 東京営業部 普通 7654321」。"
        "金額と明細は変わりません。"
    )
    assert '<p class="stamp">修正</p>' in invoice_html(paper)
    assert "修正（2026年12月2日）" in text
    assert "福岡市中央区長浜2-2-45階独立行政法人" in text


@pytest.mark.django_db
def test_names_are_escaped_on_paper(world: World):
    factories.charge(factories.person(of=world.department, name="<img src=file:///etc/passwd>"), on=on(9))
    invoice = Invoice.objects.get(period=world.close())
    page = invoice_html(original(invoice))
    assert "&lt;img src=file:///etc/passwd&gt;" in page


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ((STATIC / "fonts" / "BIZUDPGothic-Regular.ttf").as_uri(), True),
        ("file:///etc/passwd", False),
        (f"{STATIC.as_uri()}/../config/settings.py", False),
        (f"{STATIC.as_uri()}/%2e%2e/config/settings.py", False),
        ("file://example.com/static/x.ttf", False),
        ("http://127.0.0.1/x.png", False),
        ("data:text/plain,x", False),
    ],
)
def test_a_document_reads_only_files_below_static(url: str, allowed: bool):
    assert is_static(url) is allowed


@needs_pango
@pytest.mark.django_db(transaction=True)
def test_the_worker_makes_the_document_once_and_keeps_its_hash(world: World):
    factories.charge(world.person, on=on(9))
    invoice = Invoice.objects.get(period=world.close())
    desk = factories.acting(factories.person(Role.OPERATOR))
    with pytest.raises(NothingPrinted):
        take_document(desk, document_in_force(invoice))

    make_document(factories.SETUP, invoice.documents.get().pk)
    made_at = InvoiceDocument.objects.get().made_at
    make_document(factories.SETUP, invoice.documents.get().pk)

    document = InvoiceDocument.objects.get()
    assert document.made_at == made_at
    assert document.pdf is not None
    assert hashlib.sha256(bytes(document.pdf)).hexdigest() == document.sha256
    assert take_document(desk, document_in_force(invoice)) == bytes(document.pdf)
    codes = Event.objects.filter(about__object_id=invoice.public_id).order_by("seq").values_list("code", flat=True)
    assert list(codes) == [
        "billing.invoice.issued",
        "billing.period.closed",
        "billing.invoice.printed",
        "billing.invoice.downloaded",
    ]


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_printed_stays_on_the_row_and_is_tried_again(world: World):
    period = world.period()
    invoice = Invoice.objects.create(
        period=period,
        office=world.office,
        number="2026-9999",
        fiscal_year=2026,
        payable=0,
        issued_on=on(1, 12),
        due_on=on(28, 12),
        total=0,
        face={},
        created_at=clock.now(),
    )
    document = InvoiceDocument.objects.create(invoice=invoice, issued_on=on(1, 12), next_try_at=clock.wall())

    make_document(factories.SETUP, document.pk)

    document.refresh_from_db()
    assert document.pdf is None
    assert document.error.startswith("KeyError")
    assert (document.attempts, document.claim_token) == (1, None)
    assert document.next_try_at is not None
    assert document.next_try_at > clock.wall()
    assert durable.overdue(InvoiceDocument.objects.all()) == []
