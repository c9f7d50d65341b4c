"""Dated rules of the world: rail fares, seasons, tax classes, natures of suppliers."""

from django.db import models

from booking.models.ledger import ChargeKind, Nature, TaxClass
from lib.dated import DatedRow, no_overlap


class RailFareRule(DatedRow):
    """A row of the rail tariff, as in `data/rail_fare_rules.csv`; valid by purchase date."""

    rule_id = models.CharField(max_length=10)
    rule_type = models.CharField(max_length=40)
    operator = models.CharField(max_length=40)
    line = models.CharField(max_length=40, blank=True)
    train = models.CharField(max_length=40, blank=True)
    from_station = models.CharField(max_length=20, blank=True)
    to_station = models.CharField(max_length=20, blank=True)
    km_over = models.PositiveIntegerField(null=True)
    km_upto = models.PositiveIntegerField(null=True)
    amount = models.CharField(max_length=12, blank=True, help_text="as published; unit says of what")
    unit = models.CharField(max_length=20)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        verbose_name = "鉄道の運賃・料金"
        constraints = [no_overlap("rule_id", name="rail_fare_rule_no_overlap")]
        indexes = [models.Index(fields=["rule_type", "operator"], name="rail_fare_rule_type")]


class RailSeasonDay(models.Model):
    """A day that is not 通常期, by calendar; yen added to a reserved charge."""

    calendar = models.CharField(max_length=60)
    day = models.DateField()
    season = models.CharField(max_length=20)
    delta_yen = models.SmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["calendar", "day", "season"], name="rail_season_day")]


class TaxRule(DatedRow):
    """The consumption tax class of a kind of charge."""

    kind = models.CharField("種別", max_length=20, choices=ChargeKind)
    tax_class = models.CharField("税区分", max_length=12, choices=TaxClass)

    class Meta:
        verbose_name = "税区分"
        constraints = [no_overlap("kind", name="tax_rule_no_overlap")]


class SupplierNature(DatedRow):
    """In which nature the agency bills what a supplier sells: own sale, advance (立替金), intermediary (媒介者交付特例)."""

    supplier = models.CharField("手配先", max_length=20)
    nature = models.CharField("取扱い", max_length=12, choices=Nature)

    class Meta:
        verbose_name = "手配先ごとの取扱い"
        constraints = [no_overlap("supplier", name="supplier_nature_no_overlap")]
