"""Wishes for one-off invoices; what was asked for never changes."""

import django.db.models.deletion
from django.db import migrations, models

import lib.ids

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


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_two_people_confirm"),
        ("billing", "0002_sealed"),
    ]

    operations = [
        migrations.CreateModel(
            name="OneOffRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=lib.ids.uuid7, editable=False, unique=True)),
                ("day", models.DateField(verbose_name="対象日")),
                ("due_on", models.DateField(verbose_name="支払期限")),
                ("lines", models.JSONField()),
                ("reference", models.CharField(blank=True, max_length=40, verbose_name="関連番号")),
                ("reason", models.CharField(max_length=200, verbose_name="理由")),
                ("asked_at", models.DateTimeField()),
                (
                    "invoice",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="one_off_request",
                        to="billing.invoice",
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.office"
                    ),
                ),
            ],
            options={
                "verbose_name": "一時費用の請求の依頼",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("lines", []), _negated=True), name="one_off_has_lines"),
                    models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="one_off_says_why"),
                ],
            },
        ),
        migrations.RunSQL(FIXED, NOT_FIXED),
    ]
