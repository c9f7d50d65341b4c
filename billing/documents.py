"""Invoices on paper: HTML from a template, PDF by WeasyPrint.

WeasyPrint is imported when the first document is made: it needs Pango, and everything else runs without.
"""

import atexit
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.template.loader import render_to_string

from billing.models import DocumentKind, Invoice, InvoiceCorrection, InvoiceKind, InvoiceLine
from billing.rules.days import REFUND_MARK, marks
from billing.rules.papers import copy_note, correction_note, fiscal_year_words
from booking.models import Nature, TaxClass

STATIC = (Path(settings.BASE_DIR) / "static").resolve()
STYLE = STATIC / "pdf" / "document.css"
COVER_ROWS = 16  # lines, heads of groups and rows of sums: more than this, and the first page becomes a cover
COVER_DEPARTMENTS = 3
LONG_GROUP = 8  # a person's lines may break over pages from here on
MOST_LINES = 3000  # beyond it the paper is a cover: WeasyPrint holds the whole document in memory
CLASS_WORDS = {TaxClass.STANDARD: "10％", TaxClass.REDUCED: "8％※", TaxClass.OUTSIDE: "不課税"}
NATURE_WORDS = {Nature.INTERMEDIARY: " 媒", Nature.ADVANCE: " 立替"}


class CannotPrint(Exception):
    """The PDF cannot be made here; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What one document shows: the invoice with the corrections up to it, of which kind, made on which day.

    `lines` are all of the invoice in their order, or none of them when there are more than MOST_LINES.
    """

    invoice: Invoice
    lines: Sequence[InvoiceLine]
    kind: str = DocumentKind.ORIGINAL
    made_on: dt.date | None = None
    corrections: Sequence[InvoiceCorrection] = ()

    @property
    def face(self) -> Mapping[str, Any]:
        """The face in force for this document."""
        face: Mapping[str, Any] = self.corrections[-1].face if self.corrections else self.invoice.face
        return face

    @property
    def stamp(self) -> str:
        """写し, 修正, or nothing on the original."""
        return "" if self.kind == DocumentKind.ORIGINAL else DocumentKind(self.kind).label

    @property
    def notes(self) -> Sequence[str]:
        """備考: what was corrected first, the word about a copy last."""
        corrected = [correction_note(row.corrected_on, row.changes) for row in self.corrections]
        copied = []
        if self.kind == DocumentKind.COPY and self.made_on:
            shown = self.corrections[-1].corrected_on if corrected else self.invoice.issued_on
            copied = [copy_note(self.made_on, shown, is_corrected=bool(corrected))]
        return [*corrected, *self.face["notes"], *copied]


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line with its words: content, the invoice that it goes back to (元 2026-0052), tax column, marks."""

    line: InvoiceLine
    content: str
    origin: str
    tax: str
    marks: Sequence[str]


@dataclass(frozen=True, slots=True)
class PersonGroup:
    """Lines of one person in one department, with their sum in yen."""

    name: str
    login: str
    lines: Sequence[PrintedLine]
    amount: int
    is_long: bool


@dataclass(frozen=True, slots=True)
class DepartmentGroup:
    """Lines of one department by person, with number and sum in yen."""

    name: str
    people: Sequence[PersonGroup]
    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class PartGroup:
    """Lines of one fiscal year by department, with number and sum in yen."""

    name: str
    departments: Sequence[DepartmentGroup]
    count: int
    amount: int


def invoice_html(paper: Paper) -> str:
    """The invoice as the page that becomes a PDF."""
    face, is_one_off = paper.face, paper.invoice.kind == InvoiceKind.ONE_OFF
    fits = bool(paper.lines)
    parts = [] if is_one_off else _by_part(paper.lines)
    sums = {
        "years": [{**part, "name": fiscal_year_words(part["fiscal_year"])} for part in face["parts"]],
        "budgets": sorted(face["budgets"], key=lambda row: str(row["code"])),
        "departments": face["departments"] if len(face["departments"]) >= COVER_DEPARTMENTS or not fits else [],
    }
    context = {
        "paper": paper,
        "invoice": paper.invoice,
        "face": face,
        "first": dt.date.fromisoformat(face["period"]["first"]),
        "last": dt.date.fromisoformat(face["period"]["last"]),
        "is_one_off": is_one_off,
        "printed": [_printed(line) for line in paper.lines] if is_one_off else [],
        "parts": parts,
        **sums,
        "fits": fits,
        # 備考 explains every mark that stands on the lines, however many there are.
        "has_refund": any(f"【{REFUND_MARK}】" in note for note in face["notes"]),
        "is_cover": not fits or _rows(parts) + len(paper.lines) + sum(map(_rows_of_sums, sums.values())) > COVER_ROWS,
    }
    return render_to_string("billing/pdf/invoice.html", context)


def invoice_pdf(paper: Paper) -> bytes:
    """The invoice as a tagged PDF with embedded fonts. Raises CannotPrint where Pango is missing."""
    printer = _printer()
    page = printer.html(string=invoice_html(paper), base_url=STATIC.as_uri(), url_fetcher=printer.fetcher)
    pdf: bytes = page.write_pdf(
        stylesheets=[printer.style], font_config=printer.fonts, pdf_variant="pdf/ua-1", pdf_identifier=None
    )
    return pdf


@dataclass(frozen=True, slots=True)
class _Printer:
    """WeasyPrint's parts, made once per process: fonts are read only once."""

    html: Any
    style: Any
    fonts: Any
    fetcher: Any


@cache
def _printer() -> _Printer:
    try:
        import weasyprint  # noqa: PLC0415  needs Pango: whoever makes no PDF runs without it
        from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415
    except OSError as error:
        raise CannotPrint(f"PDFを作る部品(Pango)がありません: {error}") from error

    class StaticOnly(weasyprint.URLFetcher):  # type: ignore[misc]
        """Fetches files below static/ and nothing else: no network, no other file of this machine."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not is_static(url):
                raise ValueError(f"not a file of the portal: {url}")
            return super().fetch(url, headers)

    # Fonts must be let go while Python still runs, else their destructors complain at the very end.
    atexit.register(_printer.cache_clear)
    fonts, fetcher = FontConfiguration(), StaticOnly(allowed_protocols=["file"], allow_redirects=False)
    style = weasyprint.CSS(filename=str(STYLE), font_config=fonts, url_fetcher=fetcher)
    return _Printer(weasyprint.HTML, style, fonts, fetcher)


def is_static(url: str) -> bool:
    """Whether the address is a file below static/."""
    parts = urlsplit(url)
    return parts.scheme == "file" and not parts.netloc and Path(unquote(parts.path)).resolve().is_relative_to(STATIC)


def _rows(parts: Sequence[PartGroup]) -> int:
    """How many heads of years, departments and people stand between the lines."""
    departments = [department for part in parts for department in part.departments]
    return len(parts) + len(departments) + sum(len(department.people) for department in departments)


def _rows_of_sums(rows: Sequence[Any]) -> int:
    """How much room a table of sums takes, with its heading; one row alone is not shown."""
    return len(rows) + 2 if len(rows) > 1 else 0


def _by_part(lines: Sequence[InvoiceLine]) -> list[PartGroup]:
    parts = []
    for year, rows in groupby(lines, lambda line: line.part):
        found = list(rows)
        parts.append(PartGroup(fiscal_year_words(year), _by_department(found), len(found), _sum(found)))
    return parts


def _by_department(lines: Sequence[InvoiceLine]) -> list[DepartmentGroup]:
    groups = []
    for _, rows in groupby(lines, lambda line: line.department_code):
        found = list(rows)
        people = [
            _person([_printed(line) for line in own]) for _, own in groupby(found, lambda line: line.person_login)
        ]
        groups.append(DepartmentGroup(found[0].department_name, people, len(found), _sum(found)))
    return groups


def _person(lines: Sequence[PrintedLine]) -> PersonGroup:
    first = lines[0].line
    amount = _sum(printed.line for printed in lines)
    return PersonGroup(first.person_name, first.person_login, lines, amount, len(lines) > LONG_GROUP)


def _sum(lines: Iterable[InvoiceLine]) -> int:
    return sum(line.amount for line in lines)


def _printed(line: InvoiceLine) -> PrintedLine:
    tax = CLASS_WORDS[TaxClass(line.tax_class)] + NATURE_WORDS.get(Nature(line.nature), "")
    content, _, origin = line.content.removesuffix("）").partition("（元 ")
    return PrintedLine(
        line,
        content,
        f"元 {origin}" if origin else "",
        tax,
        marks(line.amount, line.late_for, line.relation, line.kind),
    )
