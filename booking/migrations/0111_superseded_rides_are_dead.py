"""A ride that a change has replaced within its booking is dead, whatever the booking's state."""

from django.db import migrations

LIVE_STATES = "'scheduled','handed_off','booking','booked','ticketing','ticketed','changing','cancelling','unknown'"

FORWARD = f"""
CREATE OR REPLACE FUNCTION booking_set_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE booking_segment SET live = NEW.state IN ({LIVE_STATES}) AND NOT superseded WHERE reservation_id = NEW.id;
    UPDATE booking_staynight SET live = NEW.state IN ({LIVE_STATES}) WHERE reservation_id = NEW.id;
    RETURN NULL;
END $$;
CREATE FUNCTION booking_segment_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT state IN ({LIVE_STATES}) AND NOT NEW.superseded INTO NEW.live
    FROM booking_reservation WHERE id = NEW.reservation_id;
    RETURN NEW;
END $$;
DROP TRIGGER segment_live ON booking_segment;
CREATE TRIGGER segment_live BEFORE INSERT OR UPDATE OF superseded ON booking_segment
    FOR EACH ROW EXECUTE FUNCTION booking_segment_live();
"""
REVERSE = f"""
DROP TRIGGER segment_live ON booking_segment;
DROP FUNCTION booking_segment_live();
CREATE TRIGGER segment_live BEFORE INSERT ON booking_segment
    FOR EACH ROW EXECUTE FUNCTION booking_inherit_live();
CREATE OR REPLACE FUNCTION booking_set_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE booking_segment SET live = NEW.state IN ({LIVE_STATES}) WHERE reservation_id = NEW.id;
    UPDATE booking_staynight SET live = NEW.state IN ({LIVE_STATES}) WHERE reservation_id = NEW.id;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("booking", "0110_changes")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
