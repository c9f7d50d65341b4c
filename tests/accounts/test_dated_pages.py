"""The pages of dated rows: what is told before a change, where mistakes stand, what each reader is offered."""

import pytest
from django.urls import reverse

from accounts.models import ContractTerms, Issuer, OfficeDetails, Role
from booking.models import ChargeKind, SupplierNature, TaxClass, TaxRule
from lib import clock, jst
from lib.dated import between
from tests import factories
from tests.accounts.test_dated import DAY, add, soon, spans
from tests.factories import START
from tests.permissions.stage import day_fields
from tests.signin import sign_in

pytestmark = pytest.mark.django_db


def sent(**more) -> dict:
    return {"kind": "fare", "tax_class": "reduced", "source": "改正法", "confidence": "high", **more}


@pytest.fixture
def desk(client):
    return sign_in(client, factories.person(Role.OPERATOR))


def page_of(answer) -> str:
    return answer.content.decode()


def test_an_operator_adds_a_row_after_seeing_what_it_does(desk):
    add()
    here = reverse("accounts:table_add", args=["tax-classes"])
    body = sent(**day_fields("first", soon()))
    told = desk.post(here, body)
    page = page_of(told)
    assert told.status_code == 200
    assert "この内容でよろしいですか" in page
    assert "2024年7月1日(月)–現在まで）は、" in page
    assert len(spans()) == 1
    ends = TaxRule.objects.get().pk
    done = desk.post(here, {**body, "step": "write", "ends": ends}, follow=True)
    assert "追加しました" in page_of(done)
    assert spans() == [("standard", START, soon(29)), ("reduced", soon(), None)]


def test_what_was_not_told_is_told_before_it_is_done(desk):
    add()
    here = reverse("accounts:table_add", args=["tax-classes"])
    answer = desk.post(here, sent(**day_fields("first", soon()), step="write", ends=""))
    assert "ほかの操作で表が変わりました" in page_of(answer)
    assert len(spans()) == 1


def test_a_first_day_in_the_past_is_warned_about_in_words(desk):
    here = reverse("accounts:table_add", args=["tax-classes"])
    page = page_of(desk.post(here, sent(**day_fields("first", clock.today() - DAY))))
    assert "過去の日から有効になります。締めた請求書は変わりません。" in page
    assert "すでに計上した費用の税区分は変わりません。" in page
    assert "過去の日から" not in page_of(desk.post(here, sent(**day_fields("first", clock.today()))))


def test_days_that_stay_without_a_row_are_told(desk):
    here = reverse("accounts:table_add", args=["tax-classes"])
    page = page_of(desk.post(here, sent(**day_fields("first", soon()), **day_fields("last", soon(40)))))
    assert "この対象に有効な行がなくなります" in page


def test_going_back_from_the_confirmation_loses_nothing_that_was_typed(desk):
    here = reverse("accounts:table_add", args=["tax-classes"])
    answer = desk.post(here, sent(**day_fields("first", soon()), step="mend"))
    page = page_of(answer)
    assert answer.status_code == 200
    assert 'value="改正法"' in page
    assert "エラー" not in page
    assert not spans()


def test_mistakes_stand_beside_their_fields_and_what_was_typed_stays(desk):
    add()
    here = reverse("accounts:table_add", args=["tax-classes"])
    answer = desk.post(here, {"kind": "fare", "source": "改正法", "confidence": "high", **day_fields("first", soon())})
    assert answer.status_code == 422
    assert 'id="id_tax_class_error"' in page_of(answer)
    assert 'value="改正法"' in page_of(answer)
    answer = desk.post(here, sent(**day_fields("first", START)))
    assert answer.status_code == 422
    assert 'id="id_first_error"' in page_of(answer)
    assert "同じ日から始まる行がすでにあります" in page_of(answer)
    answer = desk.post(here, sent(**day_fields("first", soon()), **day_fields("last", soon(3))))
    assert 'id="id_last_error"' in page_of(answer)


def test_an_issuer_with_an_odd_number_or_postcode_is_refused_beside_the_fields(desk):
    contract = factories.contract()
    here = reverse("accounts:table_add", args=["issuers"])
    body = {**factories.ISSUER, "contract": contract.title, "source": "届出", "confidence": "high"}
    wrong = {"registration_number": "T123", "postcode": "1000000"}
    answer = desk.post(here, {**body, **wrong, **day_fields("first", soon())})
    assert answer.status_code == 422
    assert 'id="id_registration_number_error"' in page_of(answer)
    assert 'id="id_postcode_error"' in page_of(answer)
    ends = Issuer.objects.get().pk
    body |= {"name": "新しい社名", **day_fields("first", soon()), "step": "write", "ends": ends}
    assert desk.post(here, body).status_code == 303
    assert [row.name for row in Issuer.objects.order_by("valid")] == [factories.ISSUER["name"], "新しい社名"]


def test_a_closing_day_beyond_the_month_is_refused_beside_its_field(desk):
    contract = factories.contract()
    body = {"contract": contract.title, "closing_day": "32", "due_months": "1", "source": "契約", "confidence": "high"}
    answer = desk.post(reverse("accounts:table_add", args=["contract-terms"]), {**body, **day_fields("first", soon())})
    assert 'id="id_closing_day_error"' in page_of(answer)
    assert ContractTerms.objects.count() == 1


def test_a_row_is_made_after_another_one(desk):
    office = factories.office(name="九州支社")
    row = OfficeDetails.objects.get(office=office)
    page = page_of(desk.get(reverse("accounts:table_add", args=["offices"]), {"like": row.pk}))
    assert 'value="九州支社"' in page
    assert f'value="{office.code}" selected' in page
    assert desk.get(reverse("accounts:table_add", args=["offices"]), {"like": 10**8}).status_code == 404
    assert desk.get(reverse("accounts:table_add", args=["offices"]), {"like": "x"}).status_code == 200


def test_an_operator_ends_a_row_after_seeing_it(desk):
    row = add()
    here = reverse("accounts:table_end", args=["tax-classes", row.pk])
    assert "運賃・料金" in page_of(desk.get(here))
    early = desk.post(here, day_fields("last", START - DAY))
    assert early.status_code == 422
    assert 'id="id_last_error"' in page_of(early)
    told = page_of(desk.post(here, day_fields("last", clock.today() - DAY)))
    assert "過去の日にさかのぼって終わります。締めた請求書は変わりません。" in told
    assert spans()[0][2] is None
    assert desk.post(here, {**day_fields("last", soon()), "step": "write"}).status_code == 303
    assert spans() == [("standard", START, soon())]


def test_an_operator_withdraws_a_row_and_the_one_before_goes_on(desk):
    add()
    coming = add(first=soon())
    here = reverse("accounts:table_withdraw", args=["tax-classes", coming.pk])
    assert "この行を取り下げますか" in page_of(desk.get(here))
    assert "取り下げました" in page_of(desk.post(here, {"resume": "on"}, follow=True))
    assert spans() == [("standard", START, None)]


def test_a_row_that_has_begun_offers_no_withdrawal(desk):
    row = add()
    here = reverse("accounts:table_withdraw", args=["tax-classes", row.pk])
    for answer in (desk.get(here), desk.post(here, {"resume": "on"})):
        assert answer.status_code == 422
        assert "すでに始まった行は取り下げられません" in page_of(answer)
    assert len(spans()) == 1


def test_a_table_is_shown_as_of_any_day_with_source_confidence_and_days(desk):
    add(last=soon(29))
    add(first=soon(), tax_class=TaxClass.REDUCED, source="改正法")
    here = reverse("accounts:table", args=["tax-classes"])
    page = page_of(desk.get(here))
    assert "告示" in page
    assert "改正法" not in page
    assert "このあとに始まる行が 1件あります" in page
    page = page_of(desk.get(here, {**day_fields("day", soon()), "q": "", "shown": "on"}))
    assert "改正法" in page
    assert f"{jst.long_day(soon())}から" in page
    add(kind=ChargeKind.ROOM)
    assert "現在まで" in page_of(desk.get(here))
    answer = desk.get(here, {"day_y": "2026", "day_m": "13", "day_d": "1", "shown": "on"})
    assert answer.status_code == 422
    assert "月は1から12までの数字にしてください" in page_of(answer)


def test_the_history_of_a_subject_shows_all_its_rows_and_no_others(desk):
    row = add(source="初めの告示")
    add(first=soon(), source="改正法")
    add(kind=ChargeKind.ROOM, source="よその行")
    page = page_of(desk.get(reverse("accounts:table_history", args=["tax-classes", row.pk])))
    assert page.index("改正法") < page.index("初めの告示")
    assert "よその行" not in page
    assert "終える" in page
    assert "取り下げる" in page


def test_an_auditor_reads_and_is_offered_no_change(client):
    row = add()
    sign_in(client, factories.person(Role.AUDITOR))
    assert "利用者・表" in page_of(client.get("/"))
    assert "料金・税・規則の表" in page_of(client.get(reverse("accounts:people")))
    page = page_of(client.get(reverse("accounts:table", args=["tax-classes"])))
    assert "CSVを取る" in page
    assert "追加する" not in page
    page = page_of(client.get(reverse("accounts:table_history", args=["tax-classes", row.pk])))
    assert "終える" not in page


@pytest.mark.parametrize("slug", ["nothing", "role-grants", "member-numbers"])
def test_tables_that_are_not_registered_are_not_found(desk, slug):
    assert desk.get(f"/tables/{slug}/").status_code == 404
    assert desk.get(f"/tables/{slug}/1/").status_code == 404


def test_a_row_that_does_not_exist_is_not_found(desk):
    SupplierNature.objects.create(supplier="ex", nature="own", valid=between(START))
    pk = SupplierNature.objects.get().pk + 1000
    for name in ("table_history", "table_end", "table_withdraw"):
        assert desk.get(reverse(f"accounts:{name}", args=["natures", pk])).status_code == 404
