"""The second factor once more before a dangerous act: when it is asked for, what stays typed, and what is recorded."""

import pytest
from django.test import Client
from django.urls import include, path

import config.urls
from accounts.access import needs_step_up
from accounts.models import PublicText, RecoveryCode, Role, TotpDevice, User
from accounts.services import issue_recovery_codes
from accounts.views.texts import edit_text
from audit.models import Event
from lib import clock
from lib.dated import between
from tests import factories
from tests.accounts.second_factor import code_now, enrol, wrong_code
from tests.accounts.test_sessions import send, token
from tests.factories import SETUP, START
from tests.signin import change_session, sign_in, sign_in_halfway

pytestmark = pytest.mark.django_db
# A form with something to type, as a dangerous act: the wording of a public page.
urlpatterns = [
    path("about/<slug:slug>/edit/", needs_step_up(edit_text)),
    path("", include(config.urls.urlpatterns)),
]
handler403, handler404 = config.urls.handler403, config.urls.handler404
CODES, STEP_UP, EDIT = "/me/recovery-codes/", "/step-up/", "/about/terms/edit/"


@pytest.fixture
def person() -> User:
    found = factories.person(Role.OPERATOR)
    enrol(found)
    return found


@pytest.fixture
def late(client, person) -> Client:
    """A session whose second factor was given eleven minutes ago."""
    sign_in(client, person)
    change_session(client, second_factor_at=clock.wall_seconds() - 11 * 60)
    return client


def codes_of(user: User) -> list[int]:
    return list(RecoveryCode.objects.filter(user=user, used_at=None).values_list("pk", flat=True))


def test_right_after_signing_in_nothing_is_asked_again(client, person):
    sign_in(client, person)
    change_session(client, second_factor_at=clock.wall_seconds() - 9 * 60)
    assert client.post(CODES).status_code == 200
    assert len(codes_of(person)) == 10


def test_later_the_code_is_asked_for_and_the_act_waits_for_the_person(late, person):
    answer = late.post(CODES)
    assert answer.headers["Location"] == f"{STEP_UP}?next={CODES}"
    page = late.get(answer.headers["Location"]).content.decode()
    assert "もう一度、確認コードを入力してください" in page
    assert "操作はまだ行っていません" in page
    answer = late.post(answer.headers["Location"], {"code": code_now()})
    assert (answer.status_code, answer.headers["Location"]) == (303, CODES)
    page = late.get(CODES).content.decode()
    assert "もう一度ボタンを押してください" in page
    assert codes_of(person) == []
    late.post(CODES)
    assert len(codes_of(person)) == 10
    event = Event.objects.get(code="accounts.step_up.completed")
    assert (event.actor_id, event.about.get().object_id) == (person.public_id, person.public_id)


def test_reading_the_page_of_the_act_asks_for_nothing(late):
    assert late.get(CODES).status_code == 200


def test_a_session_without_the_time_of_its_second_factor_is_asked(client, person):
    sign_in(client, person)
    session = client.session
    del session["second_factor_at"]
    session.save()
    assert client.post(CODES).headers["Location"].startswith(STEP_UP)


def test_the_ten_minutes_run_by_wall_time_and_anew_after_each_code(client, person, time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    sign_in(client, person)
    time_machine.shift(600)
    assert client.post(CODES).status_code == 200
    time_machine.shift(1)
    assert client.post(CODES).status_code == 303
    assert client.post(STEP_UP, {"code": code_now()}).status_code == 303
    time_machine.shift(599)
    assert client.post(CODES).status_code == 200


def test_a_shift_of_business_time_asks_nobody_again(client, person):
    sign_in(client, person)
    clock.shift_by(86400)
    assert client.post(CODES).status_code == 200


def test_what_was_typed_opens_again_after_the_code_and_is_not_sent(person, settings):
    settings.ROOT_URLCONF = __name__
    PublicText.objects.create(slug="terms", title="約款", body="いまの文面", valid=between(START))
    strict = Client(enforce_csrf_checks=True)
    sign_in(strict, person)
    change_session(strict, second_factor_at=clock.wall_seconds() - 11 * 60)
    typed = {"title": "新しい題名", "body": "一時間かけて書いた文面"}
    answer = send(strict, EDIT, {**typed, "csrfmiddlewaretoken": token(strict, EDIT)})
    step_up = answer.headers["Location"]
    assert step_up == f"{STEP_UP}?next={EDIT}"
    assert "入力した内容は、確認のあとに表示します。" in strict.get(step_up).content.decode()
    wrong = {"code": wrong_code(), "csrfmiddlewaretoken": token(strict, step_up)}
    assert send(strict, step_up, wrong).status_code == 422
    # The next try waits a second after a wrong one.
    TotpDevice.objects.filter(user=person).update(throttling_failure_timestamp=None, throttling_failure_count=0)
    right = {"code": code_now(), "csrfmiddlewaretoken": token(strict, step_up)}
    assert send(strict, step_up, right).headers["Location"] == EDIT
    page = strict.get(EDIT).content.decode()
    assert "入力していた内容を戻しました" in page
    assert 'value="新しい題名"' in page
    assert "一時間かけて書いた文面" in page
    assert "エラー" not in page
    assert PublicText.objects.get().body == "いまの文面"
    sent = send(strict, EDIT, {**typed, "csrfmiddlewaretoken": token(strict, EDIT)})
    assert sent.headers["Location"] == "/about/terms/"
    assert PublicText.objects.filter(body="一時間かけて書いた文面").exists()


def test_a_part_of_a_page_leads_the_whole_page_to_the_code(late):
    answer = late.post(CODES, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == f"{STEP_UP}?next={CODES}"


def test_a_wrong_code_is_said_recorded_and_opens_nothing(late, person):
    answer = late.post(STEP_UP, {"code": wrong_code()})
    assert answer.status_code == 422
    assert "確認コードが違います" in answer.content.decode()
    event = Event.objects.get(code="accounts.signin.second_factor_wrong")
    assert event.actor_id == person.public_id
    assert late.post(CODES).headers["Location"].startswith(STEP_UP)


def test_wrong_codes_here_close_the_device_for_signing_in_as_well(client, person, time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    sign_in(client, person)
    change_session(client, second_factor_at=0)
    for seconds in (1, 3, 5):
        client.post(STEP_UP, {"code": wrong_code()})
        time_machine.shift(seconds)
    client.post(STEP_UP, {"code": wrong_code()})
    for address, browser in ((STEP_UP, client), ("/signin/code/", sign_in_halfway(Client(), person))):
        assert "少し待ってから" in browser.post(address, {"code": code_now()}).content.decode()


def test_the_code_of_the_sign_in_does_not_count_again(late, person):
    shown = code_now()
    elsewhere = sign_in_halfway(Client(), person)
    assert elsewhere.post("/signin/code/", {"code": shown}).status_code == 303
    assert late.post(STEP_UP, {"code": shown}).status_code == 422


def test_a_recovery_code_does_instead_once(late, person):
    code = issue_recovery_codes(SETUP, person)[0]
    answer = late.post(f"{STEP_UP}recovery/?next={CODES}", {"code": code})
    assert (answer.status_code, answer.headers["Location"]) == (303, CODES)
    change_session(late, second_factor_at=0)
    again = late.post(f"{STEP_UP}recovery/", {"code": code})
    assert again.status_code == 422
    assert "すでに使われています" in again.content.decode()


def test_the_session_gets_a_new_id_and_keeps_its_limits(late):
    before, began = late.cookies["sid"].value, late.session["began"]
    late.post(STEP_UP, {"code": code_now()})
    assert late.cookies["sid"].value != before
    assert late.session["began"] == began


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_the_way_back_never_leads_to_another_site(late, target):
    page = late.get(STEP_UP, {"next": target}).content.decode()
    assert f'href="{target}' not in page
    answer = late.post(f"{STEP_UP}?next={target}", {"code": code_now()})
    assert answer.headers["Location"] == "/"
    assert "evil" not in late.get(STEP_UP, {"next": target}).headers["Location"]
