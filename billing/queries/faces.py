"""The face of an invoice: who to whom, how much, by when; written as JSON once and for ever."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

from accounts import queries as accounts
from accounts.models import ContractTerms, Office, TaxRounding
from billing.models import Invoice, InvoiceKind, Period
from billing.queries.tallies import Tallies, Tally, tally_due
from billing.queries.transfers import transfer_lines
from billing.rules.days import due_date
from billing.rules.notes import notes_of
from billing.rules.tax import TaxSummary, summarise
from booking.models import ChargeKind, Nature, SupplierNature, TaxClass, TaxRule
from lib import clock
from lib.errors import PortalError

VERSION = 2


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice before it has a number; `face` is what will be printed."""

    office: Office
    taxes: TaxSummary
    issued_on: dt.date
    due_on: dt.date
    carried: int
    face: Mapping[str, Any]


def preview(period: Period) -> Draft:
    """The invoice that closing the period today would make, from the same sums as closing."""
    return draft_invoice(period, tally_due(period, transfer_lines(period)), clock.today())


def period_digest(period: Period) -> str:
    """A fingerprint of what closing the period would take now: every sum of its lines, and the people counted."""
    tallies = tally_due(period, transfer_lines(period))
    facts = repr(([astuple(row) for row in tallies.rows], sorted(tallies.people.items())))
    return hashlib.sha256(facts.encode()).hexdigest()


def draft_invoice(period: Period, tallies: Tallies, issued_on: dt.date) -> Draft:
    """The invoice of these sums if it were issued on the day. Raises PortalError without an issuer."""
    terms = accounts.contract_terms_on(period.last_day)
    before = last_invoice(period)
    carried = min(before.payable, 0) if before else 0
    due_on = due_date(period.last_day, issued_on, terms.due_months)
    days = {"first": period.first_day.isoformat(), "last": period.last_day.isoformat()}
    number = before.number if before and carried else ""
    return _draft(period.office, tallies, issued_on, due_on, terms, (carried, number), days)


def draft_one_off(office: Office, tallies: Tallies, issued_on: dt.date, due_on: dt.date, day: dt.date) -> Draft:
    """An invoice of sums that belong to no traveller. Raises PortalError without an issuer."""
    days = {"first": day.isoformat(), "last": day.isoformat()}
    return _draft(office, tallies, issued_on, due_on, accounts.contract_terms_on(day), (0, ""), days)


def last_invoice(period: Period) -> Invoice | None:
    """The office's last invoice: what it left in the office's favour is carried over (前回繰越).

    The last one that was issued, whichever month it is of: an older month that is closed late must not give the same yen
    a second time.
    """
    issued = Invoice.objects.filter(kind=InvoiceKind.REGULAR, office=period.office_id)
    return issued.order_by("-pk").first()


def _draft(
    office: Office,
    tallies: Tallies,
    issued_on: dt.date,
    due_on: dt.date,
    terms: ContractTerms,
    carried_from: tuple[int, str],
    days: Mapping[str, str],
) -> Draft:
    carried, number = carried_from
    rounding = TaxRounding(terms.tax_rounding)
    taxes = summarise(tallies.rows, nearest=rounding is TaxRounding.NEAREST)
    last = dt.date.fromisoformat(days["last"])
    payable = taxes.total + carried
    face = {
        "version": VERSION,
        "recipient": _recipient(office, issued_on),
        "issuer": _issuer(issued_on),
        "period": dict(days),
        "taxes": [asdict(row) for row in taxes.rows],
        "tax": taxes.tax,
        "rounding": rounding.value,
        "count": taxes.count,
        "total": taxes.total,
        "carried": carried,
        "carried_from": number,
        "payable": payable,
        "parts": _grouped(tallies.rows, lambda row: {"fiscal_year": row.part}),
        "departments": _departments(tallies),
        "budgets": _grouped(tallies.rows, lambda row: {"code": row.budget_code}),
        "advances": _advances(tallies.rows, last),
        "rules": _rules(tallies.rows, terms, last),
        "notes": notes_of(tallies.rows, carried=carried, payable=payable, rounding=rounding.label),
    }
    return Draft(office, taxes, issued_on, due_on, carried, face)


def _recipient(office: Office, day: dt.date) -> dict[str, str]:
    details = office.details_on(day)
    return {
        "client": accounts.contract().client_name,
        "code": office.code,
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


def _grouped(rows: Iterable[Tally], key: Callable[[Tally], dict[str, Any]]) -> list[dict[str, Any]]:
    """Count and sum per key, in the order of the rows."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        names = key(row)
        group = found.setdefault(tuple(names.values()), {**names, "count": 0, "amount": 0})
        group["count"] += row.count
        group["amount"] += row.amount
    return list(found.values())


def _departments(tallies: Tallies) -> list[dict[str, Any]]:
    rows = sorted(tallies.rows, key=lambda row: row.department_code)
    groups = _grouped(rows, lambda row: {"code": row.department_code, "name": row.department_name})
    return [
        {"code": row["code"], "name": row["name"], "people": tallies.people.get(row["code"], 0), **_sums(row)}
        for row in groups
        if row["code"]
    ]


def _sums(row: Mapping[str, Any]) -> dict[str, int]:
    return {"count": row["count"], "amount": row["amount"]}


def _advances(rows: Sequence[Tally], day: dt.date) -> list[dict[str, Any]]:
    """What the agency advanced, per payee, with the payee's registration number; empty where it is 未設定."""
    advanced = sorted((row for row in rows if row.nature == Nature.ADVANCE), key=lambda row: row.supplier_name)
    if not advanced:
        return []
    known = {row.supplier: row for row in SupplierNature.objects.on(day)}

    def payee(row: Tally) -> dict[str, Any]:
        rule = known.get(row.supplier)
        return {
            "name": (rule.payee if rule else "") or row.supplier_name,
            "supplier": row.supplier_name,
            "registration_number": rule.registration_number if rule else "",
        }

    return _grouped(advanced, payee)


def _rules(rows: Sequence[Tally], terms: ContractTerms, day: dt.date) -> list[dict[str, str]]:
    """The dated rows that were used, as they were: an invoice keeps what it used."""
    kinds, suppliers = {row.kind for row in rows}, {row.supplier for row in rows if row.supplier}
    taxes = TaxRule.objects.on(day).filter(kind__in=kinds).order_by("kind")
    natures = SupplierNature.objects.on(day).filter(supplier__in=suppliers).order_by("supplier")
    names = {row.supplier: row.supplier_name for row in rows}
    closing = "月末" if terms.closing_day == 31 else f"{terms.closing_day}日"
    return [
        _rule("締め日", "契約", closing, terms),
        _rule("消費税の端数", "契約", TaxRounding(terms.tax_rounding).label, terms),
        *(_rule("税区分", ChargeKind(row.kind).label, TaxClass(row.tax_class).label, row) for row in taxes),
        *(_rule("取扱い", names[row.supplier], Nature(row.nature).label, row) for row in natures),
    ]


def _rule(table: str, subject: str, value: str, row: Any) -> dict[str, str]:
    first = row.first_day if row.pk else None
    valid_from = first.isoformat() if first else ""
    return {"table": table, "subject": subject, "value": value, "valid_from": valid_from, "source": row.source}
