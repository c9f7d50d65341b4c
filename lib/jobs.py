"""Hints to the workers.

A message is a hint, never the only place where a wish is written: what must happen stands in a committed row, and a
sweeper finds rows whose hint was lost. So a hint is sent after commit, carries ids only, and its failure harms nobody.
"""

import logging
from uuid import UUID

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)
SOON_SECONDS = 3.0


def enqueue(task: str, *ids: int | str | UUID, after: float = 0) -> None:
    """Ask a worker, after commit, to run `task` (a dotted path such as `booking.tasks.carry_out`) with these ids.

    `after`: not before so many seconds have passed, at most SOON_SECONDS; what is farther off is the sweepers' business.
    """
    arguments = [identifier if isinstance(identifier, int) else str(identifier) for identifier in ids]
    transaction.on_commit(lambda: _send(task, arguments, after), robust=True)


def _send(task: str, arguments: list[int | str], after: float) -> None:
    try:
        current_app.send_task(task, args=arguments, countdown=after or None, ignore_result=True, retry=False)
    except Exception:  # noqa: BLE001  any failure of the broker leaves the work to the sweeper
        logger.warning("hint lost, the sweeper will find the work", extra={"task": task, "arguments": arguments})
