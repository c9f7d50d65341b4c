"""Sign-in as people do it: password, then the second factor; what is refused, and what is recorded."""

import re
import threading

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Role, SignInFailure, User
from accounts.services import issue_recovery_codes
from accounts.services.second_factor import check_totp
from audit.models import Event
from lib.actor import anonymous
from lib.errors import PortalError
from tests import factories
from tests.accounts.second_factor import code_now, enrol, wrong_code
from tests.factories import PASSWORD, SETUP
from tests.signin import sign_in_halfway

SIGN_IN, CODE, RECOVERY, HOME = "/signin/", "/signin/code/", "/signin/recovery/", "/"


@pytest.fixture
def person(db) -> User:
    found = factories.person(name="青木 千尋", login_id="00001234")
    enrol(found)
    return found


def give_password(
    client: Client, login: str = "00001234", password: str = PASSWORD, *, address: str = "192.0.2.1", **more
):
    return client.post(SIGN_IN, {"login": login, "password": password, **more}, REMOTE_ADDR=address)


def codes_of(*codes: str) -> list[str]:
    return list(Event.objects.filter(code__in=codes).order_by("seq").values_list("code", flat=True))


def test_password_and_code_open_the_home_page_and_every_step_is_an_event(client, person):
    answer = give_password(client)
    assert answer.status_code == 302
    assert client.get(HOME).headers["Location"].startswith(CODE)
    assert client.post(CODE, {"code": code_now()}).headers["Location"] == HOME
    page = client.get(HOME)
    assert page.status_code == 200
    assert "こんにちは、青木 千尋さん" in page.content.decode()
    steps = ["accounts.signin.password_ok", "accounts.signin.completed"]
    assert codes_of(*steps) == steps


def test_the_code_may_be_typed_in_full_width_with_a_blank(client, person):
    give_password(client)
    shown = code_now()
    typed = (shown[:3] + " " + shown[3:]).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert client.post(CODE, {"code": typed}).status_code == 303


def test_after_signing_in_the_page_that_was_asked_for_opens(client, person):
    asked = client.get("/me/").headers["Location"]
    assert asked == f"{SIGN_IN}?next=/me/"
    answer = client.post(SIGN_IN, {"login": "00001234", "password": PASSWORD, "next": "/me/"})
    answer = client.get(answer.headers["Location"])
    answer = client.post(answer.headers["Location"], {"code": code_now()})
    assert answer.headers["Location"] == "/me/"


def test_the_way_back_never_leads_to_another_site(client, person):
    answer = client.post(SIGN_IN, {"login": "00001234", "password": PASSWORD, "next": "https://evil.example/"})
    assert "evil" not in answer.headers["Location"]
    answer = client.post(f"{CODE}?next=https://evil.example/", {"code": code_now()})
    assert answer.headers["Location"] == HOME
    assert "evil" not in client.get(f"{CODE}?next=//evil.example/").headers.get("Location", "")


def words_of(answer) -> str:
    return re.sub(r'value="[^"]*"', "", re.search(r"<main.*</main>", answer.content.decode(), re.DOTALL)[0])


def test_a_wrong_password_an_unknown_id_and_a_retired_person_get_the_same_words(client, person):
    retired = factories.person(login_id="00009999")
    retired.state = "retired"
    retired.save(update_fields=["state"])
    wrong = give_password(client, password="違うパスワード")
    unknown = give_password(client, login="00005678")
    gone = give_password(client, login="00009999")
    assert wrong.status_code == unknown.status_code == gone.status_code == 422
    assert "ログインIDかパスワードが違います" in words_of(wrong)
    assert words_of(wrong) == words_of(unknown) == words_of(gone)
    assert len(codes_of("accounts.signin.password_wrong")) >= 2


def test_the_login_id_stays_in_its_field_and_the_password_does_not(client, person):
    page = give_password(client, password="違うパスワード").content.decode()
    assert "<title>エラー: 1件 — サインイン" in page
    assert 'value="00001234"' in page
    assert "違うパスワード" not in page


def test_empty_fields_are_named_and_nothing_is_recorded(client, person):
    page = client.post(SIGN_IN, {"login": "", "password": ""}).content.decode()
    assert "ログインIDを入力してください" in page
    assert "パスワードを入力してください" in page
    assert not SignInFailure.objects.exists()


def test_five_failures_from_one_address_close_the_id_there_and_nowhere_else(client, person):
    for _ in range(5):
        give_password(client, password="違うパスワード")
    refused = give_password(client)
    assert refused.status_code == 422
    assert "5分ほど待ってから" in refused.content.decode()
    assert codes_of("accounts.signin.limited") == ["accounts.signin.limited"]
    assert give_password(client, address="198.51.100.7").status_code == 302


def test_five_failures_close_no_other_id_from_the_same_address(client, person):
    for _ in range(5):
        give_password(client, login="00005678", password="違うパスワード")
    assert give_password(client).status_code == 302


def test_the_limit_ends_by_itself_after_five_minutes(client, person, time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    for _ in range(5):
        give_password(client, password="違うパスワード")
    time_machine.shift(301)
    assert give_password(client).status_code == 302


def test_thirty_failures_close_the_address_for_every_id(client, person):
    for number in range(30):
        SignInFailure.objects.create(login_key=f"guess{number}", address="192.0.2.1")
    assert "5分ほど待ってから" in give_password(client).content.decode()


def test_a_wrong_code_is_said_beside_the_field_and_recorded(client, person):
    give_password(client)
    answer = client.post(CODE, {"code": wrong_code()})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>エラー: 1件 — " in page
    assert "確認コードが違います" in page
    assert codes_of("accounts.signin.second_factor_wrong") == ["accounts.signin.second_factor_wrong"]
    assert client.get(HOME).status_code == 302


def test_a_code_works_once(client, person):
    shown = code_now()
    give_password(client)
    assert client.post(CODE, {"code": shown}).status_code == 303
    again = Client()
    give_password(again)
    assert again.post(CODE, {"code": shown}).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_a_code_that_two_sessions_send_at_once_works_for_one():
    person = factories.person()
    enrol(person)
    shown, start, done = code_now(), threading.Barrier(8), []

    def use() -> None:
        start.wait()
        try:
            check_totp(anonymous(), person, shown)
            done.append("in")
        except PortalError:
            done.append("out")
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["in"] + ["out"] * 7


def test_after_wrong_codes_the_next_try_waits(client, person, time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    give_password(client)
    for seconds in (1, 3, 5):
        client.post(CODE, {"code": wrong_code()})
        time_machine.shift(seconds)
    client.post(CODE, {"code": wrong_code()})
    waits = client.post(CODE, {"code": code_now()})
    assert waits.status_code == 422
    assert "少し待ってから" in waits.content.decode()
    time_machine.shift(60)
    assert client.post(CODE, {"code": code_now()}).status_code == 303


def test_a_recovery_code_opens_the_portal_once(client, person):
    code = issue_recovery_codes(SETUP, person)[0]
    give_password(client)
    assert client.post(RECOVERY, {"code": code.lower()}).status_code == 303
    assert client.get(HOME).status_code == 200
    again = Client()
    give_password(again)
    refused = again.post(RECOVERY, {"code": code})
    assert refused.status_code == 422
    assert "すでに使われています" in refused.content.decode()
    assert codes_of("accounts.recovery_code.used") == ["accounts.recovery_code.used"]


def test_new_recovery_codes_are_shown_once_and_kill_the_old_ones(client, person):
    old = issue_recovery_codes(SETUP, person)[0]
    give_password(client)
    client.post(CODE, {"code": code_now()})
    here = reverse("accounts:recovery_codes")
    assert "10個" in client.get(here).content.decode()
    shown = re.findall(r"[A-Z2-7]{6}(?:-[A-Z2-7]{6}){3}", client.post(here).content.decode())
    assert len(set(shown)) == 10
    assert shown[0] not in client.get(here).content.decode()
    again = Client()
    give_password(again)
    assert again.post(RECOVERY, {"code": old}).status_code == 422
    assert again.post(RECOVERY, {"code": shown[0]}).status_code == 303


def test_the_session_gets_a_new_id_at_each_step(client, person):
    client.get(SIGN_IN)
    client.session.save()
    ids = []
    give_password(client)
    ids.append(client.cookies["sid"].value)
    client.post(CODE, {"code": code_now()})
    ids.append(client.cookies["sid"].value)
    assert len(set(ids)) == 2
    old = Client()
    old.cookies["sid"] = ids[0]
    assert old.get(HOME).headers["Location"].startswith(SIGN_IN)


def test_signing_out_ends_the_session_and_is_an_event(client, person):
    give_password(client)
    client.post(CODE, {"code": code_now()})
    assert "サインアウトしますか" in client.get("/signout/").content.decode()
    assert client.get(HOME).status_code == 200
    client.post("/signout/")
    assert client.get(HOME).headers["Location"].startswith(SIGN_IN)
    assert codes_of("accounts.signout.done") == ["accounts.signout.done"]


def test_halfway_a_person_may_leave_for_another_id(client, person):
    sign_in_halfway(client, person)
    assert "別のIDでサインインする" in client.get(CODE).content.decode()
    client.post("/signout/")
    assert client.get(CODE).headers["Location"].startswith(SIGN_IN)


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.OPERATOR])
def test_a_suspended_person_is_out_at_the_next_request(client, person, role):
    give_password(client)
    client.post(CODE, {"code": code_now()})
    person.state = "suspended"
    person.save(update_fields=["state"])
    assert client.get(HOME).status_code == 302
