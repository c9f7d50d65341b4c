"""The ledger: append-only money facts, per ride, night or service; signed whole yen."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Office
from booking.models.feeds import FeedRow
from booking.models.reservations import Reservation, Segment, StayNight
from lib.ids import uuid7


class ChargeKind(models.TextChoices):
    FARE = "fare", "運賃・料金"
    PSFC = "psfc", "旅客施設使用料"
    DIFFERENCE = "difference", "差額"
    ROOM = "room", "室料"
    STAY_TAX = "stay_tax", "宿泊税"
    BATHING_TAX = "bathing_tax", "入湯税"
    CHANGE_FEE = "change_fee", "変更手数料"
    REFUND_FEE = "refund_fee", "払戻手数料"
    CANCEL_FEE = "cancel_fee", "取消手数料"
    REFUND = "refund", "払戻"
    DELIVERY = "delivery", "配送料"
    HANDLING = "handling", "取扱手数料"
    CORRECTION = "correction", "訂正"
    ONE_OFF = "one_off", "一時費用"


# What is charged beside the price: it stays when the price is taken back.
FEES = frozenset({ChargeKind.REFUND_FEE, ChargeKind.CANCEL_FEE, ChargeKind.CHANGE_FEE, ChargeKind.HANDLING})


class TaxClass(models.TextChoices):
    STANDARD = "standard", "10%"
    REDUCED = "reduced", "8%"
    OUTSIDE = "outside", "不課税"
    UNSET = "unset", "未設定"


class Nature(models.TextChoices):
    OWN = "own", "自社売上"
    ADVANCE = "advance", "立替金"
    INTERMEDIARY = "intermediary", "媒介者交付特例"
    UNSET = "unset", "未設定"


class ChargeSource(models.TextChoices):
    SUPPLIER = "supplier", "手配先の回答"
    ENTERED = "entered", "利用者の入力"
    FEED = "feed", "利用実績"
    OPERATOR = "operator", "オペレータの記録"
    RULE = "rule", "料金規則"


class Relation(models.TextChoices):
    """What a charge is to the one that it goes back to (`origin`)."""

    REVERSAL = "reversal", "取消"
    CORRECTION = "correction", "訂正"
    TRANSFER_OUT = "transfer_out", "付替（元の拠点から）"
    TRANSFER_IN = "transfer_in", "付替（移った拠点へ）"


# Which day bills what; the key stands on the charge, so that a screen can say why it is where it is.
BILLING_RULES = {
    "ride_date": "乗車日・搭乗日",
    "issue_date": "発券日",
    "night": "宿泊日",
    "check_out": "チェックアウト日",
    "planned_date": "予定していた利用日",
    "happened_on": "発生した日",
    "as_original": "元の費用と同じ日",
    "dispatch_date": "発送日",
    "with_subject": "取り扱った手配の利用日",
    "agreed_date": "申請で決めた日",
}


class Charge(models.Model):
    """One fact of money. Whose office pays is not a column: it is the person's membership on `used_on`.

    `office` is set only where membership cannot say it: on what belongs to no person (一時費用), and on the half of a
    transfer that takes a line back from the office that was billed before a move was keyed in.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField("種別", max_length=12, choices=ChargeKind)
    amount = models.IntegerField("金額", help_text="yen, tax included, signed")
    tax_class = models.CharField("税区分", max_length=10, choices=TaxClass)
    nature = models.CharField("取扱い", max_length=12, choices=Nature)
    supplier = models.CharField(max_length=20, blank=True)
    used_on = models.DateField("利用日")
    occurred_on = models.DateField("発生日")
    issued_on = models.DateField("発券日", null=True)
    billing_on = models.DateField("請求の基準日", db_index=True)
    rule = models.CharField("基準", max_length=40)
    description = models.CharField("内容", max_length=120)
    reference = models.CharField(
        "関連番号", max_length=40, blank=True, help_text="what it belongs to without a booking"
    )
    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, null=True, related_name="charges")
    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, null=True, related_name="charges")
    night = models.ForeignKey(StayNight, on_delete=models.PROTECT, null=True, related_name="charges")
    source = models.CharField("出所", max_length=10, choices=ChargeSource)
    feed_row = models.ForeignKey(FeedRow, on_delete=models.PROTECT, null=True, related_name="+")
    origin = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="followers")
    relation = models.CharField("元の費用との関係", max_length=12, choices=Relation, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = "費用"
        ordering = ["billing_on", "pk"]
        constraints = [
            models.CheckConstraint(name="charge_rule_known", condition=Q(rule__in=list(BILLING_RULES))),
            models.CheckConstraint(name="charge_is_not_zero", condition=~Q(amount=0)),
            models.CheckConstraint(name="charge_kind_known", condition=Q(kind__in=ChargeKind.values)),
            models.CheckConstraint(name="charge_tax_class_known", condition=Q(tax_class__in=TaxClass.values)),
            models.CheckConstraint(name="charge_nature_known", condition=Q(nature__in=Nature.values)),
            models.CheckConstraint(name="charge_not_ride_and_night", condition=Q(segment=None) | Q(night=None)),
            models.CheckConstraint(
                name="charge_relation_has_origin",
                condition=Q(origin=None, relation="") | Q(origin__isnull=False, relation__in=Relation.values),
            ),
            models.CheckConstraint(name="charge_goes_back_to_another", condition=~Q(pk=F("origin"))),
            models.CheckConstraint(
                name="charge_office_only_without_membership",
                condition=Q(office=None, person__isnull=False) & ~Q(relation=Relation.TRANSFER_OUT)
                | Q(office__isnull=False) & (Q(person=None) | Q(relation=Relation.TRANSFER_OUT)),
            ),
            models.UniqueConstraint(
                fields=["origin", "relation"],
                condition=Q(relation__in=[Relation.REVERSAL, Relation.TRANSFER_OUT, Relation.TRANSFER_IN]),
                name="charge_reversed_and_transferred_once",
            ),
        ]

    @property
    def rule_words(self) -> str:
        """Which rule put the charge on its billing day."""
        return BILLING_RULES[self.rule]

    @property
    def relation_words(self) -> str:
        """Whether it stands by itself (元), or what it is to the charge that it goes back to."""
        return str(Relation(self.relation).label) if self.relation else "元"


class LedgerLock(models.Model):
    """How far an office's ledger is invoiced (締め済の末日). Recording is never refused: what comes late says so."""

    office = models.OneToOneField(Office, on_delete=models.PROTECT, related_name="+")
    last_day = models.DateField()

    class Meta:
        verbose_name = "締め済の末日"
