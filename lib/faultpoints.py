"""Places where a test may kill the process, to see that the next one goes on. Nothing happens outside tests.

`FAULT_POINT=name` in the environment of a worker started by a test makes it die (SIGKILL) when it reaches the place.
"""

import os
import signal


def reach(name: str) -> None:
    """Die here when a test asked for it."""
    if os.environ.get("PORTAL_ENV") == "test" and os.environ.get("FAULT_POINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
