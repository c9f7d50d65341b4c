"""One table: role × action × how far. The room that owns the object says which scope applies to it.

An action that stands nowhere in a role's column is closed to it. A person has the widest scope of their roles of the day.
"""

from collections.abc import Iterable, Mapping

from django.db import models

from lib.actor import Scope


class Role(models.TextChoices):
    EMPLOYEE = "employee", "利用者"
    APPROVER = "approver", "承認者"
    ADMIN = "admin", "管理者"
    BILLING = "billing", "請求担当者"
    OPERATOR = "operator", "オペレータ"
    AUDITOR = "auditor", "監査者"


OWN, OFFICE, ALL = Scope.OWN, Scope.OFFICE, Scope.ALL

TABLE: Mapping[str, Mapping[Role, Scope]] = {
    # people and the contract
    "accounts.person.read": {Role.EMPLOYEE: OWN, Role.ADMIN: OFFICE, Role.OPERATOR: ALL, Role.AUDITOR: ALL},
    "accounts.member_number.read": {Role.EMPLOYEE: OWN, Role.OPERATOR: ALL},
    "accounts.public_text.edit": {Role.OPERATOR: ALL},
    # Which of them a person sees depends on the kinds' own actions.
    "accounts.confirmation.read": {Role.OPERATOR: ALL},
    "accounts.dated.read": {Role.OPERATOR: ALL, Role.AUDITOR: ALL},
    "accounts.dated.edit": {Role.OPERATOR: ALL},
    # the log
    "audit.event.read": {Role.AUDITOR: ALL},
    "audit.mail.read": {Role.OPERATOR: ALL, Role.AUDITOR: ALL},
    # trips
    "booking.search": {Role.EMPLOYEE: OWN},
    "booking.trip.read": {Role.EMPLOYEE: OWN, Role.ADMIN: OFFICE, Role.OPERATOR: ALL, Role.AUDITOR: ALL},
    "booking.trip.arrange": {Role.EMPLOYEE: OWN, Role.OPERATOR: ALL},
    "booking.reservation.record": {Role.OPERATOR: ALL},
    "booking.refund.read": {Role.OPERATOR: ALL, Role.AUDITOR: ALL},
    "booking.disruption.handle": {Role.OPERATOR: ALL},
    "booking.feed.import": {Role.OPERATOR: ALL},
    "booking.feed.read": {Role.OPERATOR: ALL, Role.AUDITOR: ALL},
    "booking.call.read": {Role.OPERATOR: ALL, Role.AUDITOR: ALL},
    "booking.call.settle": {Role.OPERATOR: ALL},
    "booking.connection.read": {Role.OPERATOR: ALL, Role.AUDITOR: ALL},
    "booking.connection.resume": {Role.OPERATOR: ALL},
    # money
    "billing.period.read": {Role.OPERATOR: ALL, Role.AUDITOR: ALL},
    "billing.period.close": {Role.OPERATOR: ALL},
    "billing.charge.correct": {Role.OPERATOR: ALL},
    "billing.charge.read": {Role.OPERATOR: ALL, Role.AUDITOR: ALL},
    "billing.invoice.issue": {Role.OPERATOR: ALL},
    "billing.invoice.send": {Role.OPERATOR: ALL},
    "billing.invoice.read": {Role.ADMIN: OFFICE, Role.BILLING: OFFICE, Role.OPERATOR: ALL, Role.AUDITOR: ALL},
    # The ledger behind an invoice, for whoever checks it (verify_invoice.py).
    "billing.ledger.read": {Role.ADMIN: OFFICE, Role.BILLING: OFFICE, Role.OPERATOR: ALL, Role.AUDITOR: ALL},
    "billing.usage.read": {Role.ADMIN: OFFICE, Role.OPERATOR: ALL, Role.AUDITOR: ALL},
}


def scopes_of(roles: Iterable[str]) -> Mapping[str, Scope]:
    """The widest scope of each action over the roles; actions that none of them opens are left out."""
    held = list(roles)
    widest = {
        action: max((row.get(Role(role), Scope.NONE) for role in held), default=Scope.NONE)
        for action, row in TABLE.items()
    }
    return {action: scope for action, scope in widest.items() if scope is not Scope.NONE}
