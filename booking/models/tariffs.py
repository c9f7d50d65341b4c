"""Dated rules of the world and the contract: rail fares, seasons, tax classes, natures, billing days, our fees."""

from django.db import models
from django.db.models import Q

from booking.models.ledger import BILLING_RULES, ChargeKind, Nature, TaxClass
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
    """How the agency bills what a supplier sells: own sale, advance (立替金), intermediary (媒介者交付特例).

    `payee` and `registration_number` stand on the invoice's list of 立替金; empty is 未設定. `kept_as` is the kind of what
    the supplier keeps at a cancellation: a service fee (払戻手数料) or damages (取消手数料).
    """

    supplier = models.CharField("手配先", max_length=20)
    nature = models.CharField("取扱い", max_length=12, choices=Nature)
    payee = models.CharField("支払先", max_length=80, blank=True)
    registration_number = models.CharField("支払先の登録番号", max_length=14, blank=True)
    kept_as = models.CharField(
        "取消時に残る額",
        max_length=12,
        choices=[(kind.value, kind.label) for kind in (ChargeKind.REFUND_FEE, ChargeKind.CANCEL_FEE)],
        default=ChargeKind.CANCEL_FEE,
    )

    class Meta:
        verbose_name = "手配先ごとの取扱い"
        constraints = [
            no_overlap("supplier", name="supplier_nature_no_overlap"),
            models.CheckConstraint(
                name="supplier_number_is_t13",
                condition=Q(registration_number="") | Q(registration_number__regex=r"^T[0-9]{13}$"),
                violation_error_message="登録番号は T と13桁の数字で入力してください。",
            ),
        ]


class BillingSubject(models.TextChoices):
    FARE = "fare", "運賃・料金"
    STAY = "stay", "宿泊"
    CANCELLATION = "cancellation", "取消・払戻"
    DELIVERY = "delivery", "配送料"
    HANDLING = "handling", "取扱手数料"


# Which rules a subject may have; the first one holds where no row says otherwise.
BASES = {
    BillingSubject.FARE: ("ride_date", "issue_date"),
    BillingSubject.STAY: ("night", "check_out"),
    BillingSubject.CANCELLATION: ("planned_date", "happened_on"),
    BillingSubject.DELIVERY: ("dispatch_date",),
    BillingSubject.HANDLING: ("with_subject", "happened_on"),
}


def _fitting_bases() -> Q:
    fitting = Q()
    for subject, bases in BASES.items():
        fitting |= Q(subject=subject, basis__in=bases)
    return fitting


class BillingDayRule(DatedRow):
    """Which day bills what (請求の基準日), as the contract says, with the reason; valid by the day of use."""

    subject = models.CharField("対象", max_length=12, choices=BillingSubject)
    basis = models.CharField("基準", max_length=20, choices=list(BILLING_RULES.items()))
    reason = models.CharField("理由", max_length=200)

    class Meta:
        verbose_name = "請求日の規則"
        constraints = [
            no_overlap("subject", name="billing_day_rule_no_overlap"),
            models.CheckConstraint(
                name="billing_day_rule_fits",
                condition=_fitting_bases(),
                violation_error_message="この対象には選べない基準です。",
            ),
        ]


class FeeService(models.TextChoices):
    ARRANGE_AIR = "arrange_air", "航空券の手配"
    ARRANGE_RAIL = "arrange_rail", "鉄道の手配"
    ARRANGE_STAY = "arrange_stay", "宿泊の手配"
    CHANGE = "change", "変更の取扱い"
    CANCEL = "cancel", "取消の取扱い"


class AgencyFee(DatedRow):
    """The agency's own 取扱手数料 for what an operator arranges (旅行業務取扱料金表): yen, or percent of the price.

    Tax included. Without a row of the day nothing is charged: the law wants a fee to be fixed and shown beforehand.
    """

    service = models.CharField("取扱い", max_length=12, choices=FeeService)
    yen = models.IntegerField("円（税込）", null=True, blank=True)
    percent = models.SmallIntegerField("料率（％）", null=True, blank=True)

    class Meta:
        verbose_name = "取扱手数料"
        constraints = [
            no_overlap("service", name="agency_fee_no_overlap"),
            models.CheckConstraint(
                name="agency_fee_yen_or_percent",
                condition=Q(yen__gte=0, percent=None) | Q(yen=None, percent__range=(0, 100)),
                violation_error_message="円か料率のどちらか一方を入力してください。",
            ),
        ]
