"""Events are append-only for everybody; personal values may be inserted, and deleted only by a verb to come."""

from django.db import migrations

from lib.sql import append_only, define_refusal

NO_UPDATE = """
CREATE TRIGGER audit_personalvalues_no_update BEFORE UPDATE ON audit_personalvalues
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_personalvalues_no_truncate BEFORE TRUNCATE ON audit_personalvalues
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
NO_UPDATE_REVERSE = """
DROP TRIGGER audit_personalvalues_no_update ON audit_personalvalues;
DROP TRIGGER audit_personalvalues_no_truncate ON audit_personalvalues;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        define_refusal(),
        append_only("audit_event"),
        append_only("audit_eventobject"),
        migrations.RunSQL(NO_UPDATE, NO_UPDATE_REVERSE),
    ]
