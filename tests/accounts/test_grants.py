"""Who may do what: dated grants, proxies, and what the database refuses although Python is bypassed."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.errors import LoginIdTaken, NoProxy
from accounts.models import ApproverAssignment, Membership, Proxy, Role, RoleGrant, User
from accounts.services import acting_on, grant_proxy, grant_role, issue_user, set_membership
from audit.models import Event
from lib import clock
from lib.actor import Scope
from lib.dated import between
from tests import factories
from tests.factories import PASSWORD, SETUP, START

pytestmark = pytest.mark.django_db


def issue(login_id: str) -> User:
    facts = {"name": "青木 千尋", "kana": "アオキ チヒロ", "email": "aoki@client.example", "password": PASSWORD}
    return issue_user(SETUP, login_id=login_id, **facts)


@pytest.mark.parametrize(
    ("first", "second"),
    [("aoki", "ＡＯＫＩ"), ("aoki", "Aoki"), ("aoki", "аoki"), ("00001234", "００００１２３４"), ("aoki", " aoki ")],
)
def test_an_id_that_looks_like_another_is_never_given(first, second):
    issue(first)
    with pytest.raises(LoginIdTaken) as refused:
        issue(second)
    assert "使われています" in refused.value.message


def test_the_database_refuses_two_ids_that_look_alike():
    issue("aoki")
    with pytest.raises(IntegrityError, match="login_key"), transaction.atomic():
        User.objects.create(login_id="Ａoki", name="別人", kana="ベツジン", email="b@client.example")


def test_a_retired_persons_id_is_never_given_again():
    person = issue("aoki")
    person.state = "retired"
    person.save(update_fields=["state"])
    with pytest.raises(LoginIdTaken):
        issue("aoki")


def test_the_database_refuses_a_mail_address_as_login_id():
    with pytest.raises(IntegrityError, match="user_login_id_is_no_mail"), transaction.atomic():
        User.objects.create(login_id="aoki@client.example", name="青木", kana="アオキ", email="a@client.example")


@pytest.mark.parametrize("model", [RoleGrant, Membership, ApproverAssignment, Proxy])
def test_the_database_refuses_two_rows_of_one_subject_on_one_day(model):
    person, other = factories.person(), factories.person()
    extra = {
        RoleGrant: {"user": person, "role": Role.APPROVER, "reason": "試験"},
        Membership: {"user": person, "department": factories.department()},
        ApproverAssignment: {"user": person, "approver": other},
        Proxy: {"principal": person, "deputy": other, "reason": "試験"},
    }[model]
    if model is Membership:
        model.objects.filter(user=person).delete()
    first = dt.date(2026, 4, 1)
    model.objects.create(valid=between(first, dt.date(2026, 9, 30)), **extra)
    model.objects.create(valid=between(dt.date(2026, 10, 1)), **extra)
    with pytest.raises(IntegrityError, match="no_overlap"), transaction.atomic():
        model.objects.create(valid=between(dt.date(2026, 9, 30), dt.date(2026, 9, 30)), **extra)


def test_the_database_refuses_an_approver_of_their_own_trips():
    person = factories.person()
    with pytest.raises(IntegrityError, match="nobody_approves_themselves"), transaction.atomic():
        ApproverAssignment.objects.create(user=person, approver=person, valid=between(START))


def test_the_database_refuses_a_proxy_of_oneself():
    person = factories.person()
    with pytest.raises(IntegrityError, match="nobody_is_their_own_proxy"), transaction.atomic():
        Proxy.objects.create(principal=person, deputy=person, reason="試験", valid=between(START))


def test_the_database_refuses_a_role_that_does_not_exist():
    person = factories.person()
    with pytest.raises(IntegrityError, match="role_known"), transaction.atomic():
        RoleGrant.objects.create(user=person, role="root", reason="試験", valid=between(START))


def test_a_new_membership_ends_the_present_one_the_day_before():
    person = factories.person()
    old, new = person.memberships.get(), factories.department()
    set_membership(SETUP, person, department=new, first=dt.date(2026, 10, 1), source="異動")
    old.refresh_from_db()
    assert old.last_day == dt.date(2026, 9, 30)
    assert Membership.objects.on(dt.date(2026, 9, 30)).get(user=person) == old
    assert Membership.objects.on(dt.date(2026, 10, 1)).get(user=person).department == new


def test_the_widest_of_several_roles_counts():
    person = factories.person(Role.EMPLOYEE, Role.ADMIN)
    actor = factories.acting(person)
    assert actor.scope("accounts.person.read") is Scope.OFFICE
    assert actor.scope("booking.trip.arrange") is Scope.OWN
    assert actor.scope("audit.event.read") is Scope.NONE


def test_a_role_counts_on_its_days_only():
    person = factories.person()
    today = clock.today()
    grant_role(SETUP, person, role=Role.AUDITOR, first=START, last=today - dt.timedelta(days=1), reason="試験")
    grant_role(SETUP, person, role=Role.ADMIN, first=today + dt.timedelta(days=1), reason="試験")
    assert not factories.acting(person).may("audit.event.read")
    clock.shift_by(86400)
    assert factories.acting(person).scope("accounts.person.read") is Scope.OFFICE


def test_a_proxy_acts_for_the_traveller_and_it_stands_in_the_actor():
    principal, deputy = factories.person(), factories.person()
    grant_proxy(SETUP, principal=principal, deputy=deputy, first=START, reason="秘書")
    actor = acting_on(factories.acting(deputy), principal.public_id)
    assert (actor.id, actor.acting_for) == (deputy.public_id, principal.public_id)
    with pytest.raises(NoProxy):
        acting_on(factories.acting(principal), deputy.public_id)


def test_a_proxy_ends_with_its_last_day_in_japan():
    principal, deputy = factories.person(), factories.person()
    grant_proxy(SETUP, principal=principal, deputy=deputy, first=START, last=clock.today(), reason="出張中")
    assert acting_on(factories.acting(deputy), principal.public_id).acting_for == principal.public_id
    clock.shift_by(86400)
    with pytest.raises(NoProxy):
        acting_on(factories.acting(deputy), principal.public_id)


def test_a_proxys_proxy_is_no_proxy():
    first, second, third = (factories.person() for _ in range(3))
    grant_proxy(SETUP, principal=first, deputy=second, first=START, reason="試験")
    grant_proxy(SETUP, principal=second, deputy=third, first=START, reason="試験")
    with pytest.raises(NoProxy):
        acting_on(factories.acting(third), first.public_id)


def test_nobody_acts_for_a_stranger_but_the_desk_does_for_everybody():
    traveller = factories.person()
    for role in (Role.EMPLOYEE, Role.APPROVER, Role.ADMIN, Role.AUDITOR):
        with pytest.raises(NoProxy):
            acting_on(factories.acting(factories.person(role)), traveller.public_id)
    assert acting_on(factories.acting(factories.person(Role.OPERATOR)), traveller.public_id).acting_for
    assert acting_on(factories.acting(traveller), traveller.public_id).acting_for is None


def test_every_grant_is_an_event_without_a_name_in_its_bytes():
    person = issue("aoki")
    grant_role(SETUP, person, role=Role.EMPLOYEE, first=START, reason="新任")
    events = Event.objects.filter(about__object_id=person.public_id).order_by("seq")
    assert [event.code for event in events] == ["accounts.user.issued", "accounts.role.granted"]
    assert all("青木" not in bytes(event.canonical).decode() for event in events)
    assert events[0].personal.values == {"name": "青木 千尋"}


def test_the_seed_of_an_authenticator_and_member_numbers_are_sealed_in_the_database():
    from accounts.services import enrol_totp, set_member_number

    person = factories.person()
    enrol_totp(SETUP, person, key=b"12345678901234567890", name="試験")
    set_member_number(SETUP, person, supplier="ex", number="7000123456", first=START)
    with connection.cursor() as cursor:
        cursor.execute("SELECT seed FROM accounts_totpdevice UNION ALL SELECT sealed FROM accounts_membernumber")
        stored = [row[0] for row in cursor.fetchall()]
    assert len(stored) == 2
    assert not any("7000123456" in value or b"12345678901234567890".hex() in value for value in stored)


def test_moves_may_be_keyed_in_late_and_in_any_order():
    old, new, third = factories.department(), factories.department(), factories.department()
    person = factories.person(of=old)
    set_membership(factories.SETUP, person, department=third, first=dt.date(2026, 11, 1), source="異動")
    set_membership(factories.SETUP, person, department=old, first=dt.date(2026, 10, 1), source="異動")
    set_membership(factories.SETUP, person, department=new, first=dt.date(2026, 10, 1), source="異動の訂正")

    rows = Membership.objects.filter(user=person).order_by("valid")
    assert [(row.department, row.first_day, row.last_day) for row in rows] == [
        (old, START, dt.date(2026, 9, 30)),
        (new, dt.date(2026, 10, 1), dt.date(2026, 10, 31)),
        (third, dt.date(2026, 11, 1), None),
    ]
