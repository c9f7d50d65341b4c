"""The log, money facts and invoices are append-only: for the portal's role by rights, for the owner by triggers."""

import psycopg
import pytest
from django.db import connections

from tests.conftest import owner_connection

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = {
    "audit_event": "request_id",
    "audit_eventobject": "type",
    "audit_personalvalues": "values",
    "booking_charge": "description",
    "billing_invoice": "number",
    "billing_invoiceline": "content",
    "billing_invoicecorrection": "reason",
    "billing_invoicemailing": "at",
}
DENIED = "42501"
REFUSED = "23000"


def app_connection() -> psycopg.Connection:
    """A raw connection as the role that the portal runs as."""
    now = connections["default"].settings_dict
    return psycopg.connect(
        host=now["HOST"], port=now["PORT"], dbname=now["NAME"], user=now["USER"], password=now["PASSWORD"]
    )


def outcome(connection: psycopg.Connection, statement: str) -> str:
    """The SQLSTATE with which a statement is refused; empty when it went through."""
    try:
        connection.execute(statement)
    except psycopg.Error as error:
        return error.sqlstate or "?"
    finally:
        connection.rollback()
    return ""


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {column} = {column}",
        "DELETE FROM {table}",
        "TRUNCATE {table} CASCADE",
        "ALTER TABLE {table} ADD COLUMN more text",
        "ALTER TABLE {table} DISABLE TRIGGER ALL",
        "ALTER TABLE {table} DISABLE TRIGGER USER",
        "DROP TABLE {table} CASCADE",
        "DROP TRIGGER {table}_no_truncate ON {table}",
        "MERGE INTO {table} AS t USING (SELECT 1) AS s ON true WHEN MATCHED THEN DELETE",
        "MERGE INTO {table} AS t USING (SELECT 1) AS s ON true WHEN MATCHED THEN UPDATE SET {column} = t.{column}",
        "CREATE RULE quiet AS ON INSERT TO {table} DO INSTEAD NOTHING",
        "SELECT * FROM {table} FOR UPDATE",
    ],
)
def test_the_portals_role_can_only_read_and_append(table, statement):
    column = f'"{TABLES[table]}"'
    with app_connection() as connection:
        assert outcome(connection, statement.format(table=table, column=column)) == DENIED


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE portal_owner",
        "SET SESSION AUTHORIZATION portal_owner",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (n int)",
        "CREATE TEMP TABLE audit_event (n int)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION refuse_change() CASCADE",
        "DELETE FROM accounts_user",
    ],
)
def test_the_portals_role_cannot_become_more_than_it_is(statement):
    with app_connection() as connection:
        assert outcome(connection, statement) == DENIED


def test_the_portals_role_owns_nothing():
    with app_connection() as connection:
        owned = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = 'portal_app'::regrole AND relnamespace = 'public'::regnamespace"
        ).fetchone()
    assert owned == (0,)


@pytest.mark.parametrize("table", TABLES)
def test_the_owner_is_refused_by_triggers(table, a_closed_month):
    with owner_connection() as connection:
        count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert count is not None
        assert count[0] > 0
        column = f'"{TABLES[table]}"'
        assert outcome(connection, f"UPDATE {table} SET {column} = {column}") == REFUSED
        assert outcome(connection, f"TRUNCATE {table} CASCADE") == REFUSED
        if table != "audit_personalvalues":
            assert outcome(connection, f"DELETE FROM {table}") == REFUSED


def test_a_closed_period_is_refused_to_everybody(a_closed_month):
    for open_connection in (app_connection, owner_connection):
        with open_connection() as connection:
            assert outcome(connection, "UPDATE billing_period SET state = 'open', closed_at = NULL") == REFUSED
            assert outcome(connection, "DELETE FROM billing_period WHERE state = 'closed'") in {REFUSED, "23503"}
