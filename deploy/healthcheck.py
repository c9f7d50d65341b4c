"""Health of a container, without a shell: `healthcheck.py web PORT` or `healthcheck.py connected PORT` (code 0 or 1).

`web` asks /healthz under the portal's public name. `connected` sees whether a TCP connection to that port stands: a
worker without one hears nothing. Whether work gets done is told by /readyz, through beat's tick and the backlog.
"""

from __future__ import annotations

import http.client
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

ESTABLISHED = "01"


def web_answers(port: int) -> bool:
    """Whether the web server answers 200 on /healthz."""
    host = urlsplit(os.environ.get("PORTAL_ORIGIN", "")).netloc or "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", "/healthz", headers={"Host": host, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def is_connected(port: int) -> bool:
    """Whether this network namespace holds an established connection to the remote port."""
    remote = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not Path(table).exists():
            continue
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[2].endswith(remote) and fields[3] == ESTABLISHED:
                return True
    return False


if __name__ == "__main__":
    kind, number = sys.argv[1], int(sys.argv[2])
    sys.exit(0 if (web_answers(number) if kind == "web" else is_connected(number)) else 1)
