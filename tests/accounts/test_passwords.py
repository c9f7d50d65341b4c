"""Changing a password, and setting a new one by the link of a mail."""

import re

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client

from accounts.models import User
from audit.models import Event, OutgoingMail
from tests import factories
from tests.factories import PASSWORD
from tests.signin import sign_in

pytestmark = pytest.mark.django_db

NEW = "Yama-ga-mieru-2027"
RESET = "/password/reset/"


@pytest.fixture
def person() -> User:
    found = factories.person(name="青木 千尋", login_id="00001234")
    found.email = "aoki@client.example"
    found.save(update_fields=["email"])
    return found


def is_password(person: User, password: str) -> bool:
    person.refresh_from_db()
    return check_password(password, person.password)


def change(client: Client, old: str, new: str, again: str = ""):
    return client.post("/password/change/", {"oldpassword": old, "password1": new, "password2": again or new})


def test_a_person_changes_the_password_stays_signed_in_and_it_is_an_event(client, person):
    sign_in(client, person)
    answer = change(client, PASSWORD, NEW)
    assert answer.headers["Location"] == "/me/"
    assert "パスワードを変更しました。" in client.get("/me/").content.decode()
    assert is_password(person, NEW)
    event = Event.objects.get(code="accounts.password.changed")
    assert event.actor_id == person.public_id
    assert NEW not in bytes(event.canonical).decode()


def test_after_a_change_other_sessions_are_over(client, person):
    elsewhere = Client()
    for each in (client, elsewhere):
        sign_in(each, person)
    change(client, PASSWORD, NEW)
    assert client.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        ("違うパスワード", NEW, NEW, "パスワード"),
        (PASSWORD, NEW, NEW + "x", "パスワード"),
        (PASSWORD, "mijikai1A", "mijikai1A", "12"),
        (PASSWORD, "abcdefghijklm", "abcdefghijklm", "3種類以上"),
        (PASSWORD, "password1234", "password1234", "パスワード"),
        (PASSWORD, "00001234-Aoki", "00001234-Aoki", "ログインID"),
    ],
)
def test_a_bad_password_is_refused_beside_its_field_and_changes_nothing(client, person, old, new, again, words):
    page = change(sign_in(client, person), old, new, again).content.decode()
    assert "入力内容に誤りがあります" in page
    assert words in re.search(r'<div class="error-summary.*?</div>', page, re.DOTALL)[0]
    assert new not in page
    assert is_password(person, PASSWORD)
    assert not Event.objects.filter(code="accounts.password.changed").exists()


def link_of(mail: OutgoingMail) -> str:
    return re.search(r"http://localhost:8000(/password/reset/key/\S+/)", mail.body)[1]


def test_the_link_of_a_mail_sets_a_new_password_once_and_signs_nobody_in(client, person):
    answer = client.post(RESET, {"email": "aoki@client.example"})
    assert answer.headers["Location"] == "/password/reset/done/"
    assert "メールを確かめてください" in client.get("/password/reset/done/").content.decode()
    mail = OutgoingMail.objects.get()
    assert (mail.state, mail.to_address, mail.to_person) == ("queued", "aoki@client.example", person.public_id)
    assert "青木 千尋 様" in mail.body
    assert "&" not in mail.body

    page = client.get(link_of(mail), follow=True)
    assert "新しいパスワードを決める" in page.content.decode()
    answer = client.post(page.request["PATH_INFO"], {"password1": NEW, "password2": NEW}, follow=True)
    assert "新しいパスワードでサインインしてください" in answer.content.decode()
    assert is_password(person, NEW)
    assert client.get("/").headers["Location"].startswith("/signin/")
    assert Event.objects.filter(code="accounts.password.changed").count() == 1
    again = Client().get(link_of(mail), follow=True).content.decode()
    assert "このリンクは使えません" in again


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client, person):
    answer = client.post(RESET, {"email": "nobody@client.example"})
    assert answer.headers["Location"] == "/password/reset/done/"
    assert not OutgoingMail.objects.exists()


def test_a_retired_person_gets_no_mail(client, person):
    person.state = "retired"
    person.save(update_fields=["state"])
    client.post(RESET, {"email": "aoki@client.example"})
    assert not OutgoingMail.objects.exists()


def test_the_link_is_dead_after_an_hour(client, person, time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    client.post(RESET, {"email": "aoki@client.example"})
    time_machine.shift(3700)
    assert "このリンクは使えません" in client.get(link_of(OutgoingMail.objects.get()), follow=True).content.decode()


def test_the_link_names_the_portals_own_origin_whatever_the_request_says(client, person):
    client.post(RESET, {"email": "aoki@client.example"}, headers={"X-Forwarded-Host": "evil.example"})
    assert "evil" not in OutgoingMail.objects.get().body


def test_the_password_is_kept_as_pbkdf2_with_pepper(person, settings):
    assert person.password.startswith("pbkdf2_sha256_pepper$")
    settings.PASSWORD_PEPPER = "another pepper that a stolen dump does not hold"
    assert not check_password(PASSWORD, person.password)
