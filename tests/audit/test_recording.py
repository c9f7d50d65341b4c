"""Recording: the bytes of version 1 exactly, in the transaction of the change, and nothing that no room declares."""

import datetime as dt
import hashlib
import json
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from audit.errors import UnknownEvent
from audit.models import Event, EventObject, PersonalValues
from audit.services import record, record_page_refusal, record_refusal
from audit.services.recording import canonical
from lib import clock, registry
from lib.actor import Actor, ActorKind, Channel, anonymous
from lib.registry import kind
from lib.verbs import WrongPlace

pytestmark = pytest.mark.django_db

PERSON = UUID("01890000-0000-7000-8000-000000000001")
OTHER = UUID("01890000-0000-7000-8000-000000000002")
TRIP = UUID("01890000-0000-7000-8000-000000000003")
ACTOR = Actor(ActorKind.PERSON, id=PERSON, acting_for=OTHER, channel=Channel.WEB, request_id="req-1")


@pytest.fixture(autouse=True)
def trial_kind(monkeypatch):
    declared = kind(
        "trial.thing.done", "試し", "{what} をしました。", keys="what count day ids ok", personal="name note"
    )
    monkeypatch.setitem(registry.event_kinds, declared.code, declared)


def test_the_bytes_of_version_1_are_exactly_as_documented(time_machine):
    time_machine.move_to(dt.datetime(2026, 12, 10, 1, 40, 0, 123456, tzinfo=dt.UTC), tick=False)
    event = record(
        ACTOR,
        "trial.thing.done",
        objects=[("booking.trip", TRIP), ("accounts.user", OTHER)],
        data={"what": "髙﨑𠮷", "count": 0, "day": dt.date(2026, 12, 10), "ids": [TRIP], "ok": False},
    )
    db_at = event.db_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert bytes(event.canonical).decode() == (
        '{"actor":{"channel":"web","for":"01890000-0000-7000-8000-000000000002",'
        '"id":"01890000-0000-7000-8000-000000000001","kind":"person"},'
        '"at":"2026-12-10T01:40:00.123456Z","code":"trial.thing.done",'
        '"data":{"count":0,"day":"2026-12-10","ids":["01890000-0000-7000-8000-000000000003"],"ok":false,"what":"髙﨑𠮷"},'
        f'"db_at":"{db_at}","id":"{event.public_id}",'
        '"objects":[["booking.trip","01890000-0000-7000-8000-000000000003"],'
        '["accounts.user","01890000-0000-7000-8000-000000000002"]],'
        '"request":"req-1","v":1}'
    )


def test_the_golden_bytes_never_change():
    value = {"z": [True, 0, -1, ["a"]], "a": {"ｂ": "東京\n\"'\\/𠮷", "B": ""}, "v": 1}
    assert canonical(value).hex() == (
        "7b2261223a7b2242223a22222c22efbd82223a22e69db1e4baac5c6e5c22275c5c2ff0a0aeb7227d2c2276223a312c227a223a5b747275652c302c2d312c5b2261225d5d7d"
    )


@pytest.mark.parametrize("value", [1.5, None, b"x", dt.date(2026, 1, 1), {"inner": 0.1}, [None]])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(TypeError):
        canonical({"key": value})


def test_a_key_that_is_no_text_is_refused():
    with pytest.raises(TypeError):
        canonical({1: "x"})  # type: ignore[dict-item]


def test_absent_values_are_left_out_but_zero_and_false_stay():
    event = record(anonymous(), "trial.thing.done", data={"what": "", "count": 0, "ok": False, "day": None})
    body = json.loads(bytes(event.canonical))
    assert body["data"] == {"count": 0, "ok": False}
    assert body["actor"] == {"kind": "anonymous", "channel": "web"}
    assert "request" not in body
    assert "person" not in body


def test_the_columns_are_copies_of_the_bytes():
    event = record(ACTOR, "trial.thing.done", objects=[("booking.trip", TRIP)])
    event.refresh_from_db()
    body = json.loads(bytes(event.canonical))
    assert body["id"] == str(event.public_id)
    assert body["code"] == event.code
    assert (body["actor"]["id"], body["actor"]["for"]) == (str(event.actor_id), str(event.acting_for))
    assert body["request"] == event.request_id
    assert dt.datetime.fromisoformat(body["at"]) == event.at
    assert dt.datetime.fromisoformat(body["db_at"]) == event.db_at
    assert body["objects"] == [[item.type, str(item.object_id)] for item in event.about.all()]


def test_an_event_carries_business_time_and_the_databases_own(time_machine):
    clock.shift_by(30 * 86400)
    event = record(anonymous(), "trial.thing.done")
    assert dt.timedelta(days=29) < event.at - event.db_at < dt.timedelta(days=31)


def test_personal_values_stand_beside_the_bytes_which_hold_their_salted_hash():
    event = record(anonymous(), "trial.thing.done", personal={"name": "青木 千尋", "note": "x"})
    kept = PersonalValues.objects.get(event=event)
    assert "青木" not in bytes(event.canonical).decode()
    salted = bytes(kept.salt) + '{"name":"青木 千尋","note":"x"}'.encode()
    assert json.loads(bytes(event.canonical))["person"] == hashlib.sha256(salted).hexdigest()
    again = record(anonymous(), "trial.thing.done", personal={"name": "青木 千尋", "note": "x"})
    assert json.loads(bytes(again.canonical))["person"] != json.loads(bytes(event.canonical))["person"]


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("trial.thing.undone", {}),
        ("trial.thing.done", {"data": {"stray": 1}}),
        ("trial.thing.done", {"data": {"name": "青木"}}),
        ("trial.thing.done", {"personal": {"what": "x"}}),
    ],
)
def test_a_code_or_key_that_no_room_declares_is_refused(code, values):
    with pytest.raises(UnknownEvent):
        record(anonymous(), code, **values)
    assert not Event.objects.filter(code__startswith="trial.").exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_a_transaction():
    with pytest.raises(WrongPlace):
        record(anonymous(), "trial.thing.done")


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_no_event():
    with transaction.atomic():
        record(anonymous(), "trial.thing.done", objects=[("booking.trip", TRIP)], personal={"name": "青木"})
        transaction.set_rollback(True)
    assert not Event.objects.filter(code="trial.thing.done").exists()
    assert not EventObject.objects.exists()


def test_hints_go_out_after_commit_and_carry_the_objects_id(monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setitem(registry.hints, "trial.thing.done", ["audit.tasks.sweep_mail"])
    with django_capture_on_commit_callbacks() as hints:
        record(anonymous(), "trial.thing.done", objects=[("booking.trip", TRIP)])
        assert hints == []
    assert len(hints) == 1
    with django_capture_on_commit_callbacks() as lost, transaction.atomic():
        record(anonymous(), "trial.thing.done")
        transaction.set_rollback(True)
    assert lost == []


def test_a_stranger_who_asks_again_within_a_minute_is_one_event(time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    for _ in range(3):
        record_refusal(ACTOR, "booking.trip", TRIP, action="booking.trip.read")
    assert Event.objects.filter(code="audit.access.refused").count() == 1
    record_refusal(ACTOR, "booking.trip", OTHER, action="booking.trip.read")
    assert Event.objects.filter(code="audit.access.refused").count() == 2
    time_machine.shift(61)
    record_refusal(ACTOR, "booking.trip", TRIP, action="booking.trip.read")
    assert Event.objects.filter(code="audit.access.refused").count() == 3


def test_a_refused_page_is_one_event_per_action_and_minute(time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    for action in ("audit.event.read", "audit.event.read", "audit.event", "audit.mail.read"):
        record_page_refusal(ACTOR, action=action)
    assert Event.objects.filter(code="audit.page.refused").count() == 3
    time_machine.shift(61)
    record_page_refusal(ACTOR, action="audit.event.read")
    assert Event.objects.filter(code="audit.page.refused").count() == 4


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET code = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event CASCADE",
        "UPDATE audit_eventobject SET position = 9",
        "DELETE FROM audit_eventobject",
        "UPDATE audit_personalvalues SET salt = ''",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
    ],
)
def test_the_portal_may_not_change_the_log(statement):
    record(anonymous(), "trial.thing.done", objects=[("booking.trip", TRIP)], personal={"name": "青木"})
    with pytest.raises(Exception, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement)
    assert Event.objects.filter(code="trial.thing.done").exists()


def test_two_events_never_share_an_id():
    event = record(anonymous(), "trial.thing.done")
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(public_id=event.public_id, code="x", at=event.at, db_at=event.db_at, canonical=b"")
