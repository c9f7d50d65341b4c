"""Dated rows on the generic screen: added, ended, withdrawn; days never overlap, and nothing that was valid goes away."""

import datetime as dt
import json

import pytest
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import IntegrityError

from accounts.errors import AlreadyBegun, DaysTaken, NoSuchEnd
from accounts.models import Role
from accounts.permissions import TABLE
from accounts.queries.dated import EVER, LATER, dated_rows
from accounts.services import add_dated_row, end_dated_row, withdraw_dated_row
from audit.models import Event
from audit.queries import event_lines
from booking.models import ChargeKind, RailFareRule, TaxClass, TaxRule
from booking.services.reference import load_reference_table
from lib import clock, registry
from lib.dated import between
from lib.datedtables import Sheet, row_form
from lib.errors import NotPermitted, PortalError, Stale
from tests import factories
from tests.factories import SETUP, START, acting
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


def test_a_later_row_is_in_the_way_of_one_that_reaches_it_but_not_of_one_that_ends_before_it():
    add(first=soon(60))
    for last in (None, soon(60)):
        with pytest.raises(DaysTaken, match="取り下げることもできます") as refused:
            add(first=soon(30), last=last)
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
    constraint = next(item for item in table.model._meta.constraints if isinstance(item, ExclusionConstraint))
    assert {name for name, _ in constraint.expressions} == {"valid", *table.subject}
    own = {field.name for field in table.model._meta.fields} - {"id", "valid", "source", "confidence", "public_id"}
    assert {column.name for column in table.columns} == own
    row_form(Sheet(table))


def test_every_table_has_its_two_actions_in_the_table_of_roles():
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

    def shown(**wanted) -> list[tuple[str, str]]:
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
