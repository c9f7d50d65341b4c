"""The contract, the offices and the texts that an agency must show."""

import datetime as dt

from accounts.models import Contract, ContractTerms, Department, Estimate, Issuer, Office, OfficeDetails, PublicText
from accounts.permissions import TABLE
from audit.services import record
from lib.actor import Actor
from lib.dated import between
from lib.errors import NotPermitted
from lib.verbs import verb

EDIT_TEXT = "accounts.public_text.edit"
assert EDIT_TEXT in TABLE


@verb
def register_contract(
    actor: Actor,
    *,
    title: str,
    client_name: str,
    first: dt.date,
    last: dt.date,
    closing_day: int,
    issuer: dict[str, str],
    estimates: dict[str, tuple[int | None, int | None]],
) -> Contract:
    """Enter the contract with its dated settings; `estimates` are kind -> (yearly count, yearly yen)."""
    contract = Contract.objects.create(title=title, client_name=client_name, first_day=first, last_day=last)
    # Settings stay readable after the contract's end: refunds of its last month arrive later.
    ContractTerms.objects.create(contract=contract, closing_day=closing_day, valid=between(first))
    Issuer.objects.create(contract=contract, valid=between(first), **issuer)
    for kind, (count, amount) in estimates.items():
        Estimate.objects.create(
            contract=contract, kind=kind, yearly_count=count, yearly_yen=amount, valid=between(first, last)
        )
    data = {"first": first, "last": last, "closing_day": closing_day}
    record(actor, "accounts.contract.registered", objects=[contract], data=data)
    return contract


@verb
def register_office(actor: Actor, *, code: str, position: int, first: dt.date, details: dict[str, str]) -> Office:
    """Enter an office with its name and address from `first` on."""
    office = Office.objects.create(code=code, position=position)
    OfficeDetails.objects.create(office=office, valid=between(first), **details)
    record(actor, "accounts.office.registered", objects=[office], data={"code": code})
    return office


@verb
def register_department(actor: Actor, *, code: str, name: str, office: Office) -> Department:
    """Enter a department of an office."""
    department = Department.objects.create(code=code, name=name, office=office)
    record(actor, "accounts.department.registered", objects=[department], data={"code": code})
    return department


@verb
def publish_text(actor: Actor, *, slug: str, title: str, body: str, first: dt.date, position: int) -> PublicText:
    """Show a new wording from `first` on; the present one ends the day before, and stays readable.

    Raises NotPermitted. A second change on the same day replaces the first one's wording.
    """
    if not actor.may(EDIT_TEXT):
        raise NotPermitted
    present: PublicText | None = PublicText.objects.on(first).filter(slug=slug).first()
    if present and present.first_day == first:
        present.title, present.body = title, body
        present.save(update_fields=["title", "body"])
        text = present
    else:
        if present:
            present.valid = between(present.first_day, first - dt.timedelta(days=1))
            present.save(update_fields=["valid"])
        text = PublicText.objects.create(
            slug=slug, title=title, body=body, position=position, valid=between(first), source="ポータルの画面"
        )
    record(actor, "accounts.public_text.published", data={"slug": slug, "title": title, "first": first})
    return text
