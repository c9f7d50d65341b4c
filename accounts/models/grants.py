"""What people may do and where they belong: dated rows."""

from django.db import models
from django.db.models import F, Q

from accounts.models.offices import Department
from accounts.models.people import User
from accounts.permissions import Role
from lib import clock
from lib.dated import DatedRow, no_overlap
from lib.ids import uuid7


class RoleGrant(DatedRow):
    """A role of a person. Where it reaches by office, the offices are those of the person's membership of the day."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_grants")
    role = models.CharField("権限", max_length=10, choices=Role)
    reason = models.CharField("理由", max_length=200)

    class Meta:
        verbose_name = "権限"
        constraints = [
            no_overlap("user", "role", name="role_grant_no_overlap"),
            models.CheckConstraint(name="role_known", condition=Q(role__in=Role.values)),
        ]


class Membership(DatedRow):
    """A person's department; the department leads to the office that is billed.

    `recorded_at` (business time) says whether a move was known when a month was closed.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="memberships")
    recorded_at = models.DateTimeField("登録日時", default=clock.now)

    class Meta:
        verbose_name = "所属"
        constraints = [no_overlap("user", name="membership_no_overlap")]


class ApproverAssignment(DatedRow):
    """Who decides on a person's trips, where their office has approvals on."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="approver_assignments")
    approver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="approves_for")

    class Meta:
        verbose_name = "承認者"
        constraints = [
            no_overlap("user", name="approver_no_overlap"),
            models.CheckConstraint(
                name="nobody_approves_themselves",
                condition=~Q(user=F("approver")),
                violation_error_message="本人を承認者にはできません。",
            ),
        ]


class Proxy(DatedRow):
    """`deputy` may book trips for `principal` (代理)."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    principal = models.ForeignKey(User, on_delete=models.PROTECT, related_name="deputies")
    deputy = models.ForeignKey(User, on_delete=models.PROTECT, related_name="principals")
    reason = models.CharField("理由", max_length=200)

    class Meta:
        verbose_name = "代理"
        constraints = [
            no_overlap("principal", "deputy", name="proxy_no_overlap"),
            models.CheckConstraint(
                name="nobody_is_their_own_proxy",
                condition=~Q(principal=F("deputy")),
                violation_error_message="本人を代理にはできません。",
            ),
        ]
