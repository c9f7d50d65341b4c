"""Free ports, and the lock that keeps a checkout to one running portal."""

from __future__ import annotations

import contextlib
import fcntl
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher.places import STATE, VAR, Failure, say, write_mark

NEIGHBOURS = 50


def is_free(port: int) -> bool:
    """Whether nobody listens on the port, on 127.0.0.1 nor on ::1 (`localhost` may mean either)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    with contextlib.suppress(OSError), socket.create_connection(("::1", port), timeout=0.2):
        return False
    return True


def choose_port(preferred: int, taken: set[int] | None = None) -> int:
    """Return the preferred port, or the next free one above it; 0 means any. `taken` are promised to others."""
    if preferred:
        for port in range(preferred, min(preferred + NEIGHBOURS, 65536)):
            if port not in (taken or set()) and is_free(port):
                return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def choose_ports(preferred: dict[str, int]) -> dict[str, int]:
    """Choose a port for each name: that of the last start where it is free, else the preferred one or a neighbour."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        known = json.loads((STATE / "ports.json").read_text(encoding="utf-8"))
        preferred = {name: port if name == "web" else known.get(name, port) for name, port in preferred.items()}
    ports: dict[str, int] = {}
    for name, port in preferred.items():
        ports[name] = choose_port(port, set(ports.values()))
    write_mark("ports.json", json.dumps(ports))
    return ports


@contextmanager
def only_one(name: str, *, busy: str, wait: bool = False) -> Iterator[Path]:
    """Hold the lock file `var/<name>.lock`; the kernel gives it back whatever happens to us.

    When another holds it: waits with `wait`, else raises Failure with `busy`.
    """
    VAR.mkdir(exist_ok=True)
    path = VAR / f"{name}.lock"
    with path.open("a", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise Failure(busy) from None
            say(busy)
            fcntl.flock(held, fcntl.LOCK_EX)
        yield path
