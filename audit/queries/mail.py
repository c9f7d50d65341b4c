"""Outgoing mails for the mail log."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from audit.models import OutgoingMail
from lib.actor import Actor

PAGE = 50


def mails(actor: Actor, *, state: str = "") -> QuerySet[OutgoingMail]:
    """Mails that the actor may read, newest first, all or those in one state."""
    found = OutgoingMail.objects.visible_to(actor)
    return found.filter(state=state) if state else found


def mail_page(found: QuerySet[OutgoingMail], *, before: UUID | None) -> tuple[Sequence[OutgoingMail], UUID | None]:
    """The 50 newest of the mails, or the 50 that precede the mail `before`; and where the next page begins."""
    if before:
        found = found.filter(pk__lt=OutgoingMail.objects.filter(public_id=before).values("pk"))
    rows = list(found[: PAGE + 1])
    return rows[:PAGE], rows[PAGE - 1].public_id if len(rows) > PAGE else None
