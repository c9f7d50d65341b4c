"""A worker that closes a period and dies (SIGKILL) at a given place: `python -m tests.money.dying_closer PLACE PERIOD`.

Only this script knows how to die; the product has no such switch.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

PLACES = {
    "after the lock": ("billing.services.closing", "_lock"),
    "after the lines": ("billing.services.closing", "write_lines"),
    "after the number": ("billing.services.invoicing", "_next_number"),
    "before the commit": ("billing.services.closing", "advance"),
    "before the PDF is kept": ("billing.services.documents", "invoice_pdf"),
}


def dying(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, and then the end."""

    def last(*args: Any, **facts: Any) -> Any:
        function(*args, **facts)
        os.kill(os.getpid(), signal.SIGKILL)

    return last


def main(place: str, period: int) -> None:
    module, name = PLACES[place]
    __import__(module)
    setattr(sys.modules[module], name, dying(getattr(sys.modules[module], name)))
    from billing.tasks import close, sweep_documents

    close(period)
    sweep_documents()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    main(sys.argv[1], int(sys.argv[2]))
