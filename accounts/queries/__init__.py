"""Nouns for the pages of people, and facts about people that other rooms ask for."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, Q
from django.urls import reverse

from accounts.models import (
    ApproverAssignment,
    Confirmation,
    ConfirmationState,
    Contract,
    ContractTerms,
    Department,
    Issuer,
    MemberNumber,
    Membership,
    Office,
    OfficeDetails,
    Proxy,
    PublicText,
    RecoveryCode,
    Role,
    RoleGrant,
    User,
    UserState,
)
from accounts.models.confirmations import ConfirmationQuerySet
from accounts.models.members import SUPPLIER_NAMES
from accounts.models.people import UserQuerySet
from lib import clock
from lib.actor import Actor, Scope
from lib.registry import WorkItem


def _office_details() -> "Prefetch[str]":
    """Today's names of the offices behind memberships (`Office.name` reads them)."""
    return Prefetch("department__office__details", OfficeDetails.objects.on(clock.today()), to_attr="detail")


def people(actor: Actor, text: str = "") -> UserQuerySet:
    """People that the actor may look up, found by name, kana, login ID or department; with today's rows prefetched."""
    today = clock.today()
    memberships = Membership.objects.on(today).select_related("department__office").prefetch_related(_office_details())
    found = User.objects.visible_to(actor).prefetch_related(
        Prefetch("memberships", memberships, to_attr="present_memberships"),
        Prefetch("role_grants", RoleGrant.objects.on(today), to_attr="present_roles"),
    )
    for word in text.split():
        in_department = Membership.objects.on(today).filter(department__name__icontains=word)
        found = found.filter(
            Q(name__icontains=word)
            | Q(kana__icontains=word)
            | Q(login_id__icontains=word)
            | Q(pk__in=in_department.values("user"))
        )
    return found


def search_person(text: str) -> Sequence[tuple[UUID, str]]:
    """People found by words of name, kana or login ID, with what tells them apart; 20 at most (the log's filter)."""
    found = User.objects.get_queryset()
    for word in text.split():
        found = found.filter(Q(name__icontains=word) | Q(kana__icontains=word) | Q(login_id__icontains=word))
    rows = {person.pk: person for person in found[:20]}
    present = Membership.objects.on(clock.today()).filter(user__in=rows)
    departments = dict(present.values_list("user", "department__name"))
    return [(row.public_id, " ".join([row.name, departments.get(pk, ""), row.login_id])) for pk, row in rows.items()]


@dataclass(frozen=True, slots=True)
class Profile:
    """A person with their dated rows."""

    person: User
    memberships: Sequence[Membership]
    approvers: Sequence[ApproverAssignment]
    roles: Sequence[RoleGrant]
    deputies: Sequence[Proxy]
    principals: Sequence[Proxy]
    member_numbers: Sequence[tuple[str, MemberNumber]]
    shows_numbers: bool


def profile(actor: Actor, person: User) -> Profile:
    """Everything that stands about a person, with days; member numbers only for those who may read them."""
    numbers = actor.scope("accounts.member_number.read")
    shows = numbers is Scope.ALL or (numbers is Scope.OWN and actor.id == person.public_id)
    numbered = MemberNumber.objects.on(clock.today()).filter(user=person).order_by("supplier") if shows else []
    return Profile(
        person=person,
        memberships=list(
            person.memberships.select_related("department__office")
            .prefetch_related(_office_details())
            .order_by("-valid")
        ),
        approvers=list(person.approver_assignments.select_related("approver").order_by("-valid")),
        roles=list(person.role_grants.order_by("role", "-valid")),
        deputies=list(person.deputies.select_related("deputy").order_by("-valid")),
        principals=list(person.principals.select_related("principal").order_by("-valid")),
        member_numbers=[(SUPPLIER_NAMES.get(row.supplier, row.supplier), row) for row in numbered],
        shows_numbers=shows,
    )


def recovery_codes_left(actor: Actor) -> int:
    """How many recovery codes the actor still has."""
    return RecoveryCode.objects.filter(user__public_id=actor.subject, used_at=None).count()


def person_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Names of people by public id."""
    return dict(User.objects.filter(public_id__in=list(ids)).values_list("public_id", "name"))


def office_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Today's names of offices by public id."""
    found = OfficeDetails.objects.on(clock.today()).filter(office__public_id__in=list(ids))
    return dict(found.values_list("office__public_id", "name"))


def department_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Names of departments by public id."""
    return dict(Department.objects.filter(public_id__in=list(ids)).values_list("public_id", "name"))


def offices() -> Sequence[Office]:
    """The seven offices in their order, with today's details."""
    return list(Office.objects.with_details(clock.today()))


def membership_on(person: User, day: dt.date) -> Membership | None:
    """The person's department of the day, with its office."""
    row: Membership | None = Membership.objects.on(day).filter(user=person).select_related("department__office").first()
    return row


def billing_contacts(office: Office) -> Sequence[User]:
    """The office's 請求担当者 of today: active people with the role who belong to one of its departments (one query)."""
    today = clock.today()
    charged = RoleGrant.objects.on(today).filter(role=Role.BILLING).values("user")
    members = Membership.objects.on(today).filter(department__office=office).values("user")
    people = User.objects.get_queryset().filter(state=UserState.ACTIVE, pk__in=charged)
    return list(people.filter(pk__in=members).order_by("kana", "pk"))


def member_number_on(person: User, supplier: str, day: dt.date) -> str:
    """The person's member number at the supplier on the day; empty when there is none."""
    row = MemberNumber.objects.on(day).filter(user=person, supplier=supplier).first()
    return row.number if row else ""


def person_of_member_number(index: str, supplier: str, day: dt.date) -> User | None:
    """Whose member number this is on the day, by blind index (`accounts.models.members.member_index`)."""
    row = MemberNumber.objects.on(day).filter(index=index, supplier=supplier).select_related("user").first()
    return row.user if row else None


def travellers_for(actor: Actor) -> Sequence[User]:
    """Whom the actor may book for today: themselves first, then those whose proxy they are; empty for the desk."""
    principals = Proxy.objects.on(clock.today()).filter(deputy__public_id=actor.id).values("principal")
    found = User.objects.get_queryset().filter(Q(public_id=actor.id) | Q(pk__in=principals))
    return sorted(found, key=lambda person: (person.public_id != actor.id, person.kana))


def people_tied_to(person: UUID) -> set[int]:
    """Primary keys of those whose proxy the person is today, and of those who are theirs."""
    pairs = Proxy.objects.on(clock.today()).filter(Q(deputy__public_id=person) | Q(principal__public_id=person))
    return {pk for pair in pairs.values_list("deputy", "principal") for pk in pair}


def confirmation_names(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """What was asked for, by public id."""
    return dict(Confirmation.objects.filter(public_id__in=list(ids)).values_list("public_id", "title"))


def open_confirmation(kind: str, subject: UUID) -> Confirmation | None:
    """The request of this kind about the object (public id) that waits for a second person; there is at most one."""
    asked = Confirmation.objects.filter(kind=kind, subject=subject, state=ConfirmationState.ASKED)
    return asked.select_related("asked_by").first()


def open_confirmations(kind: str, subjects: Iterable[UUID]) -> Mapping[UUID, Confirmation]:
    """Those of several objects, by public id of the object (one query)."""
    asked = Confirmation.objects.filter(kind=kind, subject__in=list(subjects), state=ConfirmationState.ASKED)
    return {row.subject: row for row in asked.select_related("asked_by")}


def confirmations(actor: Actor) -> ConfirmationQuerySet:
    """All requests that the actor may see, with their people."""
    return Confirmation.objects.visible_to(actor).select_related("asked_by", "decided_by")


def confirmation_lists(actor: Actor, *, ended: int) -> tuple[Sequence[Confirmation], Sequence[Confirmation]]:
    """Requests that wait, the oldest first, and the last `ended` that do not any more, the latest first (two queries)."""
    rows = confirmations(actor)
    over = rows.exclude(state=ConfirmationState.ASKED).order_by("-decided_at", "-pk")
    return list(rows.filter(state=ConfirmationState.ASKED)), list(over[:ended])


def may_decide(actor: Actor, confirmation: Confirmation) -> bool:
    """Whether the actor is the second person that the request waits for (one query)."""
    return confirmation in _decidable(actor, [confirmation])


def waiting_confirmations(actor: Actor) -> Sequence[Confirmation]:
    """Requests that the actor may decide on as the second person, the oldest first (two queries)."""
    return _decidable(actor, confirmations(actor).filter(state=ConfirmationState.ASKED))


def _decidable(actor: Actor, rows: Iterable[Confirmation]) -> Sequence[Confirmation]:
    asked = [row for row in rows if row.state == ConfirmationState.ASKED and row.asked_by.public_id != actor.id]
    tied = people_tied_to(actor.subject) if asked else set()
    return [row for row in asked if row.asked_by_id not in tied]


def work_items(actor: Actor) -> Sequence[WorkItem]:
    """What waits for the actor as the second person, and what they wait for themselves (two queries)."""
    rows = list(confirmations(actor).filter(state=ConfirmationState.ASKED))
    theirs = [
        WorkItem(
            kind="confirmation",
            title=row.title,
            detail=f"{row.asked_by.name}さんからの依頼",
            url=row.url,
            since=row.asked_at,
            verb="確かめる",
        )
        for row in _decidable(actor, rows)
    ]
    own = [
        WorkItem(
            kind="confirmation_own",
            title=row.title,
            detail="他の担当者の確認待ち",
            url=reverse("accounts:confirmation", args=[row.public_id]),
            since=row.asked_at,
            verb="見る",
        )
        for row in rows
        if row.asked_by.public_id == actor.id
    ]
    return [*theirs, *own]


def contract() -> Contract:
    """The contract. Raises Contract.DoesNotExist before it is entered."""
    return Contract.objects.get()


def contract_terms_on(day: dt.date) -> ContractTerms:
    """Settings of the contract on the day; before its start those of its first day, the usual ones without a contract."""
    row: ContractTerms | None = ContractTerms.objects.on(day).first() or ContractTerms.objects.order_by("valid").first()
    return row or ContractTerms()


def issuer_on(day: dt.date) -> Issuer | None:
    """The agency as issuer on the day; the latest one known when none is valid."""
    row: Issuer | None = Issuer.objects.on(day).first() or Issuer.objects.order_by("-valid").first()
    return row


def public_texts() -> Sequence[PublicText]:
    """Today's public pages in their order."""
    return list(PublicText.objects.on(clock.today()).order_by("position"))
