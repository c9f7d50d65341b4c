"""The face of an invoice as rows of a sheet: who to whom, how much, by when, and every sum that the paper shows."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import TaxRounding
from billing.models import Invoice
from billing.queries.papers import face_in_force
from billing.rules.sheets import Cell

Row = Sequence[Cell]
EMPTY: Row = ()


def face_rows(invoice: Invoice) -> Sequence[Row]:
    """Rows of up to four cells: a label and its value, or a heading and a table; money in yen."""
    face = face_in_force(invoice)
    return [
        *_facts(invoice, face),
        EMPTY,
        ("区分", "金額（税込）", "うち消費税額等", "件数"),
        *((row["label"], row["amount"], row["tax"], _count(row)) for row in face["taxes"]),
        ("今回計", invoice.total, face["tax"], _count(face)),
        ("前回繰越", invoice.carried),
        ("ご請求金額", invoice.payable),
        *_table("年度別", face["parts"], lambda row: f"{row['fiscal_year']}年度"),
        *_table("所属別", face["departments"], lambda row: f"{row['name']}（{row['code']}）"),
        *_table("予算区分別", face["budgets"], lambda row: row["code"] or "（なし）"),
        *_table("立替金の支払先", face["advances"], _payee),
        EMPTY,
        ("備考",),
        *((note,) for note in face["notes"]),
    ]


def _facts(invoice: Invoice, face: Mapping[str, Any]) -> Sequence[Row]:
    recipient, issuer, period = face["recipient"], face["issuer"], face["period"]
    return [
        ("請求書番号", invoice.number),
        ("種類", invoice.get_kind_display()),
        ("発行日", invoice.issued_on),
        ("利用期間の初日", dt.date.fromisoformat(period["first"])),
        ("利用期間の末日", dt.date.fromisoformat(period["last"])),
        ("支払期限", invoice.due_on if invoice.payable > 0 else "お支払いは不要です"),
        ("請求先", recipient["client"]),
        ("拠点", recipient["name"]),
        ("拠点コード", recipient["code"]),
        ("請求先の住所", f"〒{recipient['postcode']} {recipient['address']}"),
        ("発行者", issuer["name"]),
        ("登録番号", issuer["registration_number"]),
        ("発行者の住所", f"〒{issuer['postcode']} {issuer['address']}"),
        ("電話", issuer["telephone"]),
        ("振込先", issuer["bank"]),
        ("口座名義", issuer["account_holder"]),
        ("消費税の端数", TaxRounding(face["rounding"]).label),
    ]


def _table(title: str, rows: Sequence[Mapping[str, Any]], name: Any) -> Sequence[Row]:
    if not rows:
        return []
    return [
        EMPTY,
        (title, "金額（税込）", None, "件数"),
        *((name(row), row["amount"], None, _count(row)) for row in rows),
    ]


def _payee(row: Mapping[str, Any]) -> str:
    return f"{row['name']} {row['registration_number'] or '登録番号は未設定'}"


def _count(row: Mapping[str, Any]) -> str:
    return f"{row['count']:,}件"
