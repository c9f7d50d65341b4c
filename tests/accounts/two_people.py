"""A kind of act that takes two people, as a room would offer it."""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Confirmation, User
from accounts.services import ask_confirmation
from lib.registry import ConfirmationKind
from tests.factories import acting

ACTION = "billing.period.close"


def _page(subject: UUID, confirmation: UUID) -> str:
    return f"/trial/{subject}/?confirmation={confirmation}"


TRIAL = ConfirmationKind("trial.act", "試しの操作", ACTION, _page, "running.md")


def ask(asker: User, subject: Any, **more: Any) -> Confirmation:
    """The person asks for a second one."""
    facts = {
        "title": "九州支社 11月の締め",
        "facts": [("拠点", "九州支社"), ("請求金額", "40,160円")],
        "payload": {"total": 40160},
        "digest": "f00d",
        "reason": "月末のため",
    }
    with transaction.atomic():
        return ask_confirmation(acting(asker), kind=TRIAL.code, subject=subject, **{**facts, **more})
