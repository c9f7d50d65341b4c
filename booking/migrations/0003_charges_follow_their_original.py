"""Charges that go back to another one are the same money; what is invoiced stays invoiced."""

from django.db import migrations

# A charge that goes back to another one is the same money: of the same person and tax, with the opposite sign, or equal.
FOLLOWERS = """
CREATE FUNCTION booking_charge_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE first booking_charge%ROWTYPE;
BEGIN
    SELECT * INTO first FROM booking_charge WHERE id = NEW.origin_id;
    IF NEW.person_id IS DISTINCT FROM first.person_id OR NEW.tax_class <> first.tax_class OR NEW.nature <> first.nature
        OR (NEW.relation IN ('reversal', 'transfer_out') AND NEW.amount <> -first.amount)
        OR (NEW.relation = 'transfer_in' AND NEW.amount <> first.amount) THEN
        RAISE EXCEPTION 'charge % does not follow its original', NEW.public_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER charge_follows AFTER INSERT ON booking_charge
    FOR EACH ROW WHEN (NEW.origin_id IS NOT NULL) EXECUTE FUNCTION booking_charge_follows();
CREATE FUNCTION booking_lock_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.last_day < OLD.last_day OR NEW.office_id <> OLD.office_id THEN
        RAISE EXCEPTION 'what is invoiced stays invoiced' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lock_only_grows BEFORE UPDATE OR DELETE ON booking_ledgerlock
    FOR EACH ROW EXECUTE FUNCTION booking_lock_only_grows();
"""
NO_FOLLOWERS = """
DROP TRIGGER lock_only_grows ON booking_ledgerlock;
DROP FUNCTION booking_lock_only_grows();
DROP TRIGGER charge_follows ON booking_charge;
DROP FUNCTION booking_charge_follows();
"""


class Migration(migrations.Migration):
    dependencies = [("booking", "0002_live_and_append_only")]
    operations = [migrations.RunSQL(FOLLOWERS, NO_FOLLOWERS)]
