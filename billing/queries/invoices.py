"""Invoices as people see them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, Max, Q, QuerySet

from billing.models import DocumentKind, Invoice, InvoiceDocument, InvoiceLine
from billing.queries.lines import DraftLine
from billing.rules.days import marks
from booking.models import Nature, TaxClass
from lib.actor import Actor


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line with its marks (返還, 11月利用分); `line` is an InvoiceLine, or a DraftLine in a preview."""

    line: InvoiceLine | DraftLine
    marks: Sequence[str]

    @property
    def tax_words(self) -> str:
        """10%, 不課税 …, with the nature where it is not the agency's own sale."""
        nature = Nature(self.line.nature)
        words = [TaxClass(self.line.tax_class).label, "" if nature is Nature.OWN else nature.label]
        return " ".join(filter(None, words))


def shown_line(line: InvoiceLine | DraftLine) -> ShownLine:
    """The line with its marks."""
    return ShownLine(line, marks(line.amount, line.late_for, line.relation, line.kind))


def invoices(actor: Actor) -> QuerySet[Invoice]:
    """Invoices that the actor may read, newest first, with period, office, number of lines and when the PDF was made."""
    original = Q(documents__kind=DocumentKind.ORIGINAL)
    return (
        Invoice.objects.visible_to(actor)
        .select_related("period", "office")
        .annotate(
            line_count=Count("lines", distinct=True),
            printed_at=Max("documents__made_at", filter=original),
            sent_at=Max("mailings__at"),
        )
        .order_by("-issued_on", "-number")
    )


def invoice_lines(invoice: Invoice) -> QuerySet[InvoiceLine]:
    """The lines of an invoice in their order, each with its charge's public id."""
    lines = InvoiceLine.objects.filter(invoice=invoice).annotate(charge_public_id=F("charge__public_id"))
    return lines.order_by("position")


def document_of(invoice: Invoice) -> InvoiceDocument:
    """The state of an invoice's original PDF, without its bytes."""
    return InvoiceDocument.objects.defer("pdf").get(invoice=invoice, kind=DocumentKind.ORIGINAL)


def invoice_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Invoice numbers by public id."""
    return dict(Invoice.objects.filter(public_id__in=list(ids)).values_list("public_id", "number"))
