"""What a half-signed-in person reaches, when sessions end, and what becomes of a form that was being filled in."""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import PublicText, Role
from audit.models import Event
from lib import clock
from lib.dated import between
from tests import factories
from tests.accounts.second_factor import code_now, enrol
from tests.factories import PASSWORD
from tests.signin import change_session, sign_in, sign_in_halfway

pytestmark = pytest.mark.django_db

ORIGIN = "http://testserver"
PUBLIC = {
    "/signin/",
    "/signout/",
    "/signin/code/",
    "/signin/recovery/",
    "/password/reset/",
    "/password/reset/done/",
    "/password/reset/key/done/",
    "/help/",
    "/healthz",
    "/readyz",
    "/csp-report/",
    "/parts/",
}


def addresses(patterns=None, prefix="/"):
    """Every address of the portal, with made-up values for its variables."""
    made_up = {"uuid": "018f0000-0000-7000-8000-000000000000", "slug": "terms", "int": "1"}
    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern) and not str(pattern.pattern).startswith("^"):
            yield re.sub(r"<(\w+):\w+>", lambda found: made_up[found[1]], prefix + str(pattern.pattern))


@pytest.mark.parametrize("address", sorted(set(addresses())))
def test_with_the_password_alone_no_page_opens(client, address):
    sign_in_halfway(client, factories.person(Role.OPERATOR))
    if address in PUBLIC or (address.startswith("/about/") and not address.endswith("/edit/")):
        return
    for method in (client.get, client.post):
        answer = method(address)
        assert answer.status_code in {301, 302}, address
        assert answer.headers["Location"].startswith(("/signin/code/", "/signin/")), address


@pytest.mark.parametrize("address", sorted(set(addresses())))
def test_a_stranger_is_asked_to_sign_in(client, address):
    if address in PUBLIC - {"/signin/code/", "/signin/recovery/"}:
        return
    if address.startswith("/about/") and not address.endswith("/edit/"):
        return
    answer = client.get(address)
    assert answer.status_code in {301, 302}, address
    assert answer.headers["Location"].startswith("/signin/"), address


def test_a_second_factor_of_another_person_opens_nothing(client):
    person, other = factories.person(), factories.person()
    sign_in_halfway(client, person)
    change_session(client, second_factor=str(other.public_id))
    assert client.get("/").headers["Location"].startswith("/signin/code/")


def test_a_session_ends_after_thirty_idle_minutes_and_says_so_once(client):
    person = factories.person()
    sign_in(client, person)
    change_session(client, seen=clock.wall_seconds() - 29 * 60)
    assert client.get("/").status_code == 200
    change_session(client, seen=clock.wall_seconds() - 31 * 60)
    page = client.get("/", follow=True).content.decode()
    assert "操作がなかったため、サインアウトしました。" in page
    assert "入力した内容は" not in page
    assert "操作がなかったため" not in client.get("/signin/").content.decode()
    assert Event.objects.get(code="accounts.signout.done").about.get().object_id == person.public_id


def test_people_with_wide_rights_have_fifteen_minutes(client):
    sign_in(client, factories.person(Role.OPERATOR))
    change_session(client, seen=clock.wall_seconds() - 16 * 60)
    assert client.get("/").headers["Location"].startswith("/signin/")


def test_a_session_ends_after_twelve_hours_however_busy_it_was(client):
    sign_in(client, factories.person())
    change_session(client, began=clock.wall_seconds() - 12 * 3600 - 1)
    page = client.get("/", follow=True).content.decode()
    assert "長い時間がたったため、サインアウトしました" in page


def test_use_prolongs_a_session(client, time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    sign_in(client, factories.person())
    for _ in range(4):
        time_machine.shift(25 * 60)
        assert client.get("/").status_code == 200
    time_machine.shift(31 * 60)
    assert client.get("/").status_code == 302


def test_a_shift_of_business_time_ends_nobodys_session(client):
    sign_in(client, factories.person())
    clock.shift_by(40 * 86400)
    assert client.get("/").status_code == 200


@pytest.fixture
def strict():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def operator():
    PublicText.objects.create(slug="terms", title="約款", body="いまの文面", valid=between(factories.START))
    person = factories.person(Role.OPERATOR, login_id="00007777")
    enrol(person)
    return person


EDIT = "/about/terms/edit/"


def send(client: Client, address: str, fields: dict[str, str], *, origin: str = ORIGIN, page: str = ""):
    """Send a form as a browser does."""
    headers = {"Origin": origin} | ({"Referer": origin + (page or address)} if origin.startswith("http") else {})
    body = urlencode(fields)
    return client.post(address, body, content_type="application/x-www-form-urlencoded", headers=headers)


def token(client: Client, address: str) -> str:
    page = client.get(address).content.decode()
    return re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[-1]


def test_a_form_sent_after_the_session_ended_comes_back_filled_in_and_is_not_carried_out(strict, operator):
    sign_in(strict, operator)
    typed = {"title": "新しい題名", "body": "一時間かけて書いた文面", "csrfmiddlewaretoken": token(strict, EDIT)}
    change_session(strict, seen=clock.wall_seconds() - 3600)
    answer = send(strict, EDIT, typed)
    assert answer.headers["Location"] == f"/signin/?next={EDIT}"
    page = strict.get(answer.headers["Location"]).content.decode()
    assert "操作がなかったため、サインアウトしました。" in page
    assert "入力した内容は、サインインのあとに表示します。" in page

    csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    given = {"login": "00007777", "password": PASSWORD, "next": EDIT, "csrfmiddlewaretoken": csrf}
    answer = send(strict, "/signin/", given)
    code_page = strict.get(answer.headers["Location"]).headers["Location"]
    given = {"code": code_now(), "csrfmiddlewaretoken": token(strict, code_page)}
    answer = send(strict, code_page, given)
    assert answer.headers["Location"] == EDIT

    page = strict.get(EDIT).content.decode()
    assert "入力していた内容を戻しました" in page
    assert 'value="新しい題名"' in page
    assert "一時間かけて書いた文面" in page
    assert "エラー" not in page
    assert PublicText.objects.get().body == "いまの文面"
    assert "一時間かけて" not in strict.get(EDIT).content.decode()


def test_a_form_of_another_site_is_never_kept(strict, operator):
    for origin in ("https://evil.example", "null"):
        answer = send(strict, EDIT, {"title": "罠", "body": "罠"}, origin=origin)
        assert answer.status_code == 403
        assert "kept_form" not in strict.session
    assert strict.post(EDIT, {"title": "罠", "body": "罠"}).status_code == 403


def test_passwords_and_codes_are_never_kept(strict):
    fields = {"login": "00007777", "password": "himitsu", "oldpassword": "himitsu", "code": "123456"}
    send(strict, "/signin/", fields)
    assert "himitsu" not in str(dict(strict.session))
    assert "123456" not in str(dict(strict.session))


def test_what_was_kept_is_forgotten_after_half_an_hour(strict, operator, time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    send(strict, EDIT, {"title": "題", "body": "文"})
    assert "kept_form" in strict.session
    held = dict(strict.session)
    time_machine.shift(31 * 60)
    sign_in(strict, operator)
    change_session(strict, kept_form=held["kept_form"])
    page = strict.get(EDIT).content.decode()
    assert "入力していた内容を戻しました" not in page
    assert "いまの文面" in page


def test_what_was_kept_opens_on_its_own_page_only(strict, operator):
    send(strict, "/me/", {"title": "題", "body": "文"})
    held = strict.session["kept_form"]
    sign_in(strict, operator)
    change_session(strict, kept_form=held)
    assert (
        "入力していた内容を戻しました" not in strict.get(reverse("accounts:edit_text", args=["terms"])).content.decode()
    )


def test_a_bad_token_in_a_living_session_is_refused_and_nothing_is_done(strict, operator):
    sign_in(strict, operator)
    answer = send(strict, EDIT, {"title": "題", "body": "文"})
    assert answer.status_code == 403
    assert PublicText.objects.get().body == "いまの文面"
