"""One charge with everything that says why it is what it is, and where it stands."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import Confirmation
from accounts.queries import confirmations, membership_on
from billing.models import InvoiceLine
from billing.queries.corrections import CORRECT, Standing, standing_of
from billing.rules.charges import WHY
from booking.models import Charge, ChargeKind, ChargeSource, Nature, Relation, Settlement, SupplierNature, TaxRule
from booking.queries.billing_days import day_rule_of
from lib import jst
from lib.actor import Actor

OWN_FEES = frozenset({ChargeKind.HANDLING, ChargeKind.DELIVERY, ChargeKind.ONE_OFF})


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact with why it is so; `url` leads to what the value names."""

    term: str
    value: str
    why: Sequence[str] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Related:
    """A charge that this one goes back to, or that goes back to it, as a link."""

    charge: Charge
    word: str


@dataclass(frozen=True, slots=True)
class ChargePage:
    """Everything on a charge's page, in a known number of queries. `asked` waits for a second person."""

    charge: Charge
    line: InvoiceLine | None
    standing: Standing
    what: Sequence[Fact]
    billing: Sequence[Fact]
    related: Sequence[Related]
    requests: Sequence[Confirmation]
    asked: Confirmation | None

    @property
    def state(self) -> str:
        """Where it stands, as the code of a `ChargeState`."""
        if self.line:
            return "billed"
        return "self" if _is_self(self.charge) else "open"


def charge_page(actor: Actor, charge: Charge) -> ChargePage:
    """The page of a charge whose access was checked before."""
    line = InvoiceLine.objects.filter(charge=charge).select_related("invoice__office").first()
    requests = list(confirmations(actor).filter(kind=CORRECT, subject=charge.public_id).order_by("-asked_at"))
    return ChargePage(
        charge=charge,
        line=line,
        standing=standing_of(charge),
        what=_what(charge),
        billing=[_payer(charge, line), _day(charge), _tax(charge), _nature(charge), _invoice(charge, line)],
        related=_related(charge),
        requests=requests,
        asked=next((row for row in requests if row.state == "asked"), None),
    )


def _what(charge: Charge) -> list[Fact]:
    reservation = charge.reservation
    facts = [
        Fact("内容", charge.description),
        Fact("種別", charge.get_kind_display()),
        Fact("利用日", jst.long_day(charge.used_on)),
        Fact("発生日", jst.long_day(charge.occurred_on)),
    ]
    if charge.issued_on:
        facts.append(Fact("発券日", jst.long_day(charge.issued_on)))
    if charge.person:
        url = reverse("accounts:person", args=[charge.person.public_id])
        facts.append(Fact("利用者", f"{charge.person.name} {charge.person.login_id}", url=url))
    if reservation:
        url = reverse("booking:trip", args=[reservation.trip.public_id])
        facts.append(Fact("出張", reservation.trip.number, url=url))
        facts.append(Fact("予約", " ".join(filter(None, [reservation.title, reservation.number]))))
        facts.append(Fact("手配先", reservation.connection.name))
        facts.append(Fact("支払い", reservation.get_settlement_display()))
    if charge.reference:
        facts.append(Fact("関連番号", charge.reference))
    return [*facts, _source(charge)]


def _source(charge: Charge) -> Fact:
    recorded = f"{jst.short_moment(charge.recorded_at)} に記録しました。"
    row = charge.feed_row
    if row is not None:
        value, url = f"{row.feed.file_name} {row.line}行目", reverse("booking:feed", args=[row.feed.public_id])
        return Fact("出所", f"{ChargeSource.FEED.label} {value}", [recorded], url)
    return Fact("出所", charge.get_source_display(), [recorded])


def _payer(charge: Charge, line: InvoiceLine | None) -> Fact:
    why = []
    if line:
        words = f"{line.invoice.office.name} {line.department_name}".strip()
        why.append(f"請求書 {line.invoice.number} は {words} に請求しました。")
    if charge.relation == Relation.TRANSFER_OUT and charge.office:
        return Fact("拠点", charge.office.name, ["付替：先に請求した拠点から取り戻します。", *why])
    if charge.office:
        return Fact("拠点", charge.office.name, ["一時費用：利用者のいない費用なので、拠点を指定しました。", *why])
    membership = membership_on(charge.person, charge.used_on) if charge.person else None
    if membership is None:
        return Fact(
            "拠点", "未設定", ["利用日の所属がありません。所属を登録すると、その拠点の次の請求に入ります。", *why]
        )
    department = membership.department
    days = f"{department.name}に所属するのは{_range(membership.first_day, membership.last_day)}です"
    keyed = f"（{jst.short_moment(membership.recorded_at)} に登録）。"
    if charge.relation == Relation.TRANSFER_IN:
        why.insert(0, "付替：所属の変更が締めのあとに登録されたため、移った拠点に請求します。")
    return Fact("拠点", department.office.name, [f"利用日の所属で決まります。{days}{keyed}", *why])


def _day(charge: Charge) -> Fact:
    value = f"{jst.long_day(charge.billing_on)}（{charge.rule_words}）"
    row = day_rule_of(charge)
    if row is None:
        return Fact("請求の基準日", value, [WHY[charge.rule]])
    return Fact("請求の基準日", value, [f"契約の規則：{row.reason}", _of_row(row)])


def _tax(charge: Charge) -> Fact:
    value = charge.get_tax_class_display()
    if charge.relation:
        return Fact("税区分", value, ["元の費用と同じです。"])
    if charge.kind == ChargeKind.ONE_OFF:
        return Fact("税区分", value, ["一時費用の依頼で決めました。"])
    row = TaxRule.objects.on(charge.used_on).filter(kind=charge.kind).first()
    return _by_row("税区分", value, row, fits=row is not None and row.tax_class == charge.tax_class)


def _nature(charge: Charge) -> Fact:
    value = charge.get_nature_display()
    if charge.relation:
        return Fact("取扱い", value, ["元の費用と同じです。"])
    if charge.kind in OWN_FEES or not charge.supplier:
        return Fact("取扱い", value, ["当社の料金なので、自社売上です。"])
    row = SupplierNature.objects.on(charge.used_on).filter(supplier=charge.supplier).first()
    return _by_row("取扱い", value, row, fits=row is not None and row.nature == charge.nature)


def _by_row(term: str, value: str, row: Any, *, fits: bool) -> Fact:
    if fits:
        return Fact(term, value, [_of_row(row)])
    if value == Nature.UNSET.label:
        return Fact(term, value, ["記録したときに、利用日の規則がありませんでした。未設定のままでは締められません。"])
    return Fact(term, value, ["記録したときの値です。いまの規則の表には、同じ行がありません。"])


def _invoice(charge: Charge, line: InvoiceLine | None) -> Fact:
    if line is not None:
        url = reverse("billing:invoice", args=[line.invoice.public_id])
        return Fact("請求書", f"{line.invoice.number} の {line.position}行目", url=url)
    if _is_self(charge):
        return Fact("請求書", "請求しません", ["本人立替（利用者本人が支払い）の予約の費用です。"])
    return Fact("請求書", "まだ載っていません")


def _related(charge: Charge) -> list[Related]:
    found = []
    if charge.origin:
        found.append(Related(charge.origin, "元の費用"))
    rows: QuerySet[Charge] = charge.followers.order_by("pk")
    return [*found, *(Related(row, row.get_relation_display()) for row in rows)]


def _is_self(charge: Charge) -> bool:
    return charge.reservation is not None and charge.reservation.settlement == Settlement.SELF


def _of_row(row: Any) -> str:
    source = f"。出典：{row.source}" if row.source else ""
    return f"規則の有効期間：{_range(row.first_day, row.last_day)}{source}"


def _range(first: dt.date | None, last: dt.date | None) -> str:
    begins = f"{jst.long_day(first)}から" if first else ""
    return f"{begins}{jst.long_day(last)}まで" if last else begins or "定めなし"
