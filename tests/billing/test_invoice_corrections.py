"""Corrections (修正) of an invoice's face: what may change, the two people behind it, what never changes."""

from urllib.parse import urlencode

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.errors import AlreadyAsked, SamePerson
from accounts.models import Confirmation, Role
from accounts.services import refuse_confirmation, withdraw_confirmation
from audit.models import Event
from billing.errors import CorrectionNotAsked, NothingCorrected
from billing.forms import InvoiceCorrectionForm
from billing.models import Invoice, InvoiceCorrection, InvoiceDocument
from billing.queries import CORRECTION, document_in_force, face_in_force
from billing.rules.papers import CORRECTABLE, changes_of, corrected_face, face_values
from billing.services import ask_invoice_correction, correct_invoice
from lib.errors import NotPermitted
from tests import factories
from tests.billing.papers import correct, invoice_of_november, made, on
from tests.billing.world import World, go_to
from tests.signin import change_session

pytestmark = pytest.mark.django_db
ADDRESS = "福岡県福岡市博多区1-2-3"


def values(invoice: Invoice, **changed: str) -> dict[str, str]:
    """What the form would send: the face in force, with some fields changed."""
    return {**face_values(face_in_force(invoice)), **changed}


def ask(world: World, invoice: Invoice, **changed: str) -> Confirmation:
    changed = changed or {"recipient_address": ADDRESS}
    return ask_invoice_correction(world.desk, invoice, values=values(invoice, **changed), reason="移転")


def test_two_people_correct_the_face_and_the_invoice_itself_stays(world: World):
    invoice = invoice_of_november(world)
    before = Invoice.objects.values().get()
    second = factories.person(Role.OPERATOR)
    ask(world, invoice)
    go_to(on(10, 12))

    correction = correct_invoice(factories.acting(second), invoice)

    assert Invoice.objects.values().get() == before
    assert (correction.position, correction.corrected_on, correction.reason) == (1, on(10, 12), "移転")
    assert (correction.asked_by, correction.decided_by) == (world.operator, second)
    assert correction.changes == [
        {
            "field": "recipient_address",
            "label": "宛先の住所",
            "before": "福岡県福岡市中央区長浜2-2-4",
            "after": ADDRESS,
        }
    ]
    face = face_in_force(invoice)
    assert face["recipient"]["address"] == ADDRESS
    untouched = {**face, "recipient": {**face["recipient"], "address": "福岡県福岡市中央区長浜2-2-4"}}
    assert untouched == invoice.face
    paper = document_in_force(invoice)
    assert (paper.kind, paper.correction, paper.issued_on) == ("correction", correction, on(10, 12))
    assert paper.next_try_at is not None
    event = Event.objects.get(code="billing.invoice.corrected")
    assert event.actor_id == second.public_id
    assert b'"fields":["recipient_address"]' in bytes(event.canonical)


def test_a_second_correction_stands_on_the_first(world: World):
    invoice = invoice_of_november(world)
    correct(invoice, recipient_address=ADDRESS)
    correct(invoice, issuer_account_holder="カ)アオゾラ")
    face = face_in_force(invoice)
    assert (face["recipient"]["address"], face["issuer"]["account_holder"]) == (ADDRESS, "カ)アオゾラ")
    assert list(InvoiceCorrection.objects.values_list("position", flat=True)) == [1, 2]


def test_registration_number_sums_and_days_cannot_be_corrected(world: World):
    invoice = invoice_of_november(world)
    assert {name.partition("_")[0] for name in CORRECTABLE} == {"recipient", "issuer"}
    wanted = values(invoice, issuer_registration_number="T9999999999999", total="1", recipient_code="X")
    assert changes_of(invoice.face, wanted) == []
    with pytest.raises(NothingCorrected):
        ask_invoice_correction(world.desk, invoice, values=wanted, reason="誤り")
    forged = [{"field": "issuer_registration_number", "label": "", "before": "", "after": "T9999999999999"}]
    with pytest.raises(ValueError, match="registration_number"):
        corrected_face(invoice.face, forged)


def test_a_form_that_was_not_touched_changes_nothing(world: World):
    face = invoice_of_november(world).face
    form = InvoiceCorrectionForm({**face_values(face), "reason": "確認"})
    assert form.is_valid(), form.errors
    assert changes_of(face, form.values()) == []


def test_the_one_who_asked_does_not_decide(world: World):
    invoice = invoice_of_november(world)
    ask(world, invoice)
    with pytest.raises(AlreadyAsked):
        ask(world, invoice)
    with pytest.raises(SamePerson):
        correct_invoice(world.desk, invoice)
    assert not InvoiceCorrection.objects.exists()
    assert InvoiceDocument.objects.count() == 1


def test_what_was_refused_or_withdrawn_is_not_carried_out(world: World):
    invoice, second = invoice_of_november(world), factories.acting(factories.person(Role.OPERATOR))
    with pytest.raises(CorrectionNotAsked):
        correct_invoice(second, invoice)
    refuse_confirmation(second, ask(world, invoice), note="元の住所が正しい")
    withdraw_confirmation(world.desk, ask(world, invoice))
    with pytest.raises(CorrectionNotAsked):
        correct_invoice(second, invoice)
    assert not InvoiceCorrection.objects.exists()


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.ADMIN, Role.BILLING, Role.AUDITOR])
def test_nobody_but_operators_asks_or_decides(world: World, role: str):
    invoice = invoice_of_november(world)
    stranger = factories.acting(factories.person(role, of=world.department))
    with pytest.raises(NotPermitted):
        ask_invoice_correction(stranger, invoice, values=values(invoice, recipient_name="X"), reason="誤り")
    ask(world, invoice)
    with pytest.raises(NotPermitted):
        correct_invoice(stranger, invoice)


def test_a_correction_without_a_reason_is_refused(world: World):
    invoice = invoice_of_november(world)
    with pytest.raises(ValueError, match="says why"):
        ask_invoice_correction(world.desk, invoice, values=values(invoice, recipient_name="X"), reason=" ")


def test_the_database_refuses_one_person_alone(world: World):
    invoice = invoice_of_november(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        InvoiceCorrection.objects.create(
            invoice=invoice, position=1, face={}, changes=[], reason="誤り", asked_by=world.operator,
            decided_by=world.operator, corrected_on=on(2, 12), created_at="2026-12-02T00:00Z",
        )  # fmt: skip


def test_from_the_page_to_the_corrected_paper(world: World, desk: Client, sign_in):
    invoice = made(invoice_of_november(world))
    page = reverse("billing:invoice", args=[invoice.public_id])
    form = reverse("billing:correct", args=[invoice.public_id])
    confirm = reverse("billing:confirm_correction", args=[invoice.public_id])
    assert 'value="福岡県福岡市中央区長浜2-2-4"' in desk.get(form).content.decode()
    same = desk.post(form, {**values(invoice), "reason": "移転"})
    assert same.status_code == 422
    assert "どの欄も変わっていません" in same.content.decode()
    wrong = desk.post(form, {**values(invoice, recipient_postcode="8108610"), "reason": "移転"})
    assert wrong.status_code == 422
    assert "例:810-8610" in wrong.content.decode()

    asked = desk.post(form, {**values(invoice, recipient_address=ADDRESS), "reason": "移転"})
    assert (asked.status_code, asked["Location"]) == (303, page)
    assert "修正の確認を待っています" in desk.get(page).content.decode()
    assert 'type="submit">修正する' not in desk.get(confirm).content.decode()
    assert desk.post(confirm).status_code == 422

    second = sign_in(factories.person(Role.OPERATOR, name="二人 目子"))
    item = Confirmation.objects.get(kind=CORRECTION)
    assert item.url == confirm
    shown = second.get(confirm).content.decode()
    assert ADDRESS in shown
    assert 'type="submit">修正する' in shown
    assert second.post(confirm)["Location"] == page
    made(invoice)

    contact = sign_in(factories.person(Role.BILLING, of=world.department))
    text = contact.get(page).content.decode()
    assert "この請求書は修正されています" in text
    assert f"宛先の住所: 福岡県福岡市中央区長浜2-2-4 → {ADDRESS}" in text
    assert f"〒810-8610<br>{ADDRESS}" in text
    assert "二人 目子" in text
    assert "移転" not in text
    assert contact.get(form).status_code == contact.get(confirm).status_code == 404
    taken = contact.get(reverse("billing:invoice_pdf", args=[invoice.public_id]))
    assert "-shusei.pdf" in taken["Content-Disposition"]
    assert "確認を待っている修正はありません" in second.get(confirm).content.decode()


def test_the_list_shows_the_corrected_name(world: World, desk: Client):
    correct(invoice_of_november(world), recipient_name="九州住宅支社")
    text = desk.get(reverse("billing:invoices")).content.decode()
    assert '九州住宅支社 <span class="mark">修正</span>' in text


@pytest.mark.parametrize("name", ["correct", "confirm_correction"])
def test_both_acts_ask_for_the_second_factor_again_and_keep_what_was_typed(world: World, desk: Client, name: str):
    invoice = invoice_of_november(world)
    asked = ask(world, invoice) if name == "confirm_correction" else None
    change_session(desk, second_factor_at=0)
    address = reverse(f"billing:{name}", args=[invoice.public_id])
    sent = {**values(invoice, recipient_address=ADDRESS), "reason": "移転"}
    answer = desk.post(
        address,
        urlencode(sent),
        content_type="application/x-www-form-urlencoded",
        headers={"Referer": f"http://testserver{address}"},
    )
    assert answer.status_code == 303
    assert answer["Location"].startswith(reverse("accounts:step_up"))
    assert not InvoiceCorrection.objects.exists()
    assert Confirmation.objects.filter(kind=CORRECTION).count() == (1 if asked else 0)
    if not asked:
        again = desk.get(address).content.decode()
        assert f'value="{ADDRESS}"' in again
        assert 'value="810-8610"' in again
        assert "まだ送っていません" in again
