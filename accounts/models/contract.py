"""The contract between the agency and the client, and the texts that an agency must show."""

from django.db import models
from django.db.models import F, Q

from lib.dated import DatedRow, no_overlap
from lib.ids import uuid7


class Contract(models.Model):
    """The contract: who with whom, from when to when (both days inclusive)."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    title = models.CharField("件名", max_length=120)
    client_name = models.CharField("委託者", max_length=120)
    first_day = models.DateField("開始日")
    last_day = models.DateField("終了日")

    class Meta:
        verbose_name = "契約"
        constraints = [
            models.CheckConstraint(name="contract_days_in_order", condition=Q(first_day__lte=F("last_day"))),
            models.UniqueConstraint(models.Value(1), name="one_contract"),
        ]


class FareSplit(models.TextChoices):
    EQUAL = "equal", "等分（端数は最初の区間）"
    FIRST = "first", "全額を最初の区間"


class TaxRounding(models.TextChoices):
    CUT = "cut", "切捨て"
    NEAREST = "nearest", "四捨五入"


class DeliverySplit(models.TextChoices):
    BY_OFFICE = "office", "拠点で等分"
    BY_TRAVELLER = "traveller", "券の利用者で等分"


class ContractTerms(DatedRow):
    """Settings of the contract. `closing_day` 31 means month end; `due_months` 1 means end of the month after.

    A closing is stopped by charges of people without a department when `waits_for_membership` is set, else it warns.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="terms")
    closing_day = models.PositiveSmallIntegerField("締め日", default=31)
    due_months = models.PositiveSmallIntegerField("支払期限（月末まで何か月）", default=1)
    fare_split = models.CharField("通し運賃の分け方", max_length=10, choices=FareSplit, default=FareSplit.EQUAL)
    tax_rounding = models.CharField("消費税の端数", max_length=10, choices=TaxRounding, default=TaxRounding.CUT)
    delivery_split = models.CharField(
        "配送料の分け方", max_length=10, choices=DeliverySplit, default=DeliverySplit.BY_OFFICE
    )
    waits_for_membership = models.BooleanField("所属が未設定の費用があれば締めない", default=False)
    waits_for_unknown = models.BooleanField("結果が未確定の予約があれば締めない", default=False)
    waits_for_feeds = models.BooleanField("利用実績の取込がなければ締めない", default=False)

    class Meta:
        verbose_name = "契約の設定"
        constraints = [
            no_overlap("contract", name="contract_terms_no_overlap"),
            models.CheckConstraint(name="closing_day_is_a_day", condition=Q(closing_day__range=(1, 31))),
        ]


class Issuer(DatedRow):
    """The agency as invoice issuer (適格請求書発行事業者)."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="issuers")
    name = models.CharField("発行者", max_length=120)
    registration_number = models.CharField("登録番号", max_length=14)
    postcode = models.CharField("郵便番号", max_length=8)
    address = models.CharField("住所", max_length=200)
    telephone = models.CharField("電話", max_length=20)
    hours = models.CharField("受付時間", max_length=60)
    bank = models.CharField("振込先", max_length=120)
    account_holder = models.CharField("口座名義", max_length=120)

    class Meta:
        verbose_name = "請求書の発行者"
        constraints = [
            no_overlap("contract", name="issuer_no_overlap"),
            models.CheckConstraint(
                name="issuer_number_is_t13",
                condition=Q(registration_number__regex=r"^T[0-9]{13}$"),
                violation_error_message="登録番号は T と13桁の数字で入力してください。",
            ),
        ]


class Estimate(DatedRow):
    """Estimated yearly volumes of the contract (予定数量)."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="estimates")
    kind = models.CharField("区分", max_length=40)
    yearly_count = models.PositiveIntegerField("年間件数", null=True)
    yearly_yen = models.PositiveBigIntegerField("年間金額", null=True)

    class Meta:
        verbose_name = "予定数量"
        constraints = [no_overlap("contract", "kind", name="estimate_no_overlap")]


class PublicText(DatedRow):
    """A page that an agency must show: 旅行業登録票, 旅行業約款, 旅行業務取扱料金表 and the like; plain text, dated."""

    slug = models.SlugField(max_length=40)
    title = models.CharField("題名", max_length=80)
    body = models.TextField("本文", max_length=20000)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = "掲示するページ"
        ordering = ["position"]
        constraints = [no_overlap("slug", name="public_text_no_overlap")]
