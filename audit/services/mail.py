"""The outbox: mails are rows, sent by a worker, tried again with growing pauses."""

import datetime as dt
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.validators import validate_email

from audit.models import MailState, OutgoingMail
from audit.services.recording import HasPublicId, record
from lib import clock, durable, jobs
from lib.actor import Actor
from lib.verbs import driver, inside, verb

PAUSES = [dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240)]


@inside
def queue_mail(
    actor: Actor, *, kind: str, to_person: UUID | None, to_address: str, subject: str, body: str, about: HasPublicId
) -> OutgoingMail:
    """Put a mail into the outbox, in the transaction of what it tells of.

    Raises ValidationError for an address that cannot be, and ValueError for a subject of more than one line.
    """
    validate_email(to_address)
    if "\n" in subject or "\r" in subject:
        raise ValueError("a subject is one line")
    mail = OutgoingMail.objects.create(
        kind=kind,
        to_person=to_person,
        to_address=to_address,
        subject=subject,
        body=body,
        about_type=about._meta.label_lower,  # type: ignore[attr-defined]  # noqa: SLF001
        about_id=about.public_id,
        created_at=clock.now(),
        next_try_at=clock.wall(),
    )
    record(actor, "audit.mail.queued", objects=[mail, about], data={"kind": kind})
    jobs.enqueue("audit.tasks.send_mail", mail.pk)
    return mail


@driver
def send_mail(actor: Actor, mail_pk: int) -> None:
    """Send one mail of the outbox, if it is due and nobody else holds it."""
    rows = OutgoingMail.objects.filter(state=MailState.QUEUED)
    token = durable.claim(rows, mail_pk)
    if token is None:
        return
    mail = OutgoingMail.objects.get(pk=mail_pk)
    message = EmailMessage(
        subject=mail.subject,
        body=mail.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.to_address],
        headers={"Message-ID": f"<{mail.public_id}@portal>", "Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except Exception as error:  # noqa: BLE001  whatever the mail server did, the mail is tried again
        record_mail_failure(actor, mail, token=token, error=str(error))
    else:
        record_mail_sent(actor, mail, token=token)


@verb
def record_mail_sent(actor: Actor, mail: OutgoingMail, *, token: UUID) -> None:
    """The mail server took it."""
    sent = durable.release(
        OutgoingMail.objects.all(),
        mail.pk,
        token,
        next_try_at=None,
        state=MailState.SENT,
        sent_at=clock.now(),
        message_id=f"<{mail.public_id}@portal>",
        error="",
    )
    if sent:
        record(actor, "audit.mail.sent", objects=[mail], data={"kind": mail.kind})


@verb
def record_mail_failure(actor: Actor, mail: OutgoingMail, *, token: UUID, error: str) -> None:
    """The mail server refused or did not answer: try again later, and give up after the last pause."""
    last = mail.attempts > len(PAUSES)
    pause = None if last else clock.wall() + PAUSES[mail.attempts - 1]
    state = MailState.FAILED if last else MailState.QUEUED
    released = durable.release(
        OutgoingMail.objects.all(), mail.pk, token, next_try_at=pause, state=state, error=error[:500]
    )
    if released:
        record(actor, "audit.mail.failed", objects=[mail], data={"kind": mail.kind})
