"""The face of an invoice: who to whom, how much, by when; written as JSON once and for ever."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from accounts import queries as accounts
from billing.models import Period
from billing.queries.collecting import DraftLine
from billing.rules.days import REFUND_MARK, due_date, marks
from billing.rules.tax import TaxSummary, summarise
from booking.models import Nature, TaxClass
from lib.errors import PortalError

VERSION = 1


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice before it has a number; `face` is what will be printed."""

    period: Period
    lines: Sequence[DraftLine]
    taxes: TaxSummary
    issued_on: dt.date
    due_on: dt.date
    face: Mapping[str, Any]


def draft_invoice(period: Period, lines: Sequence[DraftLine], issued_on: dt.date) -> Draft:
    """The invoice of these lines if it were issued on the day. Raises PortalError without an issuer."""
    taxes = summarise(lines)
    due_on = due_date(period.last_day, issued_on, accounts.contract_terms_on(period.last_day).due_months)
    face = {
        "version": VERSION,
        "recipient": _recipient(period, issued_on),
        "issuer": _issuer(issued_on),
        "period": {"first": period.first_day.isoformat(), "last": period.last_day.isoformat()},
        "taxes": [asdict(row) for row in taxes.rows],
        "tax": taxes.tax,
        "total": taxes.total,
        "departments": _departments(lines),
        "advances": _advances(lines),
        "notes": _notes(period, lines),
    }
    return Draft(period, lines, taxes, issued_on, due_on, face)


def _recipient(period: Period, day: dt.date) -> dict[str, str]:
    details = period.office.details_on(day)
    return {
        "client": accounts.contract().client_name,
        "name": details.name,
        "postcode": details.postcode,
        "address": details.address,
    }


def _issuer(day: dt.date) -> dict[str, str]:
    issuer = accounts.issuer_on(day)
    if issuer is None:
        raise PortalError("請求書の発行者が未設定です。契約の発行者を登録してから締めてください。")
    names = ("name", "registration_number", "postcode", "address", "telephone", "hours", "bank", "account_holder")
    return {name: getattr(issuer, name) for name in names}


def _departments(lines: Sequence[DraftLine]) -> list[dict[str, Any]]:
    """Sums per department, in the order of the lines."""
    return [
        {
            "code": code,
            "name": group[0].department_name,
            "people": len({line.person_login for line in group}),
            "count": len(group),
            "amount": sum(line.amount for line in group),
        }
        for code, group in ((code, list(rows)) for code, rows in groupby(lines, lambda line: line.department_code))
    ]


def _advances(lines: Sequence[DraftLine]) -> list[dict[str, Any]]:
    """What the agency advanced, per payee."""
    advanced = [line for line in lines if line.nature == Nature.ADVANCE]
    sums: dict[str, list[int]] = {}
    for line in advanced:
        sums.setdefault(line.supplier_name, []).append(line.amount)
    return [{"name": name, "count": len(found), "amount": sum(found)} for name, found in sorted(sums.items())]


def _notes(period: Period, lines: Sequence[DraftLine]) -> list[str]:
    """備考: only what these lines need."""
    natures, classes = {line.nature for line in lines}, {line.tax_class for line in lines}
    marked = {mark for line in lines for mark in marks(line.amount, line.billing_on, period.first_day)}
    reduced = TaxClass.REDUCED in classes
    rates = "10％は10/110、8％は8/108" if reduced else "10％は10/110"
    late = sorted(mark for mark in marked if mark != REFUND_MARK)
    notes = [
        f"金額は税込です。消費税額は税率ごとの合計から1回だけ計算し、1円未満を切り捨てました（{rates}）。",
        "所属は利用日のものです。",
    ]
    if Nature.INTERMEDIARY in natures:
        notes.append("媒介者交付特例（媒）は、手配先に代わって当社が請求書を交付するものです。")
    if reduced:
        notes.append("※は軽減税率（8％）の対象です。")
    if Nature.ADVANCE in natures:
        notes.append("立替金（立替）は、当社が立て替えた運賃・料金で、当社の売上げに含みません。")
    if late:
        words = "".join(f"【{mark}】" for mark in late)
        notes.append(f"{words}は、前の期間の締め後に確定したものです。締めた請求書は変わりません。")
    if REFUND_MARK in marked:
        notes.append(
            "【返還】は対価の返還で、同じ税率から差し引きました（△と−は減額、元＝元の請求書）。適格返還請求書を兼ねます。"
        )
    if sum(line.amount for line in lines) < 0:
        notes.append("ご請求金額が△のため、お支払いは不要です。")
    return notes
