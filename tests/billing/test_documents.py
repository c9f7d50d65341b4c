"""The PDF of an invoice: what stands on it, in which fonts, and what happens when it cannot be made."""

import datetime as dt
import hashlib
import io
import os

import pypdf
import pytest

from accounts.models import Role
from audit.models import Event
from billing.documents import STATIC, invoice_html, invoice_pdf, is_static
from billing.errors import NothingPrinted
from billing.models import Invoice, InvoiceDocument
from billing.services import make_document, take_document
from booking.models import ChargeKind, Nature, TaxClass
from lib import clock, durable
from tests import factories
from tests.billing.world import World


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


def on(day: int, month: int = 11) -> dt.date:
    return dt.date(2026, month, day)


def full_invoice(world: World) -> Invoice:
    """Rides of a person with rare characters, a night with its tax, something advanced, a late refund."""
    old = factories.charge(world.person, amount=41800, on=on(26, 10))
    world.close(on(31, 10))
    factories.charge(
        world.person, amount=-41800, on=on(26, 10), kind=ChargeKind.REFUND, origin=old, relation="reversal"
    )
    trip = factories.trip(world.person, day=on(9))
    reservation = factories.reservation(trip)
    ride = factories.segment(reservation)
    factories.charge(world.person, amount=40160, on=on(9), reservation=reservation, segment=ride)
    factories.charge(world.person, amount=12870, on=on(9), kind=ChargeKind.ROOM, nature=Nature.INTERMEDIARY)
    factories.charge(
        world.person, amount=200, on=on(9), kind=ChargeKind.STAY_TAX, tax_class=TaxClass.OUTSIDE, nature=Nature.ADVANCE
    )
    colleague = factories.person(of=world.department, name="髙橋 德子")
    factories.charge(colleague, amount=10640, on=on(18))
    return Invoice.objects.get(period=world.close())


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


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


@needs_pango
@pytest.mark.django_db
def test_the_pdf_is_set_in_our_fonts_and_nothing_else(world: World):
    invoice = full_invoice(world)
    pdf = invoice_pdf(invoice, list(invoice.lines.all()))

    fonts = fonts_of(pdf)

    assert any("BIZ-UDPGothic" in name.replace("BIZUDPGothic", "BIZ-UDPGothic") for name in fonts), fonts
    assert any("Noto" in name for name in fonts), "𠮷 needs the fallback"
    assert not any("DejaVu" in name for name in fonts)


@needs_pango
@pytest.mark.django_db
def test_the_pdf_says_who_pays_what_to_whom(world: World):
    invoice = full_invoice(world)
    pdf = invoice_pdf(invoice, list(invoice.lines.all()))

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
        "（元 2026-0001）",
        "△41,800",
        "立替金の支払先",
        "1 / 2 ページ",
    ):
        assert words.replace(" ", "") in text.replace(" ", "").replace("\n", ""), words
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

    pdf = invoice_pdf(invoice, list(invoice.lines.all()))

    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    assert len(pages) > 2
    last = pages[-1].extract_text().replace(" ", "").replace("\n", "")
    assert f"{len(pages)}/{len(pages)}ページ" in last
    assert f"請求書{invoice.number}" in last
    assert "今回計" in last


@pytest.mark.django_db
def test_names_are_escaped_on_paper(world: World):
    factories.charge(factories.person(of=world.department, name="<img src=file:///etc/passwd>"), on=on(9))
    invoice = Invoice.objects.get(period=world.close())
    page = invoice_html(invoice, list(invoice.lines.all()))
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
        take_document(desk, invoice)

    make_document(factories.SETUP, invoice.documents.get().pk)
    made_at = InvoiceDocument.objects.get().made_at
    make_document(factories.SETUP, invoice.documents.get().pk)

    document = InvoiceDocument.objects.get()
    assert document.made_at == made_at
    assert document.pdf is not None
    assert hashlib.sha256(bytes(document.pdf)).hexdigest() == document.sha256
    assert take_document(desk, invoice) == bytes(document.pdf)
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
