"""Invoices as people see them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Max, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from billing.models import DocumentKind, Invoice, InvoiceCorrection, InvoiceDocument, InvoiceLine
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
    """Invoices that the actor may read, newest first, with period, office and what the list shows.

    `recipient` as the latest correction has it, `printed_at` (the paper in force), `sent_at`, `corrected_on`.
    """
    latest = InvoiceCorrection.objects.filter(invoice=OuterRef("pk")).order_by("-position")
    papers = InvoiceDocument.objects.filter(invoice=OuterRef("pk")).exclude(kind=DocumentKind.COPY).order_by("-pk")
    name = KeyTextTransform("name", KeyTextTransform("recipient", "face"))
    return (
        Invoice.objects.visible_to(actor)
        .select_related("period", "office")
        .annotate(
            printed_at=Subquery(papers.values("made_at")[:1]),
            sent_at=Max("mailings__at"),
            corrected_on=Subquery(latest.values("corrected_on")[:1]),
            recipient=Coalesce(Subquery(latest.annotate(name=name).values("name")[:1]), name),
        )
        .order_by("-issued_on", "-number")
    )


def invoice_lines(invoice: Invoice) -> QuerySet[InvoiceLine]:
    """The lines of an invoice in their order, each with its charge's public id."""
    lines = InvoiceLine.objects.filter(invoice=invoice).annotate(charge_public_id=F("charge__public_id"))
    return lines.order_by("position")


def invoice_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Invoice numbers by public id."""
    return dict(Invoice.objects.filter(public_id__in=list(ids)).values_list("public_id", "number"))
