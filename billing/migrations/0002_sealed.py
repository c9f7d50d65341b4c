"""Invoices and their lines are append-only; a closed period never changes."""

from django.db import migrations

from lib.sql import append_only

SEAL = """
CREATE FUNCTION billing_refuse_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'closed' THEN
        RAISE EXCEPTION 'a closed period never changes' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_period_sealed BEFORE UPDATE OR DELETE ON billing_period
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_closed();
"""
UNSEAL = """
DROP TRIGGER billing_period_sealed ON billing_period;
DROP FUNCTION billing_refuse_closed();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial"), ("audit", "0002_append_only")]
    operations = [
        append_only("billing_invoice"),
        append_only("billing_invoiceline"),
        migrations.RunSQL(SEAL, UNSEAL),
    ]
