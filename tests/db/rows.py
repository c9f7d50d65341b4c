"""A valid row of every model, and copies of it that go around Python."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import connection, models, transaction
from psycopg import sql

from accounts.models import Estimate
from accounts.services import issue_recovery_codes, set_member_number
from billing.models import OneOffRequest
from billing.queries import UsageFilter
from billing.services import correct_invoice, download_usage, reissue_invoice, send_invoice
from booking.models import (
    AgencyFee,
    BillingDayRule,
    CallVerb,
    Change,
    Charge,
    FeedRow,
    RefundLimit,
    SaleOpening,
    StayNight,
    SupplierHours,
    SupplierNature,
    TaxRule,
)
from booking.services.calls import claim_call
from booking.services.trips import next_trip_number
from lib import clock
from lib.dated import between
from tests.factories import SETUP, START, acting, charge
from tests.permissions.stage import TODAY, Stage


def complete(stage: Stage) -> None:
    """Add to a stage what its addresses do not need: one row at least of every other model."""
    Estimate.objects.create(contract_id=stage.contract.pk, kind="air", valid=between(START))
    TaxRule.objects.create(kind="fare", tax_class="standard", valid=between(START))
    SupplierNature.objects.create(supplier="ex", nature="advance", valid=between(START))
    BillingDayRule.objects.create(subject="fare", basis="ride_date", reason="試験", valid=between(START))
    SupplierHours.objects.create(supplier="ex", kind="open", begins="05:30", ends="23:30", valid=between(START))
    SaleOpening.objects.create(supplier="ex", months_before=12, opens="05:30", valid=between(START))
    AgencyFee.objects.create(service="arrange_rail", yen=550, valid=between(START))
    set_member_number(SETUP, stage.own, supplier="ex", number="9010000001", first=START)
    RefundLimit.objects.create(supplier="ex", wait_days=30, valid=between(START))
    issue_recovery_codes(acting(stage.own), stage.own)
    download_usage(acting(stage.people["operator"]), UsageFilter(TODAY, TODAY), encoding="utf-8")
    StayNight.objects.create(
        reservation=stage.handed_off, item=stage.handed_off.segments.get().item, date=TODAY, room_price=9000
    )
    fare = Charge.objects.earliest("pk")
    charge(
        stage.own, amount=-fare.amount, origin=fare, relation="reversal", tax_class=fare.tax_class, nature=fare.nature
    )
    desk = acting(stage.people["operator"])
    send_invoice(desk, stage.invoice)
    reissue_invoice(desk, stage.invoice, reason="紛失")
    correct_invoice(desk, stage.to_correct)
    OneOffRequest.objects.filter(pk=stage.one_off.pk).update(invoice=stage.invoice)
    Change.objects.filter(pk=stage.change_at_site.pk).update(replacement=stage.booked)
    stage.disruption.bookings.update(stated_fee=430, stated_at=clock.now())
    FeedRow.objects.create(feed=stage.feed, line=1, digest="d", state="matched")
    with transaction.atomic():
        next_trip_number()
        claim_call(SETUP, stage.booked, verb=CallVerb.TICKET, max_yen=40160)


def row_of(model: type[models.Model], **wanted: Any) -> dict[str, Any]:
    """A stored row of the model as column -> value, without its primary key when the database gives that."""
    table = sql.Identifier(model._meta.db_table)
    found = model._default_manager.filter(**wanted).order_by("pk").first()
    assert found is not None, f"no row of {model._meta.label}"
    pk = model._meta.pk
    columns = [field.column for field in model._meta.local_concrete_fields]
    with connection.cursor() as cursor:
        chosen = sql.SQL(", ").join(map(sql.Identifier, columns))
        cursor.execute(
            sql.SQL("SELECT {} FROM {} WHERE {} = %s").format(chosen, table, sql.Identifier(pk.column)), [found.pk]
        )
        row = dict(zip(columns, cursor.fetchone(), strict=True))
    # The transaction's id is the database's to say, too.
    return {name: value for name, value in row.items() if name != "xid" and (name != pk.column or pk.is_relation)}


def insert(model: type[models.Model], row: dict[str, Any]) -> None:
    """Put a row in by plain SQL: no form, no verb, no save()."""
    fields = {field.column: field for field in model._meta.local_concrete_fields}
    values = [fields[name].get_db_prep_save(value, connection) for name, value in row.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(model._meta.db_table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join([sql.Placeholder()] * len(row)),
            ),
            values,
        )


def unique_columns(model: type[models.Model]) -> dict[str, set[str]]:
    """What may stand once only: name of the constraint -> its columns. Single columns as PostgreSQL names them."""
    found: dict[str, set[str]] = {
        f"{model._meta.db_table}_{field.column}_key": {field.attname}
        for field in model._meta.local_concrete_fields
        if field.unique and not field.primary_key
    }
    for constraint in model._meta.constraints:
        names: list[str] = []
        if isinstance(constraint, models.UniqueConstraint):
            names = list(constraint.fields)
        elif isinstance(constraint, ExclusionConstraint):
            names = [str(expression) for expression, _ in constraint.expressions]
        else:
            continue
        columns = {field.name: field.attname for field in model._meta.local_concrete_fields}
        found[constraint.name] = {columns[name] for name in names}
    return found


def twin(model: type[models.Model], constraint: str, row: dict[str, Any]) -> dict[str, Any]:
    """A copy of the row that is equal in what the constraint names, and new in every other unique thing."""
    every = unique_columns(model)
    kept = every[constraint]
    fields = {field.column: field for field in model._meta.local_concrete_fields}
    copy = dict(row)
    for name, columns in every.items():
        if name != constraint:
            free = sorted(columns - kept - {"valid"}, key=lambda column: (bool(fields[column].choices), column))
            # NULL is equal to nothing, not even to itself.
            if free and row[free[0]] is not None:
                copy[free[0]] = another(fields[free[0]], row[free[0]])
    return copy


def another(field: models.Field[Any, Any], value: Any) -> Any:
    """A value that no row has. Foreign keys are checked at commit, which never comes."""
    if isinstance(field, models.UUIDField):
        return uuid.uuid4()
    if isinstance(field, models.ForeignKey | models.IntegerField):
        return (value or 0) + 1009
    if isinstance(field, models.DateField):
        # Away from the other end of its range.
        return value + dt.timedelta(days=-4001 if field.name.startswith("first") else 4001)
    return uuid.uuid4().hex[: field.max_length or 32]
