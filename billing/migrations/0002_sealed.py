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
# An invoice is written at once: its lines before it, in the same transaction; afterwards none is added, and it adds up.
COMPLETE = """
CREATE FUNCTION billing_refuse_late_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM billing_invoice WHERE id IN (SELECT DISTINCT invoice_id FROM fresh)) THEN
        RAISE EXCEPTION 'an invoice gets no line afterwards' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_no_late_lines AFTER INSERT ON billing_invoiceline
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_late_lines();
CREATE FUNCTION billing_invoice_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.total <> (SELECT coalesce(sum(amount), 0) FROM billing_invoiceline WHERE invoice_id = NEW.id) THEN
        RAISE EXCEPTION 'the lines of invoice % do not add up to its total', NEW.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_invoice_adds_up AFTER INSERT ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION billing_invoice_adds_up();
"""
INCOMPLETE = """
DROP TRIGGER billing_invoice_adds_up ON billing_invoice;
DROP FUNCTION billing_invoice_adds_up();
DROP TRIGGER billing_no_late_lines ON billing_invoiceline;
DROP FUNCTION billing_refuse_late_lines();
"""
# What one person asked for and another reads stays as it was; its invoice is set once.
FIXED = """
CREATE FUNCTION billing_one_off_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.invoice_id IS NOT NULL
        OR to_jsonb(NEW) - 'invoice_id' <> to_jsonb(OLD) - 'invoice_id' THEN
        RAISE EXCEPTION 'a request for an invoice never changes' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_one_off_fixed BEFORE UPDATE OR DELETE ON billing_oneoffrequest
    FOR EACH ROW EXECUTE FUNCTION billing_one_off_is_fixed();
"""
NOT_FIXED = """
DROP TRIGGER billing_one_off_fixed ON billing_oneoffrequest;
DROP FUNCTION billing_one_off_is_fixed();
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
        append_only("billing_invoicecorrection"),
        append_only("billing_invoicemailing"),
        migrations.RunSQL(COMPLETE, INCOMPLETE),
        migrations.RunSQL(FIXED, NOT_FIXED),
        migrations.RunSQL(SEAL, UNSEAL),
    ]
