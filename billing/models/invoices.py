"""Invoices: inserted complete, with the number, in the closing transaction; append-only."""

from django.db import models
from django.db.models import Q

from accounts.models import Office
from billing.models.periods import Period
from booking.models import Charge, Nature, TaxClass
from lib.actor import Actor, Scope
from lib.durable import Claimable
from lib.ids import uuid7


class NumberSeries(models.Model):
    """The last number of a series and fiscal year: gapless, since it moves in the transaction that uses it."""

    series = models.CharField(max_length=20)
    fiscal_year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "fiscal_year"], name="number_series_once")]


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def visible_to(self, actor: Actor) -> "InvoiceQuerySet":
        """All, or those of the actor's offices."""
        scope = actor.scope("billing.invoice.read")
        if scope is Scope.ALL:
            return self
        if scope is Scope.OFFICE:
            return self.filter(office__public_id__in=actor.offices)
        return self.none()


class Invoice(models.Model):
    """One invoice of one office and period, with everything that stands on its face as it was then."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    period = models.OneToOneField(Period, on_delete=models.PROTECT, related_name="invoice")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    number = models.CharField("請求書番号", max_length=20, unique=True)
    issued_on = models.DateField("発行日")
    due_on = models.DateField("支払期限")
    total = models.IntegerField("請求金額")
    face = models.JSONField(help_text="recipient, issuer, tax summary and notes as printed")
    created_at = models.DateTimeField()

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        verbose_name = "請求書"
        ordering = ["-issued_on", "office__position"]


class InvoiceLine(models.Model):
    """One charge on one invoice, with office, department and person frozen as of the day of use."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, related_name="+")
    amount = models.IntegerField("金額")
    tax_class = models.CharField("税区分", max_length=10, choices=TaxClass)
    nature = models.CharField("取扱い", max_length=12, choices=Nature)
    used_on = models.DateField("利用日")
    billing_on = models.DateField()
    department_code = models.CharField(max_length=20)
    department_name = models.CharField("所属", max_length=80)
    person_name = models.CharField("利用者", max_length=80)
    person_login = models.CharField(max_length=64)
    route = models.CharField("区間・宿泊先", max_length=120)
    supplier_name = models.CharField("手配先", max_length=60, blank=True)
    number = models.CharField("予約番号", max_length=30, blank=True)
    content = models.CharField("内容", max_length=120)
    trip_number = models.CharField(max_length=12, blank=True)

    class Meta:
        verbose_name = "明細"
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_position")]


class InvoiceDocument(Claimable):
    """The PDF of an invoice, made after commit by a `cpu` worker."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="document")
    pdf = models.BinaryField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "請求書PDF"
        constraints = [
            models.CheckConstraint(name="document_made_has_hash", condition=Q(made_at=None) | ~Q(sha256="")),
        ]
