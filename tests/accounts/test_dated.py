"""Dated rows on the generic screen: added, ended, withdrawn; days never overlap, and nothing that was valid goes away."""

import datetime as dt
import json

import pytest
from django.db import IntegrityError
from django.urls import reverse

from accounts.errors import AlreadyBegun, DaysTaken, NoSuchEnd
from accounts.models import ContractTerms, Issuer, OfficeDetails, Role
from accounts.queries.dated import EVER, LATER, dated_rows
from accounts.services import add_dated_row, end_dated_row, withdraw_dated_row
from audit.models import Event
from audit.queries import event_lines
from booking.models import ChargeKind, RailFareRule, SupplierNature, TaxClass, TaxRule
from booking.services.reference import load_reference_table
from lib import clock, registry
from lib.dated import DatedRow, between
from lib.datedtables import Sheet, row_form
from lib.errors import NotPermitted, PortalError, Stale
from tests import factories
from tests.factories import SETUP, START, acting
from tests.permissions.stage import day_fields
from tests.signin import sign_in
from tests.together import at_once

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def operator():
    return acting(factories.person(Role.OPERATOR))


def taxes():
    return registry.dated_tables["tax-classes"]


def soon(days: int = 30) -> dt.date:
    return clock.today() + days * DAY


def add(actor=SETUP, *, first=START, last=None, tax_class=TaxClass.STANDARD, kind=ChargeKind.FARE, source="告示"):
    values = {"kind": kind, "tax_class": tax_class}
    return add_dated_row(actor, taxes(), values=values, first=first, last=last, source=source, confidence="high")


def spans():
    rows = TaxRule.objects.order_by("valid")
    return [(row.tax_class, row.first_day, row.last_day) for row in rows]


def data_of(code: str) -> dict:
    return json.loads(bytes(Event.objects.filter(code=code).latest("seq").canonical))["data"]


def sent(**more) -> dict:
    return {"kind": "fare", "tax_class": "reduced", "source": "改正法", "confidence": "high", **more}


# -- The verbs ---------------------------------------------------------------------------------------------------------
def test_a_new_row_ends_the_present_one_the_day_before_and_both_stay(operator):
    add()
    add(operator, first=soon(), tax_class=TaxClass.REDUCED)
    assert spans() == [("standard", START, soon(29)), ("reduced", soon(), None)]
    data = data_of("accounts.dated.added")
    assert data["table"] == "tax-classes"
    assert data["subject"] == "運賃・料金"
    assert data["values"] == ["kind=fare", "tax_class=reduced"]
    assert data["first"] == soon().isoformat()
    assert data["ended"] == START.isoformat()


def test_a_row_that_is_longer_than_the_new_one_ends_before_it_too():
    add(last=soon(300))
    add(first=soon(), last=soon(40), tax_class=TaxClass.REDUCED)
    assert spans() == [("standard", START, soon(29)), ("reduced", soon(), soon(40))]


def test_a_row_of_another_subject_is_left_alone():
    add(kind=ChargeKind.ROOM)
    add(first=soon())
    assert TaxRule.objects.get(kind="room").last_day is None


def test_a_row_that_begins_on_the_same_day_is_in_the_way_and_named():
    add()
    with pytest.raises(DaysTaken, match=r"2024年7月1日\(月\)–現在まで") as refused:
        add(tax_class=TaxClass.REDUCED)
    assert refused.value.field == "first"
    assert len(spans()) == 1


def test_a_later_row_is_in_the_way_of_an_open_one_but_not_of_one_that_ends_before_it():
    add(first=soon(60))
    with pytest.raises(DaysTaken, match="取り下げることもできます") as refused:
        add(first=soon(30))
    assert refused.value.field == "last"
    add(first=soon(30), last=soon(59))
    assert len(spans()) == 2


@pytest.mark.parametrize(("wrong", "field"), [({"source": ""}, "source"), ({"last": START - DAY}, "last")])
def test_a_row_without_source_or_with_days_in_disorder_is_refused(wrong, field):
    with pytest.raises(PortalError) as refused:
        add(**wrong)
    assert refused.value.field == field


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.APPROVER, Role.ADMIN, Role.AUDITOR])
def test_nobody_but_an_operator_changes_a_table(role):
    actor = acting(factories.person(role))
    row, coming = add(), add(first=soon())
    with pytest.raises(NotPermitted):
        add(actor, kind=ChargeKind.ROOM)
    with pytest.raises(NotPermitted):
        end_dated_row(actor, taxes(), row, last=clock.today())
    with pytest.raises(NotPermitted):
        withdraw_dated_row(actor, taxes(), coming)


def test_a_row_ends_on_a_day_and_stays_readable(operator):
    row = add()
    end_dated_row(operator, taxes(), row, last=soon(3))
    assert spans() == [("standard", START, soon(3))]
    assert data_of("accounts.dated.ended")["last"] == soon(3).isoformat()
    sentence = event_lines(Event.objects.filter(code="accounts.dated.ended"))[0].sentence
    assert "「税区分」の「運賃・料金」" in sentence


@pytest.mark.parametrize("last", [START - DAY, soon(11)])
def test_a_row_cannot_end_before_it_began_or_later_than_it_does(last):
    row = add(last=soon(10))
    with pytest.raises(NoSuchEnd):
        end_dated_row(SETUP, taxes(), row, last=last)


def test_a_row_that_has_not_begun_is_withdrawn_and_its_values_stay_in_the_log(operator):
    add()
    coming = add(first=soon(), tax_class=TaxClass.REDUCED)
    withdraw_dated_row(operator, taxes(), coming, resume=True)
    assert spans() == [("standard", START, None)]
    data = data_of("accounts.dated.withdrawn")
    assert data["values"] == ["kind=fare", "tax_class=reduced"]
    assert data["source"] == "告示"
    assert data["resumed"] == START.isoformat()


def test_without_a_word_the_row_before_a_withdrawn_one_stays_ended():
    add()
    withdraw_dated_row(SETUP, taxes(), add(first=soon()))
    assert spans() == [("standard", START, soon(29))]


def test_a_row_that_has_begun_is_not_withdrawn():
    with pytest.raises(AlreadyBegun):
        withdraw_dated_row(SETUP, taxes(), add(first=clock.today()))


def test_a_row_that_somebody_withdrew_meanwhile_is_not_ended():
    row = add(first=soon())
    withdraw_dated_row(SETUP, taxes(), row)
    row.pk = row.pk or 1
    with pytest.raises(Stale):
        end_dated_row(SETUP, taxes(), row, last=soon(40))


@pytest.mark.django_db(transaction=True)
def test_two_people_who_add_at_once_get_one_row_and_one_refusal():
    outcomes = at_once(lambda: add(first=soon()), lambda: add(first=soon()))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["DaysTaken", "TaxRule"]
    assert len(spans()) == 1
    assert Event.objects.filter(code="accounts.dated.added").count() == 1


@pytest.mark.parametrize("slug", ["tax-classes", "natures", "contract-terms", "issuers", "offices", "rail-fares"])
def test_each_table_names_the_columns_of_its_constraint_and_every_field_of_its_model(slug):
    table = registry.dated_tables[slug]
    constraint = next(item for item in table.model._meta.constraints if item.name.endswith("no_overlap"))
    assert {name for name, _ in constraint.expressions} == {"valid", *table.subject}
    own = {field.name for field in table.model._meta.fields} - {"id", "valid", "source", "confidence", "public_id"}
    assert {column.name for column in table.columns} == own
    row_form(Sheet(table))


def test_every_table_has_its_two_actions_in_the_table_of_roles():
    from accounts.permissions import TABLE

    assert registry.dated_tables
    for table in registry.dated_tables.values():
        assert {table.read, table.edit} <= TABLE.keys()


def test_the_database_refuses_two_rows_of_one_subject_on_one_day():
    add()
    with pytest.raises(IntegrityError, match="tax_rule_no_overlap"):
        TaxRule.objects.create(kind="fare", tax_class="reduced", valid=between(soon()))


def test_a_rail_fare_that_a_person_ended_stays_ended_when_the_files_are_loaded_again():
    load_reference_table(SETUP, "rail_fares")
    row = RailFareRule.objects.filter(valid__upper_inf=True).earliest("rule_id")
    rails = registry.dated_tables["rail-fares"]
    end_dated_row(SETUP, rails, row, last=soon())
    load_reference_table(SETUP, "rail_fares")
    row.refresh_from_db()
    assert row.last_day == soon()


# -- Reading -----------------------------------------------------------------------------------------------------------
def test_a_table_shows_the_rows_of_the_day_and_finds_them_by_words():
    add()
    add(first=soon(), tax_class=TaxClass.REDUCED)
    add(kind=ChargeKind.ROOM, source="通達")
    sheet = Sheet(taxes())

    def shown(**wanted) -> list[DatedRow]:
        return [(row.kind, row.tax_class) for row in dated_rows(sheet, clock.today(), **wanted)]

    assert shown() == [("fare", "standard"), ("room", "standard")]
    assert shown(shown=LATER) == [("fare", "reduced")]
    assert len(shown(shown=EVER)) == 3
    assert shown(text="室料") == [("room", "standard")]
    assert shown(text="通達 10%") == [("room", "standard")]
    assert shown(text="通達 8%") == []


def test_an_office_is_found_by_its_name_and_its_code():
    factories.office(code="KYUSHU", name="九州支社")
    factories.office(name="本社")
    sheet = Sheet(registry.dated_tables["offices"])
    for words in ("九州", "KYUSHU", "九州支社"):
        assert [row.office.code for row in dated_rows(sheet, clock.today(), text=words)] == ["KYUSHU"], words


# -- The pages ---------------------------------------------------------------------------------------------------------
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
    assert "現在まで" in page
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
    assert "料金・税・規則の表" in page_of(client.get("/"))
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
