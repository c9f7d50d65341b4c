"""Rules that hold until the contract says otherwise: tax classes, natures of suppliers, which day bills what.

A kind, supplier or subject that has any row, from whatever hand, is left alone.
"""

import datetime as dt

from booking.models import (
    BillingDayRule,
    BillingSubject,
    ChargeKind,
    Nature,
    SupplierNature,
    TaxClass,
    TaxRule,
)
from lib.dated import Confidence, between
from lib.verbs import inside

SINCE = dt.date(2019, 10, 1)
CONSUMPTION_TAX = "消費税法（国内の課税取引、標準税率）"
LEVY = "消費税法基本通達10-1-11（区分して受け取る税は対価に入らない）"
DAMAGES = "消費税法基本通達5-5-2（逸失利益の補償は不課税）"
TAX_CLASSES = {
    ChargeKind.FARE: (TaxClass.STANDARD, CONSUMPTION_TAX, Confidence.HIGH),
    ChargeKind.PSFC: (TaxClass.STANDARD, CONSUMPTION_TAX, Confidence.HIGH),
    ChargeKind.DIFFERENCE: (TaxClass.STANDARD, CONSUMPTION_TAX, Confidence.HIGH),
    ChargeKind.ROOM: (TaxClass.STANDARD, CONSUMPTION_TAX, Confidence.HIGH),
    ChargeKind.CHANGE_FEE: (TaxClass.STANDARD, CONSUMPTION_TAX, Confidence.MEDIUM),
    ChargeKind.REFUND_FEE: (TaxClass.STANDARD, CONSUMPTION_TAX, Confidence.MEDIUM),
    ChargeKind.REFUND: (TaxClass.STANDARD, "既定値（元の費用の区分が分かるときはそれに従う）", Confidence.MEDIUM),
    ChargeKind.DELIVERY: (TaxClass.STANDARD, CONSUMPTION_TAX, Confidence.HIGH),
    ChargeKind.HANDLING: (TaxClass.STANDARD, CONSUMPTION_TAX, Confidence.HIGH),
    ChargeKind.ONE_OFF: (TaxClass.STANDARD, CONSUMPTION_TAX, Confidence.HIGH),
    ChargeKind.STAY_TAX: (TaxClass.OUTSIDE, LEVY, Confidence.HIGH),
    ChargeKind.BATHING_TAX: (TaxClass.OUTSIDE, LEVY, Confidence.HIGH),
    ChargeKind.CANCEL_FEE: (TaxClass.OUTSIDE, DAMAGES, Confidence.MEDIUM),
}
# supplier -> (nature, who is paid, what stays with the supplier at a cancellation)
NATURES = {
    "jal_online": (Nature.OWN, "日本航空", ChargeKind.CANCEL_FEE),
    "ex": (Nature.OWN, "JR東海・JR西日本・JR九州", ChargeKind.REFUND_FEE),
    "yado_net": (Nature.INTERMEDIARY, "各宿泊施設", ChargeKind.CANCEL_FEE),
}
NATURE_SOURCE = "既定値（契約で確認）"
BILLING_DAYS = {
    BillingSubject.FARE: ("ride_date", "仕様書は利用日による請求を求めるため。発券日では月がずれる。"),
    BillingSubject.STAY: ("night", "月をまたぐ宿泊も、泊まった日の属する月に入れるため。"),
    BillingSubject.CANCELLATION: ("planned_date", "予定していた利用日の月に、元の費用と並べて示すため。"),
    BillingSubject.DELIVERY: ("dispatch_date", "配送という役務は、発送の日に提供されるため。"),
    BillingSubject.HANDLING: ("with_subject", "手配した旅行と同じ請求書に入れるため。"),
}
BILLING_DAY_SOURCE = "契約の既定（請求の規則）"


@inside
def add_tax_classes() -> int:
    """Tax classes of kinds that have none; how many."""
    ruled = set(TaxRule.objects.values_list("kind", flat=True))
    fresh = [
        TaxRule(valid=between(SINCE), source=source, confidence=confidence, kind=kind, tax_class=tax_class)
        for kind, (tax_class, source, confidence) in TAX_CLASSES.items()
        if kind not in ruled
    ]
    TaxRule.objects.bulk_create(fresh)
    return len(fresh)


@inside
def add_natures() -> int:
    """Natures of suppliers that have none; how many."""
    ruled = set(SupplierNature.objects.values_list("supplier", flat=True))
    fresh = [
        SupplierNature(
            valid=between(SINCE),
            source=NATURE_SOURCE,
            confidence=Confidence.LOW,
            supplier=supplier,
            nature=nature,
            payee=payee,
            kept_as=kept_as,
        )
        for supplier, (nature, payee, kept_as) in NATURES.items()
        if supplier not in ruled
    ]
    SupplierNature.objects.bulk_create(fresh)
    return len(fresh)


@inside
def add_billing_days() -> int:
    """Billing-day rules of subjects that have none; how many."""
    ruled = set(BillingDayRule.objects.values_list("subject", flat=True))
    fresh = [
        BillingDayRule(valid=between(SINCE), source=BILLING_DAY_SOURCE, subject=subject, basis=basis, reason=reason)
        for subject, (basis, reason) in BILLING_DAYS.items()
        if subject not in ruled
    ]
    BillingDayRule.objects.bulk_create(fresh)
    return len(fresh)
