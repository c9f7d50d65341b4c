"""An invoice as rows for CSV and XLSX, and as its machine-readable twin: from frozen rows only, read by a server's cursor.

The twin's form is `docs/verify-invoice/invoice-twin.schema.json`.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from billing.models import Invoice, InvoiceCorrection, InvoiceKind, InvoiceLine, Period, PeriodState
from billing.rules.days import marks
from booking.models import BILLING_RULES, ChargeKind, Nature, TaxClass

SCHEMA = "invoice-twin/1"
CHUNK = 2000
FIELDS = (
    "position",
    "charge__public_id",
    "part",
    "kind",
    "relation",
    "amount",
    "tax_class",
    "nature",
    "used_on",
    "occurred_on",
    "billing_on",
    "rule",
    "late_for",
    "department_code",
    "department_name",
    "budget_code",
    "project_code",
    "order_number",
    "person_login",
    "person_name",
    "route",
    "supplier",
    "supplier_name",
    "number",
    "fare_name",
    "content",
    "trip_number",
)
# header -> width on the sheet
LINE_COLUMNS = {
    "請求書番号": 12,
    "行": 6,
    "年度": 6,
    "利用日": 12,
    "発生日": 12,
    "請求の基準日": 12,
    "基準": 16,
    "所属コード": 12,
    "所属": 20,
    "利用者": 16,
    "ログインID": 12,
    "区間・宿泊先": 26,
    "手配先": 16,
    "予約番号": 14,
    "運賃・プラン": 24,
    "種別": 12,
    "内容": 30,
    "金額": 12,
    "税区分": 8,
    "取扱い": 14,
    "区分": 18,
    "予算区分": 12,
    "事業コード": 12,
    "発注番号": 12,
    "出張番号": 12,
    "費用ID": 38,
}
AMOUNT = list(LINE_COLUMNS).index("金額")
FACE_FACTS = ("taxes", "tax", "rounding", "parts", "departments", "budgets", "advances", "rules", "notes")


def exported_lines(invoice: Invoice) -> Iterator[Mapping[str, Any]]:
    """The lines of an invoice in their order, with the public id of each charge."""
    lines = InvoiceLine.objects.filter(invoice=invoice).order_by("position").values(*FIELDS)
    yield from lines.iterator(chunk_size=CHUNK)


def line_cells(invoice: Invoice, line: Mapping[str, Any]) -> Sequence[str | int | dt.date]:
    """The cells of a line in the order of LINE_COLUMNS; money in yen."""
    return (
        invoice.number,
        line["position"],
        line["part"],
        line["used_on"],
        line["occurred_on"],
        line["billing_on"],
        BILLING_RULES[line["rule"]],
        line["department_code"],
        line["department_name"],
        line["person_name"],
        line["person_login"],
        line["route"],
        line["supplier_name"],
        line["number"],
        line["fare_name"],
        ChargeKind(line["kind"]).label,
        line["content"],
        line["amount"],
        TaxClass(line["tax_class"]).label,
        Nature(line["nature"]).label,
        " ".join(_marks(line)),
        line["budget_code"],
        line["project_code"],
        line["order_number"],
        line["trip_number"],
        str(line["charge__public_id"]),
    )


def twin_line(line: Mapping[str, Any]) -> Mapping[str, Any]:
    """A line of the twin: codes as they are stored, days as 2026-12-10."""
    facts = {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in line.items()}
    charge = str(facts.pop("charge__public_id"))
    return {"position": facts.pop("position"), "charge": charge, **facts, "marks": _marks(line)}


def twin_invoice(invoice: Invoice) -> Mapping[str, Any]:
    """The twin's part about the invoice itself; names and addresses as last corrected (修正)."""
    face, period = invoice.face, invoice.period
    corrections = list(InvoiceCorrection.objects.filter(invoice=invoice).order_by("position"))
    shown = corrections[-1].face if corrections else face
    closings = [_closing(row) for row in _earlier(period)] if period else []
    return {
        "number": invoice.number,
        "kind": invoice.kind,
        "fiscal_year": invoice.fiscal_year,
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": invoice.due_on.isoformat(),
        "office": {"code": face["recipient"]["code"], "name": face["recipient"]["name"]},
        "period": face["period"],
        "closed_at": _moment(period.closed_at) if period else None,
        "previous": closings[-1] if closings else None,
        "closings": closings,
        "carried_from": _carried_from(invoice),
        "issuer": shown["issuer"],
        "recipient": shown["recipient"],
        **{name: face[name] for name in FACE_FACTS},
        "total": invoice.total,
        "carried": invoice.carried,
        "payable": invoice.payable,
        "corrections": [
            {"corrected_on": row.corrected_on.isoformat(), "reason": row.reason, "changes": row.changes}
            for row in corrections
        ],
    }


def _marks(line: Mapping[str, Any]) -> Sequence[str]:
    return marks(line["amount"], line["late_for"], line["relation"], line["kind"])


def _earlier(period: Period) -> Sequence[Period]:
    """The office's periods that were closed before this one was, in that order: what came when decides who takes it."""
    closed = Period.objects.filter(office=period.office_id, state=PeriodState.CLOSED, closed_at__lt=period.closed_at)
    return list(closed.select_related("invoice").order_by("closed_at"))


def _closing(period: Period) -> Mapping[str, Any]:
    """A closed period; `number` is None for one that had no charges and so no invoice."""
    invoice = getattr(period, "invoice", None)
    return {
        "number": invoice.number if invoice else None,
        "first": period.first_day.isoformat(),
        "last": period.last_day.isoformat(),
        "closed_at": _moment(period.closed_at),
    }


def _carried_from(invoice: Invoice) -> Mapping[str, Any] | None:
    """The office's regular invoice that was issued last before this one: what it left in the office's favour came along."""
    if invoice.kind != InvoiceKind.REGULAR:
        return None
    before = Invoice.objects.filter(kind=InvoiceKind.REGULAR, office=invoice.office_id, pk__lt=invoice.pk)
    found = before.order_by("-pk").first()
    return {"number": found.number, "payable": found.payable} if found else None


def _moment(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None
