"""Nouns for the auditor's pages."""

from audit.queries.events import (
    EventLine,
    event_lines,
    event_page,
    events,
    history_of,
    kinds,
    object_name,
    person_name,
)
from audit.queries.mail import mail_page, mails

__all__ = [
    "EventLine",
    "event_lines",
    "event_page",
    "events",
    "history_of",
    "kinds",
    "mail_page",
    "mails",
    "object_name",
    "person_name",
]
