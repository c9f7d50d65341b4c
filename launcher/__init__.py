"""The developers' launcher: sets the portal up, runs it, tests it and checks it (see the Makefile).

Standard library only, since it runs before the virtual environment exists.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the one module that an older Python may meet
    raise SystemExit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: make PYTHON=python3.11 run")
