"""Whether a connection may be used now, as the door sees it; who keeps count of failures stands in services."""

import datetime as dt
from typing import Protocol


class Line(Protocol):
    """One connection during one piece of work. `key` names it: calls in flight are counted by it."""

    key: str

    def check(self) -> None:
        """Before a piece of work. Raises Resting and Misconfigured as `enter` does, and takes nothing."""
        ...

    def enter(self) -> None:
        """Before each request. Raises Resting while the connection rests, Misconfigured while it is stopped."""
        ...

    def answered(self) -> None:
        """The supplier answered, whatever it said."""
        ...

    def failed(self, why: str, *, away: bool, until: dt.datetime | None = None) -> dt.datetime | None:
        """It did not, or turned us away: `away` counts as a failure, `until` is when it wants to be asked again.

        Returns when the connection may be used again (wall time), if it rests now.
        """
        ...


class FreeLine:
    """A connection that nobody watches: always open."""

    def __init__(self, key: str = "") -> None:
        self.key = key

    def check(self) -> None:
        return

    def enter(self) -> None:
        return

    def answered(self) -> None:
        return

    def failed(self, why: str, *, away: bool, until: dt.datetime | None = None) -> dt.datetime | None:  # noqa: ARG002
        return until
