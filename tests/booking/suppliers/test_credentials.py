"""Keys to suppliers lie sealed, bound to their row, and are read by the call alone."""

import json

import pytest
from django.db import connection as database

from audit.models import Event
from booking.models import Connection, Way
from booking.services.connections import link_of, set_connection
from lib.encrypted import CannotDecrypt
from tests.factories import SETUP

pytestmark = pytest.mark.django_db
KEYS = {"corporate_id": "JL-4711", "token": "geheim-0815"}


def made(code, keys=KEYS):
    return set_connection(
        SETUP, code=code, supplier="jal_online", name="JALオンライン", way=Way.API, base_url="https://gateway.example",
        credentials=keys,
    )  # fmt: skip


def stored():
    with database.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM booking_connection c")
        return " ".join(row for (row,) in cursor.fetchall())


def test_the_database_holds_no_key_in_clear_and_the_adapter_gets_it():
    row = made("jal")
    assert not [value for value in KEYS.values() if value in stored()]
    assert link_of(row).credentials == KEYS


def test_the_log_holds_no_key():
    made("jal")
    kept = " ".join(bytes(event.canonical).decode() for event in Event.objects.all())
    assert "booking.connection.set" in kept
    assert not [value for value in KEYS.values() if value in kept]


def test_a_key_that_is_moved_to_another_row_opens_nothing():
    one, other = made("jal"), made("other", {"token": "x"})
    Connection.objects.filter(pk=other.pk).update(credentials=one.credentials)
    other.refresh_from_db()
    with pytest.raises(CannotDecrypt):
        link_of(other)


def test_a_key_that_was_touched_opens_nothing():
    row = made("jal")
    head, _, body = row.credentials.rpartition(".")
    row.credentials = f"{head}.{'A' if body[0] != 'A' else 'B'}{body[1:]}"
    with pytest.raises(CannotDecrypt):
        row.open_credentials()


def test_the_same_key_twice_is_not_seen_to_be_the_same():
    assert made("jal").credentials != made("other").credentials
    assert "geheim" not in json.dumps(stored())
