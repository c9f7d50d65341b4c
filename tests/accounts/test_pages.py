"""The pages of people and public texts: who sees whom, and who may edit what."""

import uuid

import pytest
from django.urls import reverse

from accounts.models import PublicText, Role
from accounts.services import publish_text, service_actor, set_member_number
from audit.models import Event
from lib import clock
from lib.dated import between
from tests import factories
from tests.counting import queries_of_page
from tests.signin import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def text(db):
    return PublicText.objects.create(
        slug="terms", title="旅行業約款", body="第1条\n\n手配旅行契約", position=2, valid=between(factories.START)
    )


def test_an_admin_finds_people_of_the_own_office_and_nobody_else(client):
    mine, theirs = factories.office(name="本社"), factories.office(name="九州支社")
    admin = factories.person(Role.ADMIN, of=factories.department(mine), name="管理 花子")
    factories.person(of=factories.department(mine), name="宮﨑 𠮷彦")
    factories.person(of=factories.department(theirs), name="古賀 真理")
    page = sign_in(client, admin).get(reverse("accounts:people")).content.decode()
    assert "宮﨑 𠮷彦" in page
    assert "本社" in page
    assert "古賀 真理" not in page


def test_a_person_of_another_office_is_not_found_and_the_attempt_is_an_event(client):
    admin = factories.person(Role.ADMIN)
    stranger = factories.person()
    answer = sign_in(client, admin).get(reverse("accounts:person", args=[stranger.public_id]))
    assert answer.status_code == 404
    refused = Event.objects.get(code="audit.access.refused")
    assert refused.actor_id == admin.public_id
    assert [item.object_id for item in refused.about.all()] == [stranger.public_id]


def test_an_id_that_nobody_has_is_not_found_and_no_event(client):
    sign_in(client, factories.person(Role.ADMIN))
    assert client.get(reverse("accounts:person", args=[uuid.uuid4()])).status_code == 404
    assert not Event.objects.filter(code="audit.access.refused").exists()


def test_an_employee_may_not_open_the_list_of_people_and_it_is_an_event(client):
    employee = factories.person(Role.EMPLOYEE)
    answer = sign_in(client, employee).get(reverse("accounts:people"))
    assert answer.status_code == 403
    assert "権限がありません" in answer.content.decode()
    assert Event.objects.get(code="audit.page.refused").actor_id == employee.public_id


@pytest.mark.parametrize("words", ["みやざき", "ミヤザキ", "00001234", "団地"])
def test_people_are_found_by_kana_login_id_and_department(client, words):
    department = factories.department(name="団地再生課")
    found = factories.person(of=department, name="宮﨑 𠮷彦", login_id="00001234")
    found.kana = "ミヤザキ ヨシヒコ"
    found.save(update_fields=["kana"])
    factories.person(name="別の人")
    sign_in(client, factories.person(Role.OPERATOR))
    page = client.get(reverse("accounts:people"), {"q": words}).content.decode()
    if words == "みやざき":
        assert "当てはまる利用者はいません" in page
        return
    assert "宮﨑 𠮷彦" in page
    assert "別の人" not in page


def test_member_numbers_are_shown_to_the_person_and_to_the_desk_only(client):
    person = factories.person()
    department = person.memberships.get().department
    set_member_number(factories.SETUP, person, supplier="ex", number="7000123456", first=factories.START)
    own = sign_in(client, person).get(reverse("accounts:me")).content.decode()
    assert "7000123456" in own
    assert "エクスプレス予約" in own
    address = reverse("accounts:person", args=[person.public_id])
    desk = sign_in(client, factories.person(Role.OPERATOR)).get(address).content.decode()
    assert "7000123456" in desk
    admin = sign_in(client, factories.person(Role.ADMIN, of=department)).get(address).content.decode()
    assert person.name in admin
    assert "7000123456" not in admin


def test_the_list_of_people_asks_the_database_as_often_for_thirty_as_for_three(client):
    department = factories.department()
    sign_in(client, factories.person(Role.OPERATOR, of=department))
    counts = []
    for many in (2, 27):
        for _ in range(many):
            factories.person(of=department)
        counts.append(len(queries_of_page(client, reverse("accounts:people"))))
    assert "30人" in client.get(reverse("accounts:people")).content.decode()
    assert counts[0] == counts[1]


def test_everybody_reads_a_public_text_before_signing_in(client, text):
    page = client.get(reverse("accounts:text", args=["terms"])).content.decode()
    assert "旅行業約款" in page
    assert "手配旅行契約" in page
    assert "文面を差し替える" not in page


def test_a_text_that_does_not_exist_is_not_found(client):
    assert client.get(reverse("accounts:text", args=["nothing"])).status_code == 404


def test_an_operator_replaces_a_text_and_the_old_one_stays_until_yesterday(client, text):
    operator = factories.person(Role.OPERATOR)
    sign_in(client, operator)
    here = reverse("accounts:edit_text", args=["terms"])
    assert "第1条" in client.get(here).content.decode()
    answer = client.post(here, {"title": "旅行業約款", "body": "第1条\n\n新しい約款"}, follow=True)
    page = answer.content.decode()
    assert "新しい約款" in page
    assert "差し替えました" in page
    assert PublicText.objects.filter(slug="terms").count() == 2
    yesterday = PublicText.objects.get(pk=text.pk)
    assert yesterday.last_day is not None
    assert yesterday.last_day < clock.today()
    assert Event.objects.get(code="accounts.public_text.published").actor_id == operator.public_id


def test_an_empty_text_is_refused_and_what_was_typed_stays(client, text):
    sign_in(client, factories.person(Role.OPERATOR))
    answer = client.post(reverse("accounts:edit_text", args=["terms"]), {"title": "新しい題名", "body": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>エラー: 1件 — " in page
    assert "本文を入力してください" in page
    assert 'value="新しい題名"' in page


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.APPROVER, Role.ADMIN, Role.AUDITOR])
def test_nobody_but_an_operator_replaces_a_text(client, text, role):
    sign_in(client, factories.person(role))
    answer = client.post(reverse("accounts:edit_text", args=["terms"]), {"title": "違う", "body": "違う"})
    assert answer.status_code == 403
    assert PublicText.objects.get().title == "旅行業約款"


def test_script_in_a_text_is_shown_as_text(client, text):
    publish_text(
        service_actor("demo"), slug="terms", title="約款", body="<script>x()</script>", first=clock.today(), position=2
    )
    page = client.get(reverse("accounts:text", args=["terms"])).content.decode()
    assert "<script>x()" not in page
    assert "&lt;script&gt;x()" in page
