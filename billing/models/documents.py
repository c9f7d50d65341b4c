"""Papers of invoices: made after commit by a `cpu` worker, kept with their hash."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from billing.models.invoices import Invoice, InvoiceCorrection
from billing.states import DocumentKind
from lib import clock
from lib.durable import Claimable
from lib.ids import uuid7


class InvoiceDocument(Claimable):
    """One PDF of an invoice: the original, a copy (写し) of it, or a correction (修正).

    A copy says who asked for it and why; who stands behind a correction is on its row.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField("種類", max_length=10, choices=DocumentKind, default=DocumentKind.ORIGINAL)
    correction = models.OneToOneField(InvoiceCorrection, on_delete=models.PROTECT, null=True, related_name="document")
    issued_on = models.DateField("発行日")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(default=clock.now, editable=False)
    reason = models.CharField("理由", max_length=200, blank=True)
    pdf = models.BinaryField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "請求書PDF"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="document_made_has_hash", condition=Q(made_at=None) | ~Q(sha256="")),
            models.CheckConstraint(name="document_kind_known", condition=Q(kind__in=DocumentKind.values)),
            models.CheckConstraint(
                name="document_correction_has_one",
                condition=Q(kind=DocumentKind.CORRECTION, correction__isnull=False)
                | ~Q(kind=DocumentKind.CORRECTION) & Q(correction=None),
            ),
            models.CheckConstraint(
                name="document_copy_says_who_and_why",
                condition=~Q(kind=DocumentKind.COPY) | Q(asked_by__isnull=False) & ~Q(reason=""),
            ),
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(kind=DocumentKind.ORIGINAL), name="document_one_original"
            ),
        ]
