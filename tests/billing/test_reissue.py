"""Copies (写し) of an invoice: what is written on them, who may order them, what stays as it was."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from audit.models import Event
from billing.documents import invoice_html
from billing.errors import NothingPrinted
from billing.models import Invoice, InvoiceDocument
from billing.queries import document_in_force, paper_of
from billing.services import reissue_invoice, take_document
from lib.errors import NotPermitted
from tests import factories
from tests.billing.papers import correct, invoice_of_november, made, on
from tests.billing.world import World, go_to

pytestmark = pytest.mark.django_db


def test_a_copy_has_the_stamp_and_the_day_and_is_else_the_original(world: World):
    invoice = invoice_of_november(world)
    original = invoice_html(paper_of(document_in_force(invoice)))
    go_to(on(20, 12))

    copy = reissue_invoice(world.desk, invoice, reason="先方で紛失")

    page = invoice_html(paper_of(copy))
    assert (copy.kind, copy.issued_on, copy.asked_by, copy.reason) == ("copy", on(20, 12), world.operator, "先方で紛失")
    assert '<p class="stamp">写し</p>' in page
    assert "写し（2026年12月20日再発行）" in page
    note = "<li>この書面は2026年12月20日に再発行した写しです。内容は2026年12月2日発行の原本と同じです。</li>"
    assert note in page
    assert "先方で紛失" not in page
    bare = page.replace(note, "").replace('<p class="stamp">写し</p>', "").replace("　写し（2026年12月20日再発行）", "")
    assert "".join(bare.replace(" 写し", "").split()) == "".join(original.split())


def test_a_copy_changes_neither_the_invoice_nor_the_paper_in_force(world: World):
    invoice = invoice_of_november(world)
    before = (Invoice.objects.values().get(), document_in_force(invoice).pk)
    reissue_invoice(world.desk, invoice, reason="紛失")
    assert (Invoice.objects.values().get(), document_in_force(invoice).pk) == before


def test_a_copy_shows_the_face_in_force_when_it_was_made(world: World):
    invoice = invoice_of_november(world)
    early = reissue_invoice(world.desk, invoice, reason="紛失")
    go_to(on(10, 12))
    correct(invoice, recipient_name="九州住宅支社")
    late = reissue_invoice(world.desk, invoice, reason="紛失")

    assert "九州住宅支社" not in invoice_html(paper_of(early))
    page = invoice_html(paper_of(late))
    assert "九州住宅支社 御中" in page
    assert "「九州支社」→「九州住宅支社」" in page
    assert "内容は2026年12月10日に修正した請求書と同じです。" in page


def test_the_order_is_in_the_log_with_its_reason_apart(world: World):
    invoice = invoice_of_november(world)
    copy = reissue_invoice(world.desk, invoice, reason="先方で紛失")
    event = Event.objects.get(code="billing.invoice.reissued")
    assert event.actor_id == world.operator.public_id
    assert set(event.about.values_list("object_id", flat=True)) == {invoice.public_id, copy.public_id}
    assert event.personal.values == {"reason": "先方で紛失"}
    assert "紛失".encode() not in bytes(event.canonical)


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.ADMIN, Role.BILLING, Role.AUDITOR])
def test_nobody_but_operators_orders_copies(world: World, role: str):
    invoice = invoice_of_november(world)
    with pytest.raises(NotPermitted):
        reissue_invoice(factories.acting(factories.person(role, of=world.department)), invoice, reason="紛失")
    with pytest.raises(NotPermitted):
        reissue_invoice(factories.SETUP, invoice, reason="紛失")
    assert InvoiceDocument.objects.count() == 1


def test_a_copy_needs_a_reason_also_for_the_database(world: World):
    invoice = invoice_of_november(world)
    with pytest.raises(ValueError, match="says why"):
        reissue_invoice(world.desk, invoice, reason=" ")
    for wrong in ({"asked_by": world.operator}, {"reason": "紛失"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            InvoiceDocument.objects.create(invoice=invoice, kind="copy", issued_on=on(2, 12), **wrong)


def test_from_the_page_to_the_file(world: World, desk: Client, sign_in):
    invoice = invoice_of_november(world)
    address = reverse("billing:reissue", args=[invoice.public_id])
    page = reverse("billing:invoice", args=[invoice.public_id])
    assert address in desk.get(page).content.decode()
    assert desk.get(address).status_code == 200

    empty = desk.post(address, {"reason": " "})
    assert empty.status_code == 422
    assert "再発行の理由を入力してください" in empty.content.decode()
    answer = desk.post(address, {"reason": "先方で紛失"})
    assert (answer.status_code, answer["Location"]) == (303, page)

    copy = InvoiceDocument.objects.get(kind="copy")
    file = reverse("billing:document_pdf", args=[copy.public_id])
    waiting = desk.get(page).content.decode()
    assert "作成中" in waiting
    assert file not in waiting
    with pytest.raises(NothingPrinted):
        take_document(world.desk, copy)
    made(invoice)
    contact = sign_in(factories.person(Role.BILLING, of=world.department))
    shown = contact.get(page).content.decode()
    assert file in shown
    assert world.operator.name in shown
    assert "先方で紛失" not in shown
    assert address not in shown
    taken = contact.get(file)
    assert taken.content == b"%PDF"
    assert taken["Content-Disposition"] == f'attachment; filename="seikyusho-{invoice.number}-utsushi.pdf"'
    stranger = sign_in(factories.person(Role.BILLING))
    assert stranger.get(file).status_code == 404
    assert contact.get(address).status_code == 404
