"""A one-off invoice before it is issued: the same face and lines as afterwards."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from accounts.models import Confirmation, Office
from accounts.queries import contract_terms_on
from billing.errors import NothingToBill
from billing.models import OneOffRequest
from billing.queries.faces import Draft, draft_one_off
from billing.queries.lines import DraftLine
from billing.queries.tallies import tally_lines
from billing.rules.days import due_date
from billing.rules.one_off import OneOffLine
from booking.models import ChargeKind, Nature
from lib import clock, jst

ONE_OFF = "billing.one_off"


@dataclass(frozen=True, slots=True)
class OneOffPreview:
    """The invoice that issuing today would make, and its lines; `digest` is the fingerprint of what is printed."""

    draft: Draft
    lines: Sequence[DraftLine]
    day: dt.date
    digest: str


def one_off_preview(
    office: Office, lines: Sequence[OneOffLine], *, day: dt.date, due_on: dt.date, reference: str
) -> OneOffPreview:
    """The invoice of these lines. Raises NothingToBill (a sum of zero or below), PortalError without an issuer."""
    if sum(line.amount for line in lines) <= 0:
        raise NothingToBill
    drafted = [_line(line, day, reference) for line in lines]
    draft = draft_one_off(office, tally_lines(drafted), clock.today(), due_on, day)
    printed = [draft.face, due_on.isoformat(), reference, [asdict(line) for line in lines]]
    digest = hashlib.sha256(json.dumps(printed, sort_keys=True).encode()).hexdigest()
    return OneOffPreview(draft, drafted, day, digest)


def preview_request(wish: OneOffRequest) -> OneOffPreview:
    """The invoice that agreeing to the request today would make. Raises as `one_off_preview`."""
    return one_off_preview(wish.office, wish.entries, day=wish.day, due_on=wish.due_on, reference=wish.reference)


def one_off_confirmation(wish: OneOffRequest) -> Confirmation | None:
    """What became of the request: its confirmation, of which there is one."""
    asked = Confirmation.objects.filter(kind=ONE_OFF, subject=wish.public_id)
    return asked.select_related("asked_by", "decided_by").first()


def one_off_due(day: dt.date) -> dt.date:
    """When a one-off invoice of the day is due by the contract, if it is issued today."""
    return due_date(day, clock.today(), contract_terms_on(day).due_months)


def _line(line: OneOffLine, day: dt.date, reference: str) -> DraftLine:
    return DraftLine(
        charge_id=None,
        part=jst.fiscal_year(day),
        kind=ChargeKind.ONE_OFF,
        relation="",
        amount=line.amount,
        tax_class=line.tax_class,
        nature=Nature.OWN,
        used_on=day,
        occurred_on=clock.today(),
        billing_on=day,
        rule="agreed_date",
        late_for=None,
        department_code="",
        department_name="",
        budget_code="",
        project_code="",
        order_number="",
        person_name="",
        person_login="",
        route=line.content,
        supplier="",
        supplier_name="",
        number=reference,
        fare_name="",
        content=ChargeKind.ONE_OFF.label,
        trip_number="",
    )
