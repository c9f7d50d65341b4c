"""Invoices of every kind whose papers the tests read, and what a PDF says."""

import datetime as dt
import io

import pypdf
from django.db import transaction

from accounts.models import Role, User
from billing.models import Invoice, InvoiceDocument, InvoiceKind
from billing.queries import draft_one_off, face_in_force, numbered, with_payer
from billing.rules.papers import face_values
from billing.services import ask_invoice_correction, correct_invoice
from billing.services.invoicing import issue_invoice, write_lines
from booking.models import Charge, ChargeKind, Nature, TaxClass
from lib import clock
from tests import factories
from tests.billing.world import World


def on(day: int, month: int = 11) -> dt.date:
    return dt.date(2026, month, day)


def full_invoice(world: World) -> Invoice:
    """Rides of a person with rare characters, a night with its tax, something advanced, a late refund."""
    old = factories.charge(world.person, amount=41800, on=on(26, 10))
    world.close(on(31, 10))
    factories.charge(
        world.person, amount=-41800, on=on(26, 10), kind=ChargeKind.REFUND, origin=old, relation="reversal"
    )
    trip = factories.trip(world.person, day=on(9))
    reservation = factories.reservation(trip)
    ride = factories.segment(reservation)
    factories.charge(world.person, amount=40160, on=on(9), reservation=reservation, segment=ride)
    factories.charge(world.person, amount=12870, on=on(9), kind=ChargeKind.ROOM, nature=Nature.INTERMEDIARY)
    factories.charge(
        world.person, amount=200, on=on(9), kind=ChargeKind.STAY_TAX, tax_class=TaxClass.OUTSIDE, nature=Nature.ADVANCE
    )
    colleague = factories.person(of=world.department, name="髙橋 德子")
    factories.charge(colleague, amount=10640, on=on(18))
    return Invoice.objects.get(period=world.close())


def invoice_of_november(world: World, *, amount: int = 15640) -> Invoice:
    """The simplest invoice: one ride."""
    factories.charge(world.person, amount=amount, on=on(9))
    return Invoice.objects.get(period=world.close())


def negative_invoice(world: World) -> Invoice:
    """October's refunds left something for the office; November takes back even more."""
    old = factories.charge(world.person, amount=50000, on=on(9, 9))
    world.close(on(30, 9))
    factories.charge(world.person, amount=-8230, on=on(9, 9), kind=ChargeKind.REFUND)
    world.close(on(31, 10))
    factories.charge(world.person, amount=-50000, on=on(9, 9), kind=ChargeKind.REFUND, origin=old, relation="reversal")
    return invoice_of_november(world)


def one_off_invoice(world: World) -> Invoice:
    """Initial costs, which belong to no traveller, as their verb would issue them."""
    day = on(2, 12)
    facts = {"kind": ChargeKind.ONE_OFF, "tax_class": TaxClass.STANDARD, "nature": Nature.OWN, "rule": "agreed_date"}
    rows = [
        Charge.objects.create(
            office=world.office, amount=amount, used_on=day, occurred_on=day, billing_on=day, description=words,
            reference=reference, source="operator", recorded_at=clock.now(), **facts,
        )
        for words, amount, reference in (("初期設定費", 330_000, "契約 4-(1)"), ("操作説明会 2回", 88_000, ""))
    ]  # fmt: skip
    found = Charge.objects.filter(pk__in=[row.pk for row in rows])
    with transaction.atomic():
        key, _ = write_lines(numbered(with_payer(found), day))
        return issue_invoice(
            factories.SETUP,
            key,
            kind=InvoiceKind.ONE_OFF,
            period=None,
            numbered_on=day,
            draft=lambda tallies: draft_one_off(world.office, tallies, day, on(28, 12), day),
        )


def made(invoice: Invoice) -> Invoice:
    """The invoice after the worker made all its papers, with bytes that are no real PDF."""
    rows = InvoiceDocument.objects.filter(invoice=invoice, made_at=None)
    rows.update(pdf=b"%PDF", sha256="0" * 64, made_at=clock.now(), next_try_at=None)
    return invoice


def correct(invoice: Invoice, *, by: tuple[User, User] | None = None, **values: str) -> None:
    """Correct fields of the invoice's face, as two operators would."""
    first, second = by or (factories.person(Role.OPERATOR), factories.person(Role.OPERATOR))
    wanted = {**face_values(face_in_force(invoice)), **values}
    ask_invoice_correction(factories.acting(first), invoice, values=wanted, reason="宛先の誤り")
    correct_invoice(factories.acting(second), invoice)


def text_of(pdf: bytes) -> str:
    """The words of a PDF, without blanks and ends of lines."""
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return "".join("".join(page.extract_text() for page in pages).split())
