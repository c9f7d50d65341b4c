"""The auditor's pages: the log in Japanese sentences, filtered by person, object, kind and days; the mail log."""

import re

import pytest
from django.urls import reverse

from accounts.models import Role
from accounts.services import grant_role, service_actor
from audit.models import Event
from audit.services import record, record_refusal
from lib import registry
from lib.registry import kind
from lib.verbs import verb
from tests import factories
from tests.audit.test_mail import write
from tests.conftest import owner_connection
from tests.counting import queries_of_page
from tests.factories import SETUP, START
from tests.signin import sign_in

pytestmark = pytest.mark.django_db

EVENTS, MAILS = "/audit/events/", "/audit/mails/"


@pytest.fixture
def auditor(client):
    person = factories.person(Role.AUDITOR, name="監査 太郎")
    sign_in(client, person)
    return person


def rows(page: str) -> list[str]:
    body = re.search(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
    return re.findall(r"<tr>.*?</tr>", body[1], re.DOTALL) if body else []


def test_events_read_as_japanese_sentences_with_names(client, auditor):
    factories.person(name="青木 千尋", login_id="00001234")
    page = client.get(EVENTS).content.decode()
    assert "IDの発行" in page
    assert "ログインIDを発行しました。" in page
    assert "権限「利用者」を 2024年7月1日(月) から与えました。" in page
    assert "見本データ" in page
    assert "利用者 青木 千尋" in page


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.APPROVER, Role.ADMIN, Role.OPERATOR])
def test_nobody_but_an_auditor_reads_the_log_and_the_attempt_is_in_it(client, role):
    person = factories.person(role)
    sign_in(client, person)
    assert client.get(EVENTS).status_code == 403
    assert Event.objects.get(code="audit.page.refused").actor_id == person.public_id
    event = Event.objects.filter(code="accounts.user.issued").latest("seq")
    assert client.get(reverse("audit:event", args=[event.public_id])).status_code == 404


def test_reading_the_log_is_in_the_log_once_a_minute(client, auditor, time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    sign_in(client, auditor)
    for _ in range(3):
        client.get(EVENTS, {"kind": "accounts.user.issued"})
    read = Event.objects.get(code="audit.log.read")
    assert read.actor_id == auditor.public_id
    assert "code=accounts.user.issued" in bytes(read.canonical).decode()
    time_machine.shift(61)
    client.get(EVENTS)
    assert Event.objects.filter(code="audit.log.read").count() == 2


def test_a_name_that_one_person_has_filters_at_once(client, auditor):
    person = factories.person(name="青木 千尋")
    factories.person(name="別の人")
    page = client.get(EVENTS, {"who": "青木"}).content.decode()
    assert "人:青木 千尋" in page
    assert rows(page)
    assert all("青木 千尋" in row for row in rows(page))
    assert f"?object={person.public_id}" in page


def test_several_people_of_a_name_are_offered_to_choose_from(client, auditor):
    department = factories.department(name="経理課")
    first = factories.person(name="青木 千尋", of=department)
    factories.person(name="青木 健")
    page = client.get(EVENTS, {"who": "青木", "kind": "accounts.user.issued"}).content.decode()
    assert "どの人の記録ですか(2人)" in page
    assert "青木 千尋 経理課" in page
    assert rows(page) == []
    link = re.search(rf'href="(\?[^"]*person={first.public_id}[^"]*)"', page)[1].replace("&amp;", "&")
    assert "kind=accounts.user.issued" in link
    page = client.get(EVENTS + link).content.decode()
    assert len(rows(page)) == 1
    assert "人:青木 千尋" in page


def test_a_name_that_nobody_has_is_said_beside_the_field(client, auditor):
    page = client.get(EVENTS, {"who": "いない人"}).content.decode()
    assert "当てはまる人がいません" in page
    assert 'value="いない人"' in page


def test_a_trip_number_filters_by_the_trip(client, auditor):
    trip = factories.trip()
    record_refusal(factories.acting(factories.person()), "booking.trip", trip.public_id, action="booking.trip.read")
    page = client.get(EVENTS, {"about": trip.number}).content.decode()
    assert len(rows(page)) == 1
    assert "閲覧の拒否" in page
    assert len(rows(client.get(EVENTS, {"about": str(trip.public_id)}).content.decode())) == 1
    assert "当てはまる対象がありません" in client.get(EVENTS, {"about": "T00000000"}).content.decode()


def test_the_object_of_an_event_is_a_link_to_its_events(client, auditor):
    person = factories.person(name="青木 千尋")
    page = client.get(EVENTS, {"object": person.public_id}).content.decode()
    assert "対象:利用者 青木 千尋" in page
    assert {"accounts.user.issued", "accounts.role.granted"} <= set(
        Event.objects.filter(about__object_id=person.public_id).values_list("code", flat=True)
    )
    assert len(rows(page)) == Event.objects.filter(about__object_id=person.public_id).count()


@pytest.fixture
def trial(monkeypatch):
    """A kind of event that nothing else records."""
    monkeypatch.setitem(
        registry.event_kinds, "trial.done", kind("trial.done", "試し", "{what} をしました。", keys="what")
    )

    @verb
    def happen(what: str) -> None:
        record(service_actor("command"), "trial.done", data={"what": what})

    return happen


def test_events_are_filtered_by_days_of_japan(client, auditor, trial, time_machine):
    time_machine.move_to("2026-12-01T14:59:00Z", tick=False)
    trial("first")
    time_machine.move_to("2026-12-01T15:01:00Z", tick=False)
    trial("second")
    sign_in(client, auditor)
    day = {"kind": "trial.done", "first_y": "2026", "first_m": "12", "first_d": "2"}
    page = client.get(EVENTS, day).content.decode()
    assert len(rows(page)) == 1
    assert "second" in page
    assert "2026年12月2日(水)から" in page
    day = {"kind": "trial.done", "last_y": "2026", "last_m": "12", "last_d": "1"}
    page = client.get(EVENTS, day).content.decode()
    assert [row for row in rows(page) if "first" in row] == rows(page)


def test_a_day_that_does_not_exist_is_said_beside_the_field_and_nothing_is_searched(client, auditor):
    page = client.get(EVENTS, {"first_y": "2026", "first_m": "2", "first_d": "30"}).content.decode()
    assert "2月30日はありません" in page
    assert rows(page) == []
    page = client.get(
        EVENTS,
        {"first_y": "2026", "first_m": "2", "first_d": "3", "last_y": "2026", "last_m": "2", "last_d": "2"},
    ).content.decode()
    assert "それより後の日にしてください" in page


@pytest.mark.parametrize(
    "params", [{"person": "x"}, {"object": "1' OR 1=1"}, {"before": "x"}, {"page": "9"}, {"kind": ""}]
)
def test_odd_addresses_show_the_log_unfiltered(client, auditor, params):
    assert len(rows(client.get(EVENTS, params).content.decode())) > 1


def test_fifty_a_page_and_new_events_move_nothing(client, auditor, trial):
    for number in range(120):
        trial(f"trial-{number:03d}")
    wanted = {"kind": "trial.done"}
    seen, address = [], EVENTS + "?kind=trial.done"
    for count in (50, 50, 20):
        page = client.get(address).content.decode()
        assert len(rows(page)) == count
        seen += re.findall(r"trial-\d{3}", " ".join(rows(page)))
        trial("meanwhile")
        more = re.search(r'href="(\?[^"]*)" rel="next"', page)
        address = EVENTS + more[1].replace("&amp;", "&") if more else ""
    assert address == ""
    assert seen == [f"trial-{number:03d}" for number in reversed(range(120))]
    assert "新しい記録へ戻る" in page
    assert "meanwhile" in client.get(EVENTS, wanted).content.decode()


def test_the_log_asks_the_database_as_often_for_thirty_events_as_for_three(client, auditor):
    counts = []
    for many in (3, 27):
        for _ in range(many):
            grant_role(SETUP, factories.person(), role=Role.ADMIN, first=START, reason="試験")
        counts.append(len(queries_of_page(client, EVENTS, {"kind": "accounts.user.issued"})))
    assert counts[0] == counts[1]


def test_an_event_shows_everything_that_was_recorded(client, auditor):
    factories.person(name="青木 千尋", login_id="00001234")
    event = Event.objects.filter(code="accounts.user.issued").latest("seq")
    page = client.get(reverse("audit:event", args=[event.public_id])).content.decode()
    assert "00001234" in page
    assert "青木 千尋" in page
    assert "業務の日時" in page
    assert "記録の日時" in page
    assert str(event.public_id) in page
    assert "消去済み" not in page


@pytest.mark.django_db(transaction=True)
def test_erased_values_are_said_to_be_erased(client, auditor):
    factories.person(name="青木 千尋")
    event = Event.objects.filter(code="accounts.user.issued").latest("seq")
    with owner_connection() as raw:
        raw.execute("DELETE FROM audit_personalvalues WHERE event_id = %s", [event.pk])
    page = client.get(reverse("audit:event", args=[event.public_id])).content.decode()
    assert "消去済み" in page


def test_a_typed_login_id_of_a_failed_sign_in_is_shown_as_text(client, auditor):
    client.logout()
    client.post("/signin/", {"login": "<img src=x>", "password": "x"})
    sign_in(client, auditor)
    event = Event.objects.get(code="accounts.signin.password_wrong")
    page = client.get(reverse("audit:event", args=[event.public_id])).content.decode()
    assert "&lt;img src=x&gt;" in page
    assert "<img" not in page


def test_the_mail_log_lists_and_shows_mails(client, auditor):
    mail = write(subject="承認のお願い")
    page = client.get(MAILS).content.decode()
    assert "承認のお願い" in page
    assert "送信待ち" in page
    assert "aoki@client.example" in page
    page = client.get(reverse("audit:mail", args=[mail.public_id])).content.decode()
    assert "髙﨑𠮷 様" in page
    assert rows(client.get(MAILS, {"state": "failed"}).content.decode()) == []
    assert len(rows(client.get(MAILS, {"state": "queued"}).content.decode())) == 1
    assert len(rows(client.get(MAILS, {"state": "nonsense"}).content.decode())) == 1


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.ADMIN])
def test_mails_are_not_for_everybody(client, role):
    mail = write()
    sign_in(client, factories.person(role))
    assert client.get(MAILS).status_code == 403
    assert client.get(reverse("audit:mail", args=[mail.public_id])).status_code == 404
    assert Event.objects.filter(code="audit.access.refused").count() == 1


def test_an_operator_reads_mails_but_not_the_log(client):
    write()
    sign_in(client, factories.person(Role.OPERATOR))
    assert len(rows(client.get(MAILS).content.decode())) == 1
    assert client.get(EVENTS).status_code == 403


def test_mails_come_fifty_a_page(client, auditor):
    for number in range(61):
        write(subject=f"{number}件目")
    page = client.get(MAILS).content.decode()
    assert len(rows(page)) == 50
    more = re.search(r'href="(\?[^"]*)" rel="next"', page)[1]
    assert len(rows(client.get(MAILS + more).content.decode())) == 11
