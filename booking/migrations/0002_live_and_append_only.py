"""The live flag of rides and nights follows the reservation's state; money facts are append-only."""

from django.db import migrations

from lib.sql import append_only

LIVE_STATES = "'scheduled','handed_off','booking','booked','ticketing','ticketed','changing','cancelling','unknown'"

# A ride that a change has replaced within its booking is dead, whatever the booking's state.
FORWARD = f"""
CREATE FUNCTION booking_set_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE booking_segment SET live = NEW.state IN ({LIVE_STATES}) AND NOT superseded WHERE reservation_id = NEW.id;
    UPDATE booking_staynight SET live = NEW.state IN ({LIVE_STATES}) WHERE reservation_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER reservation_live AFTER UPDATE OF state ON booking_reservation
    FOR EACH ROW EXECUTE FUNCTION booking_set_live();
CREATE FUNCTION booking_segment_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT state IN ({LIVE_STATES}) AND NOT NEW.superseded INTO NEW.live
    FROM booking_reservation WHERE id = NEW.reservation_id;
    RETURN NEW;
END $$;
CREATE TRIGGER segment_live BEFORE INSERT OR UPDATE OF superseded ON booking_segment
    FOR EACH ROW EXECUTE FUNCTION booking_segment_live();
CREATE FUNCTION booking_inherit_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT state IN ({LIVE_STATES}) INTO NEW.live FROM booking_reservation WHERE id = NEW.reservation_id;
    RETURN NEW;
END $$;
CREATE TRIGGER night_live BEFORE INSERT ON booking_staynight
    FOR EACH ROW EXECUTE FUNCTION booking_inherit_live();
"""
REVERSE = """
DROP TRIGGER night_live ON booking_staynight;
DROP FUNCTION booking_inherit_live();
DROP TRIGGER segment_live ON booking_segment;
DROP FUNCTION booking_segment_live();
DROP TRIGGER reservation_live ON booking_reservation;
DROP FUNCTION booking_set_live();
"""


class Migration(migrations.Migration):
    dependencies = [("booking", "0001_initial"), ("audit", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, REVERSE), append_only("booking_charge")]
