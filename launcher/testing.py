"""`make test` and `make test-servers`: throw-away servers in memory, and pytest on them."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher.places import PYTHON, VAR, VENV, Failure, Stopped, say
from launcher.ports import choose_port
from launcher.processes import Processes, end_leftovers, is_alive
from launcher.servers import can_reach, server_account, start_postgres, start_valkey
from launcher.setup import CHROMIUM, NGINX, PANGO, find_chromium, in_ci, prepare

PREFIX = "portal-test-"
# Without arguments all tests run, on two cores: what starts processes of its own beside all the others.
ALL = ["-p", "tests.apart", "-n", "2", "--dist", "loadgroup"]


@contextmanager
def test_servers(processes: Processes) -> Iterator[dict[str, str]]:
    """Start both servers on free ports and yield the environment that a test run needs."""
    end_leftovers()
    home = make_home()
    try:
        postgres, valkey = choose_port(0), choose_port(0)
        start_postgres(processes, home, postgres, test=True)
        start_valkey(processes, home, valkey, test=True)
        yield {
            "PORTAL_ENV": "test",
            "DATABASE_URL": f"postgres://portal_app@127.0.0.1:{postgres}/portal",
            "DATABASE_OWNER_URL": f"postgres://portal_owner@127.0.0.1:{postgres}/portal",
            "REDIS_URL": f"redis://127.0.0.1:{valkey}",
        }
    finally:
        processes.stop()
        shutil.rmtree(home, ignore_errors=True)


def make_home() -> Path:
    """Make a folder for the servers' data in memory, or in var/test where /dev/shm cannot be written."""
    memory = Path("/dev/shm")
    if not (memory.is_dir() and os.access(memory, os.W_OK | os.X_OK)):
        memory = VAR / "test"
        memory.mkdir(parents=True, exist_ok=True)
    if not can_reach(memory / "postgres", server_account()):
        memory = Path("/var/tmp")
    for old in memory.glob(f"{PREFIX}*"):
        if old.stat().st_uid == os.geteuid() and not is_alive(int(old.name.removeprefix(PREFIX).partition("-")[0])):
            shutil.rmtree(old, ignore_errors=True)
    home = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=memory))
    home.chmod(0o711)
    return home


def test_environment(servers: dict[str, str]) -> dict[str, str]:
    """Return the whole environment of a test run: the servers, and why the browser tests cannot run, if so."""
    env = {**os.environ, **servers, "PATH": f"{VENV / 'bin'}:{os.environ.get('PATH', os.defpath)}"}
    env.pop("PORTAL_NO_BROWSER_REASON", None)
    if not find_chromium():
        env["PORTAL_NO_BROWSER_REASON"] = (
            "no Chromium: as root, apt-get install --no-install-recommends chromium libatomic1"
        )
    return env


def run_tests(processes: Processes, arguments: list[str]) -> int:
    """Set up, run pytest with the arguments and return its exit code."""
    prepare(processes, PANGO, CHROMIUM, NGINX)
    if in_ci() and not find_chromium():
        raise Failure("Chromium is missing and CI may leave no test out", "apt-get install chromium libatomic1")
    with test_servers(processes) as servers:
        return processes.foreground([PYTHON, "-m", "pytest", *(arguments or ALL)], env=test_environment(servers))


def keep_servers(processes: Processes) -> int:
    """Keep the test servers up until Ctrl-C, for many runs of plain pytest; print what to export."""
    prepare(processes, PANGO, CHROMIUM, NGINX)
    with test_servers(processes) as servers:
        for name, value in servers.items():
            say(f"export {name}={value}")
        say("# paste these lines into another terminal, then run .venv/bin/pytest there; Ctrl-C here stops the servers")
        try:
            while all(child.running for child in processes.children):
                time.sleep(0.3)
        except Stopped:
            return 0
        raise Failure("a test server ended by itself", "start again")
