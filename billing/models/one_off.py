"""Wishes for one-off invoices (一時費用): what the first of two people asked for."""

from collections.abc import Sequence

from django.db import models
from django.db.models import Q

from accounts.models import Office
from billing.models.invoices import Invoice
from billing.rules.one_off import OneOffLine
from lib.ids import uuid7


class OneOffRequest(models.Model):
    """An invoice to be, of sums that belong to no traveller. Where it stands is its confirmation's state.

    `lines` lists {"content", "amount", "tax_class"}. Nothing of it changes, which a trigger guards; only `invoice` is set,
    once, when the second person agrees.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    day = models.DateField("取引日")
    due_on = models.DateField("支払期限")
    lines = models.JSONField()
    reference = models.CharField("関連番号", max_length=40, blank=True)
    reason = models.CharField("理由", max_length=200)
    asked_at = models.DateTimeField()
    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, null=True, related_name="one_off_request")

    class Meta:
        verbose_name = "一時費用の請求の依頼"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="one_off_has_lines", condition=~Q(lines=[])),
            models.CheckConstraint(name="one_off_says_why", condition=~Q(reason="")),
        ]

    @property
    def entries(self) -> Sequence[OneOffLine]:
        """The lines in their order."""
        return [OneOffLine(**line) for line in self.lines]

    @property
    def total(self) -> int:
        """Their sum in yen."""
        return sum(line.amount for line in self.entries)
