"""Invoices on paper: HTML from a template, PDF by WeasyPrint.

WeasyPrint is imported when the first document is made: it needs Pango, and everything else runs without.
"""

import atexit
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.template.loader import render_to_string

from billing.models import Invoice, InvoiceLine
from billing.rules.days import marks
from booking.models import Nature, TaxClass

STATIC = (Path(settings.BASE_DIR) / "static").resolve()
STYLE = STATIC / "pdf" / "document.css"
COVER_LINES = 12  # more than this, and the first page becomes a cover
COVER_DEPARTMENTS = 3
LONG_GROUP = 8  # a person's lines may break over pages from here on
CLASS_WORDS = {TaxClass.STANDARD: "10％", TaxClass.REDUCED: "8％※", TaxClass.OUTSIDE: "不課税"}
NATURE_WORDS = {Nature.INTERMEDIARY: " 媒", Nature.ADVANCE: " 立替"}


class CannotPrint(Exception):
    """The PDF cannot be made here; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line with the words of its tax column and its marks."""

    line: InvoiceLine
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


def invoice_html(invoice: Invoice, lines: Sequence[InvoiceLine]) -> str:
    """The invoice as the page that becomes a PDF."""
    context = {
        "invoice": invoice,
        "face": invoice.face,
        "first": dt.date.fromisoformat(invoice.face["period"]["first"]),
        "last": dt.date.fromisoformat(invoice.face["period"]["last"]),
        "departments": _by_department(lines),
        "count": len(lines),
        "has_refund": any(line.amount < 0 for line in lines),
        "is_cover": len(lines) > COVER_LINES,
        "shows_departments": len(invoice.face["departments"]) >= COVER_DEPARTMENTS,
    }
    return render_to_string("billing/pdf/invoice.html", context)


def invoice_pdf(invoice: Invoice, lines: Sequence[InvoiceLine]) -> bytes:
    """The invoice as a tagged PDF with embedded fonts. Raises CannotPrint where Pango is missing."""
    printer = _printer()
    page = printer.html(string=invoice_html(invoice, lines), base_url=STATIC.as_uri(), url_fetcher=printer.fetcher)
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


def _by_department(lines: Sequence[InvoiceLine]) -> list[DepartmentGroup]:
    groups = []
    for _, rows in groupby(lines, lambda line: line.department_code):
        found = list(rows)
        people = [
            _person([_printed(line) for line in own]) for _, own in groupby(found, lambda line: line.person_login)
        ]
        groups.append(DepartmentGroup(found[0].department_name, people, len(found), sum(line.amount for line in found)))
    return groups


def _person(lines: Sequence[PrintedLine]) -> PersonGroup:
    first = lines[0].line
    amount = sum(printed.line.amount for printed in lines)
    return PersonGroup(first.person_name, first.person_login, lines, amount, len(lines) > LONG_GROUP)


def _printed(line: InvoiceLine) -> PrintedLine:
    tax = CLASS_WORDS[TaxClass(line.tax_class)] + NATURE_WORDS.get(Nature(line.nature), "")
    return PrintedLine(line, tax, marks(line.amount, line.late_for, line.relation, line.kind))
