-- What the portal's role may do. Idempotent; applied by `manage.py migrate_portal` as portal_owner after each migration.
-- portal_app owns nothing. On append-only tables it has SELECT and INSERT; triggers stand behind that for everybody else.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;
DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO portal_app', current_database()); END $$;
GRANT USAGE ON SCHEMA public TO portal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO portal_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO portal_app;
REVOKE INSERT, UPDATE, DELETE ON django_migrations, django_content_type FROM portal_app;

-- Append-only: the log, money facts, invoices.
REVOKE UPDATE, DELETE ON audit_event, audit_eventobject FROM portal_app;
REVOKE UPDATE ON audit_personalvalues FROM portal_app;
REVOKE UPDATE, DELETE ON booking_charge FROM portal_app;
REVOKE UPDATE, DELETE ON billing_invoice, billing_invoiceline FROM portal_app;
REVOKE UPDATE, DELETE ON billing_invoicecorrection, billing_invoicemailing FROM portal_app;
-- Erasing personal values is a verb of its own with a second person; until it exists nobody may.
REVOKE DELETE ON audit_personalvalues FROM portal_app;
-- Nothing of a person's identity is deleted by the portal.
REVOKE DELETE ON accounts_user FROM portal_app;
-- Who asked and who decided stays.
REVOKE DELETE ON accounts_confirmation FROM portal_app;
