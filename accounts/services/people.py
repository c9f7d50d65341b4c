"""Issuing IDs and granting what people may do. Screens for keeping them come on top; import and screen share these verbs."""

import datetime as dt

from accounts.errors import LoginIdTaken
from accounts.models import (
    ApproverAssignment,
    Department,
    MemberNumber,
    Membership,
    Proxy,
    RoleGrant,
    User,
    login_key,
)
from accounts.models.members import PLACE, member_index
from audit.services import record
from lib import clock
from lib.actor import Actor
from lib.dated import between
from lib.encrypted import seal
from lib.verbs import verb


@verb
def issue_user(actor: Actor, *, login_id: str, name: str, kana: str, email: str, password: str, post: str = "") -> User:
    """Make a person's ID. Raises LoginIdTaken, also for an ID that looks the same or was used before."""
    if User.objects.filter(login_key=login_key(login_id)).exists():
        raise LoginIdTaken(field="login_id")
    user = User(login_id=login_id, name=name, kana=kana, email=email, post=post, password_changed_at=clock.wall())
    user.set_password(password)
    user.save()
    record(actor, "accounts.user.issued", objects=[user], data={"login": login_id}, personal={"name": name})
    return user


@verb
def grant_role(
    actor: Actor, user: User, *, role: str, first: dt.date, last: dt.date | None = None, reason: str
) -> RoleGrant:
    """Give a role from `first` to `last` (inclusive; None = open)."""
    grant = RoleGrant.objects.create(user=user, role=role, valid=between(first, last), reason=reason)
    data = {"role": role, "first": first, "last": last, "reason": reason}
    record(actor, "accounts.role.granted", objects=[user], data=data)
    return grant


@verb
def set_membership(
    actor: Actor, user: User, *, department: Department, first: dt.date, last: dt.date | None = None, source: str
) -> Membership:
    """Put a person into a department from `first` on; the membership of that day ends the day before.

    One that begins on the very day is replaced, and one that begins later keeps its days: moves may be keyed in late,
    and in any order.
    """
    _end_before(Membership, first, user=user)
    later = Membership.objects.filter(user=user, valid__fully_gt=between(first, first)).order_by("valid").first()
    if later is not None and later.first_day is not None and (last is None or last >= later.first_day):
        last = later.first_day - dt.timedelta(days=1)
    facts = {"department": department, "valid": between(first, last), "source": source, "recorded_at": clock.now()}
    membership, _ = Membership.objects.update_or_create(user=user, valid__startswith=first, defaults=facts)
    record(
        actor,
        "accounts.membership.set",
        objects=[user, department],
        data={"department": department.code, "first": first},
    )
    return membership


@verb
def assign_approver(actor: Actor, user: User, *, approver: User, first: dt.date, source: str) -> ApproverAssignment:
    """Say who decides on a person's trips from `first` on."""
    _end_before(ApproverAssignment, first, user=user)
    assignment = ApproverAssignment.objects.create(user=user, approver=approver, valid=between(first), source=source)
    record(actor, "accounts.approver.set", objects=[user, approver], data={"first": first})
    return assignment


@verb
def grant_proxy(
    actor: Actor, *, principal: User, deputy: User, first: dt.date, last: dt.date | None = None, reason: str
) -> Proxy:
    """Let `deputy` book for `principal` from `first` to `last` (inclusive; None = open)."""
    proxy = Proxy.objects.create(principal=principal, deputy=deputy, valid=between(first, last), reason=reason)
    data = {"first": first, "last": last, "reason": reason}
    record(actor, "accounts.proxy.granted", objects=[principal, deputy], data=data)
    return proxy


@verb
def set_member_number(actor: Actor, user: User, *, supplier: str, number: str, first: dt.date) -> MemberNumber:
    """Keep a supplier's member number of a person, sealed."""
    _end_before(MemberNumber, first, user=user, supplier=supplier)
    row = MemberNumber(user=user, supplier=supplier, valid=between(first), index=member_index(supplier, number))
    row.sealed = seal(number, place=PLACE, row=row.public_id)
    row.save()
    record(actor, "accounts.member_number.set", objects=[user], data={"supplier": supplier, "first": first})
    return row


def _end_before(model: type, first: dt.date, **subject: object) -> None:
    for row in model.objects.on(first).filter(**subject):  # type: ignore[attr-defined]
        if row.first_day is None or row.first_day < first:
            row.valid = between(row.first_day, first - dt.timedelta(days=1))
            row.save(update_fields=["valid"])
