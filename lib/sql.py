"""Migration operations that more than one room needs: append-only tables."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def define_refusal() -> migrations.RunSQL:
    """The trigger function behind every append-only table; SQLSTATE class 23, so that Django says IntegrityError."""
    return migrations.RunSQL(REFUSE, "DROP FUNCTION refuse_change();")


def append_only(table: str) -> migrations.RunSQL:
    """No UPDATE, DELETE or TRUNCATE on `table`, whoever asks, the owner included."""
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        """,
        f"""
        DROP TRIGGER {table}_append_only ON {table};
        DROP TRIGGER {table}_no_truncate ON {table};
        """,
    )
