"""Acts that take two people: who may ask, who may decide, what is refused, and what the pages show."""

import datetime as dt
import threading
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client

from accounts import queries
from accounts.errors import AlreadyAsked, Changed, SamePerson
from accounts.models import Confirmation, Proxy, Role, User
from accounts.permissions import TABLE
from accounts.services import (
    give_confirmation,
    grant_proxy,
    lapse_confirmation,
    refuse_confirmation,
    withdraw_confirmation,
)
from audit.models import Event
from lib import clock, registry
from lib.actor import anonymous
from lib.dated import between
from lib.errors import MoveNotAllowed, NotPermitted, PortalError, Stale
from lib.verbs import WrongPlace
from tests import factories
from tests.accounts.two_people import TRIAL, ask
from tests.factories import SETUP, START, acting
from tests.signin import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def trial_kind(monkeypatch):
    monkeypatch.setitem(registry.confirmation_kinds, TRIAL.code, TRIAL)
    monkeypatch.setitem(registry.event_words["kind"], TRIAL.code, TRIAL.label)


def operator(**fields: Any) -> User:
    return factories.person(Role.OPERATOR, **fields)


@pytest.fixture
def asker() -> User:
    return operator(name="渡邉 光")


@pytest.fixture
def second() -> User:
    return operator(name="德永 誠")


@pytest.fixture
def subject() -> Any:
    return factories.office()


@pytest.fixture
def asked(asker, subject) -> Confirmation:
    return ask(asker, subject)


def give(by: User, confirmation: Confirmation, **more: Any) -> Confirmation:
    with transaction.atomic():
        return give_confirmation(acting(by), confirmation, **more)


def stored(confirmation: Confirmation) -> Confirmation:
    return Confirmation.objects.get(pk=confirmation.pk)


def test_one_asks_another_gives_and_both_stand_in_the_log_of_the_object(asked, asker, second, subject):
    found = queries.open_confirmation(TRIAL.code, subject.public_id)
    assert found == asked
    assert (found.payload, found.facts[0]) == ({"total": 40160}, ["拠点", "九州支社"])
    give(second, found, digest="f00d")
    row = stored(asked)
    assert (row.state, row.decided_by, row.asked_by) == ("given", second, asker)
    assert row.decided_at is not None
    assert queries.open_confirmation(TRIAL.code, subject.public_id) is None
    events = Event.objects.filter(about__object_id=subject.public_id, code__startswith="accounts.confirmation")
    people = list(events.order_by("seq").values_list("code", "actor_id"))
    assert people == [
        ("accounts.confirmation.asked", asker.public_id),
        ("accounts.confirmation.given", second.public_id),
    ]
    assert all("月末のため" not in bytes(event.canonical).decode() for event in events)


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.APPROVER, Role.ADMIN, Role.AUDITOR])
def test_who_may_not_do_the_act_may_neither_ask_nor_decide(asked, asker, role):
    person = factories.person(role)
    with pytest.raises(NotPermitted):
        ask(person, factories.office())
    with pytest.raises(NotPermitted):
        give(person, asked)
    with pytest.raises(NotPermitted):
        refuse_confirmation(acting(person), asked, note="違う")
    with pytest.raises(NotPermitted):
        withdraw_confirmation(acting(person), asked)
    assert stored(asked).state == "asked"


@pytest.mark.parametrize("actor", [SETUP, anonymous()])
def test_a_person_must_ask_and_a_person_must_decide(asked, subject, actor):
    with pytest.raises(NotPermitted), transaction.atomic():
        give_confirmation(actor, asked)
    with pytest.raises(NotPermitted):
        withdraw_confirmation(actor, asked)
    assert stored(asked).state == "asked"


def test_nobody_decides_on_what_they_asked_for_themselves(asked, asker):
    with pytest.raises(SamePerson):
        give(asker, asked)
    with pytest.raises(SamePerson):
        refuse_confirmation(acting(asker), asked, note="やめる")
    assert stored(asked).state == "asked"
    assert list(queries.waiting_confirmations(acting(asker))) == []


@pytest.mark.parametrize("asker_is", ["principal", "deputy"])
def test_a_proxy_between_the_two_shuts_the_decision_in_both_directions(asked, asker, second, asker_is):
    ends = {"principal": second, "deputy": asker} if asker_is == "deputy" else {"principal": asker, "deputy": second}
    grant_proxy(SETUP, first=START, reason="秘書", **ends)
    with pytest.raises(SamePerson):
        give(second, asked)
    with pytest.raises(SamePerson):
        refuse_confirmation(acting(second), asked, note="違う")
    assert list(queries.waiting_confirmations(acting(second))) == []
    assert queries.work_items(acting(second)) == []
    Proxy.objects.update(valid=between(START, clock.today() - dt.timedelta(days=1)))
    assert give(second, asked).state == "given"


def test_who_acts_for_the_asker_is_the_asker(asked, asker, second):
    with pytest.raises(SamePerson), transaction.atomic():
        give_confirmation(acting(second).for_person(asker.public_id), asked)


def test_what_changed_since_it_was_asked_is_not_given(asked, second):
    with pytest.raises(Changed) as refused:
        give(second, asked, digest="beef")
    assert "準備のあとで内容が変わりました" in refused.value.message
    assert stored(asked).state == "asked"
    assert asked.state == "asked"


def test_one_object_waits_for_one_decision_of_a_kind_at_a_time(asked, second, subject):
    with pytest.raises(AlreadyAsked):
        ask(second, subject)
    give(second, asked)
    assert ask(second, subject).state == "asked"


def test_a_refusal_says_why(asked, second):
    with pytest.raises(ValueError, match="says why"):
        refuse_confirmation(acting(second), asked, note="  ")
    refuse_confirmation(acting(second), asked, note="金額が違います")
    row = stored(asked)
    assert (row.state, row.decided_by, row.note) == ("refused", second, "金額が違います")
    event = Event.objects.get(code="accounts.confirmation.refused")
    assert event.personal.values == {"reason": "金額が違います"}


def test_only_the_asker_withdraws(asked, asker, second):
    with pytest.raises(NotPermitted):
        withdraw_confirmation(acting(second), asked)
    withdraw_confirmation(acting(asker), asked)
    row = stored(asked)
    assert (row.state, row.decided_by) == ("withdrawn", None)
    assert row.decided_at is not None


def test_a_room_ends_a_request_that_has_lost_its_object(asked):
    with transaction.atomic():
        lapse_confirmation(SETUP, asked, why="closed")
    assert stored(asked).state == "lapsed"


@pytest.mark.parametrize("fresh", [True, False])
def test_what_has_ended_is_decided_by_nobody_any_more(asked, asker, second, fresh):
    seen = stored(asked)
    withdraw_confirmation(acting(asker), asked)
    # Who reads anew is told so; who still has the old page was too late.
    with pytest.raises(MoveNotAllowed if fresh else Stale) as refused:
        give(second, stored(asked) if fresh else seen, digest="f00d")
    assert "Confirmation" not in refused.value.message
    assert stored(asked).state == "withdrawn"


@pytest.mark.django_db(transaction=True)
def test_a_decision_outside_of_the_rooms_transaction_is_a_programming_error():
    with pytest.raises(WrongPlace):
        give_confirmation(acting(operator()), ask(operator(), factories.office()))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_does():
    asked = ask(operator(), factories.office())
    deciders, start, done = [operator() for _ in range(4)], threading.Barrier(4), []

    def decide(who: User, row: Confirmation) -> None:
        start.wait()
        try:
            give(who, row)
            done.append("given")
        except PortalError:
            done.append("late")
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(who, stored(asked))) for who in deciders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["given", "late", "late", "late"]
    assert Event.objects.filter(code="accounts.confirmation.given").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_does():
    subject, askers, start, done = factories.office(), [operator() for _ in range(4)], threading.Barrier(4), []

    def wish(who: User) -> None:
        start.wait()
        try:
            ask(who, subject)
            done.append("asked")
        except AlreadyAsked:
            done.append("late")
        finally:
            connection.close()

    threads = [threading.Thread(target=wish, args=(who,)) for who in askers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["asked", "late", "late", "late"]
    assert Confirmation.objects.count() == 1


def test_the_database_refuses_that_one_person_asks_and_decides(asked, asker):
    with pytest.raises(IntegrityError, match="confirmation_takes_two"), transaction.atomic():
        Confirmation.objects.filter(pk=asked.pk).update(state="given", decided_by=asker, decided_at=clock.now())


def test_nobody_deletes_who_asked_and_who_decided(asked):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Confirmation.objects.filter(pk=asked.pk).delete()


def test_the_second_persons_work_leads_to_the_rooms_page_and_the_asker_sees_that_it_waits(
    client, asked, asker, second, subject
):
    (item,) = queries.work_items(acting(second))
    assert (item.kind, item.detail) == ("confirmation", "渡邉 光さんからの依頼")
    assert item.url == f"/trial/{subject.public_id}/?confirmation={asked.public_id}"
    (own,) = queries.work_items(acting(asker))
    assert (own.kind, own.detail) == ("confirmation_own", "他の担当者の確認待ち")
    page = sign_in(client, second).get("/").content.decode()
    assert "要二人確認" in page
    assert item.url in page
    assert "他の担当者の確認待ち" in sign_in(Client(), asker).get("/").content.decode()
    assert queries.work_items(acting(factories.person(Role.ADMIN))) == []


def test_a_page_shows_what_will_happen_to_each_what_they_may_do(client, asked, asker, second):
    here = f"/confirmations/{asked.public_id}/"
    page = sign_in(client, second).get(here).content.decode()
    assert all(word in page for word in ["40,160円", "月末のため", "渡邉 光", "試しの操作", "確認待ち"])
    assert "内容を確かめて決める" in page
    assert f"{here}refuse/" in page
    assert "依頼を取り下げる" not in page
    page = sign_in(client, asker).get(here).content.decode()
    assert "依頼を取り下げる" in page
    assert "内容を確かめて決める" not in page
    grant_proxy(SETUP, principal=asker, deputy=second, first=START, reason="秘書")
    assert "代理の関係にあるため" in sign_in(client, second).get(here).content.decode()


def test_refusing_on_the_page_needs_a_reason_and_shows_it_afterwards(client, asked, second):
    here = f"/confirmations/{asked.public_id}/refuse/"
    sign_in(client, second)
    answer = client.post(here, {"note": ""})
    assert answer.status_code == 422
    assert "差戻しの理由を入力してください" in answer.content.decode()
    page = client.post(here, {"note": "金額が違います"}, follow=True).content.decode()
    assert "依頼を差し戻しました。" in page
    assert "金額が違います" in page
    answer = client.post(here, {"note": "もう一度"})
    assert answer.status_code == 422
    assert "もう終わっています" in answer.content.decode()
    assert stored(asked).note == "金額が違います"


def test_the_asker_cannot_refuse_nor_a_colleague_withdraw_by_address(client, asked, asker, second):
    here = f"/confirmations/{asked.public_id}/"
    answer = sign_in(client, asker).post(f"{here}refuse/", {"note": "やめる"})
    assert answer.status_code == 422
    assert "ご自分が依頼した操作" in answer.content.decode()
    assert sign_in(client, second).post(f"{here}withdraw/").status_code == 422
    assert stored(asked).state == "asked"


def test_the_list_shows_what_waits_and_what_ended(client, asked, asker, second):
    ended = ask(asker, factories.office(), title="中部支社 10月の締め")
    refuse_confirmation(acting(second), ended, note="違う")
    page = sign_in(client, second).get("/confirmations/").content.decode()
    waiting, over = page.split('id="ended"')
    assert "九州支社 11月の締め" in waiting
    assert "中部支社 10月の締め" not in waiting
    assert "中部支社 10月の締め" in over
    assert "德永 誠" in over


def test_a_kind_that_is_not_registered_is_not_shown(client, asked, second, monkeypatch):
    monkeypatch.delitem(registry.confirmation_kinds, TRIAL.code)
    sign_in(client, second)
    assert "確認待ちの依頼はありません" in client.get("/confirmations/").content.decode()
    assert client.get(f"/confirmations/{asked.public_id}/").status_code == 404


def test_the_log_reads_a_request_in_words(client, asked):
    page = sign_in(client, factories.person(Role.AUDITOR)).get("/audit/events/").content.decode()
    assert "「試しの操作」の確認を、ほかの担当者に依頼しました。" in page


def test_every_registered_kind_has_an_action_of_the_table_and_a_page_of_operations():
    for kind in registry.confirmation_kinds.values():
        assert kind.action in TABLE, kind.code
        assert (settings.BASE_DIR / "docs" / "operations" / kind.manual).is_file(), kind.code
