"""Actions on the log. Both reach everything or nothing: a log that shows a part misleads."""

READ_EVENTS = "audit.event.read"
READ_MAIL = "audit.mail.read"
