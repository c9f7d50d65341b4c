"""Invoices: inserted complete, with the number, in the closing transaction; append-only."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Office
from billing.models.periods import Period
from billing.states import InvoiceKind
from booking.models import BILLING_RULES, Charge, ChargeKind, Nature, Relation, TaxClass
from lib.actor import Actor, Scope
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
    """One invoice of one office, with everything that stands on its face as it was then.

    `total` is the sum of its lines; `carried` (前回繰越, never above zero) is what the office's last invoice left in its
    favour, outside lines and taxes; `payable` is both.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    kind = models.CharField("種類", max_length=10, choices=InvoiceKind, default=InvoiceKind.REGULAR)
    period = models.OneToOneField(Period, on_delete=models.PROTECT, null=True, related_name="invoice")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    number = models.CharField("請求書番号", max_length=20, unique=True)
    fiscal_year = models.PositiveSmallIntegerField("年度")
    issued_on = models.DateField("発行日")
    due_on = models.DateField("支払期限")
    total = models.BigIntegerField("今回計")
    carried = models.BigIntegerField("前回繰越", default=0)
    payable = models.BigIntegerField("請求金額")
    face = models.JSONField(help_text="recipient, issuer, tax summary, rules used and notes as printed")
    created_at = models.DateTimeField()

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        verbose_name = "請求書"
        ordering = ["-issued_on", "office__position"]
        constraints = [
            models.CheckConstraint(name="invoice_kind_known", condition=Q(kind__in=InvoiceKind.values)),
            models.CheckConstraint(
                name="invoice_regular_has_period",
                condition=Q(kind=InvoiceKind.REGULAR, period__isnull=False)
                | Q(kind=InvoiceKind.ONE_OFF, period=None, carried=0),
            ),
            models.CheckConstraint(
                name="invoice_payable_adds_up", condition=Q(payable=F("total") + F("carried"), carried__lte=0)
            ),
        ]


class InvoiceLine(models.Model):
    """One charge on one invoice, with office, department and person frozen as of the day of use.

    `part` is the fiscal year of its billing day: what belongs to the old year stands apart.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, related_name="+")
    part = models.PositiveSmallIntegerField("年度")
    kind = models.CharField("種別", max_length=12, choices=ChargeKind)
    relation = models.CharField(max_length=12, choices=Relation, blank=True)
    amount = models.IntegerField("金額")
    tax_class = models.CharField("税区分", max_length=10, choices=TaxClass)
    nature = models.CharField("取扱い", max_length=12, choices=Nature)
    used_on = models.DateField("利用日")
    occurred_on = models.DateField("発生日")
    billing_on = models.DateField("請求の基準日")
    rule = models.CharField("基準", max_length=40, choices=list(BILLING_RULES.items()))
    late_for = models.DateField("前の期間の末日", null=True, help_text="last day of the earlier period it belongs to")
    department_code = models.CharField(max_length=20, blank=True)
    department_name = models.CharField("所属", max_length=80, blank=True)
    budget_code = models.CharField("予算区分", max_length=40, blank=True)
    project_code = models.CharField("事業コード", max_length=40, blank=True)
    order_number = models.CharField("発注番号", max_length=40, blank=True)
    person_name = models.CharField("利用者", max_length=80, blank=True)
    person_login = models.CharField(max_length=64, blank=True)
    route = models.CharField("区間・宿泊先", max_length=120)
    supplier = models.CharField(max_length=20, blank=True)
    supplier_name = models.CharField("手配先", max_length=60, blank=True)
    number = models.CharField("予約番号", max_length=40, blank=True)
    fare_name = models.CharField("運賃・プラン", max_length=120, blank=True)
    content = models.CharField("内容", max_length=120)
    trip_number = models.CharField(max_length=12, blank=True)

    class Meta:
        verbose_name = "明細"
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_position")]


class InvoiceCorrection(models.Model):
    """A corrected face (修正) of an invoice: names and addresses only. Sums are corrected by new charges, never here.

    `changes` lists what differs as {"field", "label", "before", "after"}; two people stand behind it.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="corrections")
    position = models.PositiveSmallIntegerField()
    face = models.JSONField()
    changes = models.JSONField()
    reason = models.CharField("理由", max_length=200)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    corrected_on = models.DateField("修正日")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "請求書の修正"
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoice_correction_position"),
            models.CheckConstraint(name="invoice_correction_by_two", condition=~Q(asked_by=F("decided_by"))),
        ]


class InvoiceMailing(models.Model):
    """One message with a link to an invoice, to one billing contact of its office; `sent_by` is empty for a service."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="mailings")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "請求書の送付"
        ordering = ["at", "pk"]
