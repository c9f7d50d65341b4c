"""Work of the log: mails and their sweeper."""

from celery import shared_task

from audit.models import OutgoingMail
from audit.services import send_mail as deliver
from lib import durable
from lib.actor import Actor, ActorKind, Channel

POSTMAN = Actor(ActorKind.SERVICE, service="postman", channel=Channel.TASK)


@shared_task
def send_mail(pk: int) -> None:
    deliver(POSTMAN, pk)


@shared_task
def sweep_mail() -> None:
    for pk in durable.overdue(OutgoingMail.objects.filter(state="queued")):
        deliver(POSTMAN, pk)
