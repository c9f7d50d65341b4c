"""Things that happen at the same moment, in threads that start together."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection


def at_once(*jobs: Callable[[], Any]) -> Sequence[Any]:
    """Run the jobs in threads of their own; what each returned or raised, in their order."""
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        try:
            barrier.wait(timeout=30)
            return job()
        except Exception as error:  # noqa: BLE001  handed to the test
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))
