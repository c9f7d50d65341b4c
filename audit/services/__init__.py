"""Verbs of the log."""

from audit.services.mail import queue_mail, send_mail
from audit.services.recording import record, record_command, record_page_refusal, record_reading, record_refusal

__all__ = [
    "queue_mail",
    "record",
    "record_command",
    "record_page_refusal",
    "record_reading",
    "record_refusal",
    "send_mail",
]
