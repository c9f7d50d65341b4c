"""What a supplier call may raise, named by what to do next."""

import datetime as dt


class SupplierError(Exception):
    """Base. `message` is Japanese and may be shown; `detail` is for the call row, redacted."""

    def __init__(self, message: str = "", *, detail: str = "") -> None:
        self.message = message
        self.detail = detail
        super().__init__(message or detail)


class Refused(SupplierError):
    """The supplier said no; nothing was done there. `code` is the supplier's word for it."""

    def __init__(self, message: str, *, code: str = "", detail: str = "") -> None:
        self.code = code
        super().__init__(message, detail=detail)


class NotSent(SupplierError):
    """Provably nothing was accepted: no connection, or turned away before processing. Safe to repeat.

    `again_at` (wall time): not before, because the supplier said so or its connection rests until then.
    """

    def __init__(self, message: str = "", *, detail: str = "", again_at: dt.datetime | None = None) -> None:
        self.again_at = again_at
        super().__init__(message, detail=detail)


class Resting(NotSent):
    """The portal itself sent nothing: the connection rests. `message` says so, and since when."""


class Closed(NotSent):
    """Turned away because the supplier is closed or under maintenance: it makes sense to come again when it is open."""


class OutcomeUnknown(SupplierError):
    """Sent, and the answer was lost or unreadable: ask before anything else, never resend blindly."""


class Misconfigured(SupplierError):
    """Credentials or contract are wrong: stop the connection, call a person."""
