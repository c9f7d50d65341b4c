"""The two workers' application: queues and schedule stand in code, reviewed, not in database rows."""

import os
import ssl

from celery import Celery
from celery.signals import beat_init, setup_logging
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.conf.update(
    # Without this kombu takes any certificate of a rediss:// broker.
    broker_use_ssl={"ssl_cert_reqs": ssl.CERT_REQUIRED} if settings.REDIS_URL.startswith("rediss://") else None,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Without `max_retries` each hint would wait 6 s for a broker that is away, and the person's request with it.
    broker_transport_options={
        "visibility_timeout": 3600,
        "socket_connect_timeout": 2,
        "socket_timeout": 20,
        "max_retries": 0,
    },
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    # A hint is acknowledged when a worker takes it: what must happen stands in the database, where the sweepers look. Late
    # acknowledgement would bring it back only after an hour, and a worker with a task in hand ends when Redis goes away.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    task_default_queue="io",
    task_routes={
        "billing.tasks.*": {"queue": "cpu"},
        "booking.tasks.import_feed": {"queue": "cpu"},
    },
    task_soft_time_limit=540,
    task_time_limit=600,
    timezone="Asia/Tokyo",
    beat_schedule_filename=os.environ.get("BEAT_SCHEDULE", str(settings.VAR_DIR / "beat-schedule")),
    beat_schedule={
        "tick": {"task": "config.tasks.tick", "schedule": 10.0},
        "sweep-calls": {"task": "booking.tasks.sweep_calls", "schedule": 15.0},
        "sweep-searches": {"task": "booking.tasks.sweep_searches", "schedule": 15.0},
        "sweep-waiting": {"task": "booking.tasks.sweep_waiting", "schedule": 15.0},
        "sweep-hold-reminders": {"task": "booking.tasks.sweep_hold_reminders", "schedule": 60.0},
        "sweep-number-reminders": {"task": "booking.tasks.sweep_number_reminders", "schedule": 300.0},
        "sweep-holds": {"task": "booking.tasks.sweep_holds", "schedule": 60.0},
        "sweep-travelled": {"task": "booking.tasks.sweep_travelled", "schedule": 60.0},
        "sweep-disruptions": {"task": "booking.tasks.sweep_disruptions", "schedule": 60.0},
        "sweep-feeds": {"task": "booking.tasks.sweep_feeds", "schedule": 15.0},
        "sweep-mail": {"task": "audit.tasks.sweep_mail", "schedule": 15.0},
        "sweep-closings": {"task": "billing.tasks.sweep_closings", "schedule": 15.0},
        "sweep-documents": {"task": "billing.tasks.sweep_documents", "schedule": 15.0},
    },
)
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """Celery leaves the root logger alone: Django's settings have set it up already."""


@beat_init.connect
def first_tick(**_: object) -> None:
    """A sign of life at once, so that a fresh start is ready without waiting for the first ten seconds."""
    app.send_task("config.tasks.tick")
