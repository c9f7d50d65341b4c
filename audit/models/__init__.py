"""Structure of the log."""

from audit.models.events import Event, EventObject, PersonalValues
from audit.models.mail import MailState, OutgoingMail

__all__ = ["Event", "EventObject", "MailState", "OutgoingMail", "PersonalValues"]
