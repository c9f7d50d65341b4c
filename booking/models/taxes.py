"""Dated rules of the levies that are collected with a price: 宿泊税 and 入湯税 by place, 旅客施設使用料 by airport."""

from django.db import models
from django.db.models import F, Q

from lib.dated import DatedRow, no_overlap


class LevyKind(models.TextChoices):
    STAY = "stay", "宿泊税"
    BATHING = "bathing", "入湯税"


class BodyLevel(models.TextChoices):
    PREFECTURE = "pref", "都道府県"
    CITY = "city", "市"
    TOWN = "town", "町村"
    DEFAULT = "default", "標準"


class Combine(models.TextChoices):
    """How a municipality's levy stands to its prefecture's: instead of it, on top of it, or with it inside."""

    ALONE = "alone", "単独"
    ADD = "add", "都道府県税に加算"
    TOTAL = "total", "都道府県税を含む"


class DateRule(models.TextChoices):
    ISSUE = "issue", "発券日"
    FLIGHT = "flight", "搭乗日"


class StayTaxRule(DatedRow):
    """One band of one body's levy per person-night, by night; the band is of the room alone, without consumption tax."""

    kind = models.CharField("種別", max_length=8, choices=LevyKind)
    place = models.CharField("課税団体", max_length=20)
    level = models.CharField("団体の種類", max_length=8, choices=BodyLevel)
    prefecture = models.CharField("都道府県", max_length=10, blank=True)
    municipality_code = models.CharField("団体コード", max_length=6, blank=True)
    lower_yen = models.PositiveIntegerField("室料の下限")
    upper_yen = models.PositiveIntegerField("室料の上限", null=True, help_text="inclusive; none = open")
    tax_yen = models.PositiveIntegerField("税額", null=True)
    tax_percent = models.DecimalField("税率（%）", max_digits=5, decimal_places=2, null=True)
    cap_yen = models.PositiveIntegerField("税額の上限", null=True)
    combine = models.CharField("都道府県税との関係", max_length=6, choices=Combine)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        verbose_name = "宿泊税・入湯税"
        constraints = [
            no_overlap("municipality_code", "kind", "lower_yen", name="stay_tax_rule_no_overlap"),
            models.CheckConstraint(
                name="stay_tax_rule_yen_or_percent",
                condition=Q(tax_yen__isnull=False, tax_percent__isnull=True)
                | Q(tax_yen__isnull=True, tax_percent__isnull=False),
            ),
            models.CheckConstraint(
                name="stay_tax_rule_band_in_order",
                condition=Q(upper_yen__isnull=True) | Q(upper_yen__gte=F("lower_yen")),
            ),
            models.CheckConstraint(name="stay_tax_rule_kind_known", condition=Q(kind__in=LevyKind.values)),
            models.CheckConstraint(name="stay_tax_rule_level_known", condition=Q(level__in=BodyLevel.values)),
            models.CheckConstraint(name="stay_tax_rule_combine_known", condition=Q(combine__in=Combine.values)),
        ]


class AirportCharge(DatedRow):
    """旅客施設使用料 (PSFC) of an adult at an airport, per use: at departure and at arrival; tax included."""

    airport = models.CharField("空港", max_length=3)
    adult_yen = models.PositiveIntegerField("大人")
    date_rule = models.CharField("基準の日", max_length=6, choices=DateRule)
    from_basis = models.CharField(max_length=12, help_text="exact, derived, in_force_by: how sure the first day is")

    class Meta:
        verbose_name = "旅客施設使用料"
        constraints = [
            no_overlap("airport", name="airport_charge_no_overlap"),
            models.CheckConstraint(name="airport_charge_date_rule_known", condition=Q(date_rule__in=DateRule.values)),
        ]
