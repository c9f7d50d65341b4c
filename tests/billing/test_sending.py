"""Sending invoices: to whom, what the mail says and does not say, and what a billing contact may see."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User, UserState
from accounts.queries import billing_contacts
from accounts.services import grant_role, set_membership
from audit.models import Event, OutgoingMail
from billing.errors import NoContact, NothingPrinted
from billing.models import Invoice, InvoiceMailing
from billing.queries import period_row, sendings_of
from billing.services import open_periods, send_invoice
from lib import clock
from lib.errors import NotPermitted
from tests import factories
from tests.billing.papers import correct, invoice_of_november, made, on
from tests.billing.world import World, go_to

pytestmark = pytest.mark.django_db


def contact(world: World, name: str = "経理 太郎") -> User:
    return factories.person(Role.BILLING, of=world.department, name=name)


def test_every_contact_of_the_office_gets_a_mail_and_nobody_else(world: World):
    one, two = contact(world, "経理 一"), contact(world, "経理 二")
    factories.person(Role.ADMIN, of=world.department)
    factories.person(Role.BILLING)
    invoice = made(invoice_of_november(world))

    send_invoice(world.desk, invoice)

    assert set(OutgoingMail.objects.values_list("to_address", flat=True)) == {one.email, two.email}
    assert {row.person for row in InvoiceMailing.objects.select_related("person")} == {one, two}
    [sending] = sendings_of(invoice)
    assert (sending.by, sending.is_again, set(sending.people)) == (world.operator, False, {one, two})
    event = Event.objects.get(code="billing.invoice.sent")
    assert b'"recipients":2' in bytes(event.canonical)
    assert invoice.public_id in event.about.values_list("object_id", flat=True)


def test_the_mail_has_a_link_and_neither_sums_nor_travellers_nor_files(world: World, settings):
    person = contact(world)
    invoice = made(invoice_of_november(world, amount=98765))
    send_invoice(world.desk, invoice)

    mail = OutgoingMail.objects.get()

    assert mail.subject == f"請求書のお知らせ（{invoice.number} 2026年11月利用分）"
    assert mail.body.startswith("経理 太郎 様\n")
    assert settings.PORTAL_ORIGIN + reverse("billing:invoice", args=[invoice.public_id]) in mail.body
    assert "発行日 2026年12月2日(水)" in mail.body
    for secret in ("98,765", "98765", world.person.name, "円", "羽田"):
        assert secret not in mail.subject + mail.body
    assert (mail.to_person, mail.about_id) == (person.public_id, invoice.public_id)
    assert "修正" not in mail.body


def test_sending_again_is_recorded_and_says_so(world: World):
    contact(world)
    invoice = made(invoice_of_november(world))
    send_invoice(world.desk, invoice)
    go_to(on(9, 12))
    correct(invoice, recipient_address="福岡県福岡市博多区1-2-3")
    with pytest.raises(NothingPrinted):
        send_invoice(world.desk, invoice)
    send_invoice(world.desk, made(invoice))

    assert [sending.is_again for sending in sendings_of(invoice)] == [False, True]
    latest = OutgoingMail.objects.latest("pk")
    assert latest.subject.startswith("【再送】")
    assert "修正日 2026年12月9日(水)" in latest.body


def test_an_office_without_a_contact_and_a_paper_that_is_not_made_are_refused(world: World):
    invoice = invoice_of_november(world)
    with pytest.raises(NoContact):
        send_invoice(world.desk, made(invoice))
    invoice.documents.update(pdf=None, sha256="", made_at=None, next_try_at=clock.wall())
    contact(world)
    with pytest.raises(NothingPrinted, match="PDFがまだできていないため"):
        send_invoice(world.desk, invoice)
    assert not InvoiceMailing.objects.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.ADMIN, Role.BILLING, Role.AUDITOR])
def test_nobody_but_operators_sends(world: World, role: str):
    contact(world)
    invoice = made(invoice_of_november(world))
    with pytest.raises(NotPermitted):
        send_invoice(factories.acting(factories.person(role, of=world.department)), invoice)
    assert not InvoiceMailing.objects.exists()


def test_contacts_are_those_of_today(world: World):
    stays, moved, late, gone = (contact(world, name) for name in "残移後止")
    set_membership(factories.SETUP, moved, department=factories.department(), first=on(1, 12), source="異動")
    late.role_grants.all().delete()
    grant_role(factories.SETUP, late, role=Role.BILLING, first=on(3, 12), reason="着任")
    gone.state = UserState.SUSPENDED
    gone.save()
    assert billing_contacts(world.office) == [stays]
    go_to(on(3, 12))
    assert set(billing_contacts(world.office)) == {stays, late}


def test_the_periods_page_knows_that_it_was_sent(world: World):
    contact(world)
    invoice = made(invoice_of_november(world))
    assert period_row(world.period()).sent_at is None
    send_invoice(world.desk, invoice)
    assert period_row(world.period()).sent_at is not None


def test_two_offices_at_one_address_get_invoices_and_mails_of_their_own(world: World):
    urban, rental = (factories.office(name=name) for name in ("東日本都市再生本部", "東日本賃貸住宅本部"))
    assert urban.details_on(on(1)).address == rental.details_on(on(1)).address
    open_periods(factories.SETUP, until=on(2, 12))
    invoices, contacts = [], []
    for office, amount in ((urban, 11000), (rental, 22000)):
        room = factories.department(office)
        contacts.append(factories.person(Role.BILLING, of=room))
        factories.charge(factories.person(of=room), amount=amount, on=on(9))
        invoices.append(made(Invoice.objects.get(period=world.close(office=office))))

    for invoice in invoices:
        send_invoice(world.desk, invoice)

    assert [invoice.total for invoice in invoices] == [11000, 22000]
    assert len({invoice.number for invoice in invoices}) == 2
    assert [invoice.face["recipient"]["name"] for invoice in invoices] == ["東日本都市再生本部", "東日本賃貸住宅本部"]
    for invoice, person in zip(invoices, contacts, strict=True):
        mail = OutgoingMail.objects.get(about_id=invoice.public_id)
        assert mail.to_address == person.email


def test_from_the_page_to_the_outbox(world: World, desk: Client):
    invoice = invoice_of_november(world)
    page, address = (reverse(f"billing:{name}", args=[invoice.public_id]) for name in ("invoice", "send"))
    assert address in desk.get(page).content.decode()
    assert "請求担当者がいません" in desk.get(address).content.decode()
    person = contact(world)
    assert "PDFがまだできていません" in desk.get(address).content.decode()
    refused = desk.post(address)
    assert refused.status_code == 422
    assert "PDFがまだできていないため" in refused.content.decode()
    made(invoice)
    question = desk.get(address).content.decode()
    assert person.name in question
    assert person.email in question

    answer = desk.post(address)

    assert (answer.status_code, answer["Location"]) == (303, page)
    text = desk.get(page).content.decode()
    assert "1名の請求担当者に送りました" in text
    assert "送付 1回" in text
    assert "もう一度送る" in text
    assert "12月2日" in desk.get(reverse("billing:invoices")).content.decode()


def test_a_contact_finds_the_invoices_of_their_office_and_can_do_no_more(world: World, sign_in):
    own = made(invoice_of_november(world))
    other = factories.office(name="中部支社")
    open_periods(factories.SETUP, until=on(2, 12))
    factories.charge(factories.person(of=factories.department(other)), on=on(9))
    foreign = made(Invoice.objects.get(period=world.close(office=other)))
    browser = sign_in(contact(world))

    home = browser.get(reverse("config:home")).content.decode()
    listed = browser.get(reverse("billing:invoices")).content.decode()
    page = browser.get(reverse("billing:invoice", args=[own.public_id]))

    assert reverse("billing:invoices") in home
    assert reverse("billing:periods") not in home
    assert own.number in listed
    assert foreign.number not in listed
    assert page.status_code == 200
    assert reverse("billing:send", args=[own.public_id]) not in page.content.decode()
    assert browser.get(reverse("billing:invoice_pdf", args=[own.public_id])).content == b"%PDF"
    for name in ("invoice", "invoice_pdf", "reissue", "correct", "confirm_correction", "send"):
        assert browser.get(reverse(f"billing:{name}", args=[foreign.public_id])).status_code == 404
    for name in ("reissue", "correct", "confirm_correction", "send"):
        assert browser.post(reverse(f"billing:{name}", args=[own.public_id])).status_code == 404
    assert not InvoiceMailing.objects.exists()


def test_what_was_sent_stays(world: World):
    assert dt.date(2026, 12, 2) == clock.today()
    contact(world)
    invoice = made(invoice_of_november(world))
    send_invoice(world.desk, invoice)
    with pytest.raises(Exception, match="permission denied"):
        InvoiceMailing.objects.all().delete()
