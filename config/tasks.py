"""The sign of life."""

from celery import shared_task

from config.models import Tick
from lib import clock


@shared_task
def tick() -> None:
    Tick.objects.update_or_create(name="beat", defaults={"at": clock.wall()})
