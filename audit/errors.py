"""What can go wrong when something is recorded."""


class UnknownEvent(LookupError):
    """No room declares this event code, or its data has keys that the kind does not name: a programming error."""
