"""What a campaign runs on: its own PostgreSQL and Redis, the sandbox, the portal's processes; each may be killed."""

import os
import shutil
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import redis

from launcher.processes import Child, Processes
from launcher.servers import start_postgres, start_valkey
from launcher.testing import make_home
from tests.running import free_port

# Shorter than in production, in the same proportions: call < lease < quiet time, and suppliers commit before that ends.
LIMITS = {
    "SUPPLIER_READ_SECONDS": "2",
    "SUPPLIER_WRITE_SECONDS": "3",
    "LEASE_SECONDS": "6",
    "FILE_LEASE_SECONDS": "60",
}
QUIET_SECONDS = 15


class Servers:
    """PostgreSQL and Redis of one campaign, in a folder of their own."""

    def __init__(self) -> None:
        self.home = make_home()
        self.processes = Processes()
        self.database_port, self.redis_port = free_port(), free_port()
        self.postgres = start_postgres(self.processes, self.home, self.database_port, test=True)
        self.valkey = start_valkey(self.processes, self.home, self.redis_port, test=True)

    def environment(self) -> dict[str, str]:
        """What every process of the campaign needs to know, itself included."""
        at = f"127.0.0.1:{self.database_port}/portal"
        return {
            **LIMITS,
            "PORTAL_ENV": "test",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": f"postgres://portal_app@{at}",
            "DATABASE_OWNER_URL": f"postgres://portal_owner@{at}",
            "DATABASE_POOL": "24",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}",
            "CLOCK_FILE": str(self.home / "clock"),
            "VAR_DIR": str(self.home / "var"),
            "MAIL_DIR": str(self.home / "mail"),
        }

    def flush_redis(self) -> None:
        """FLUSHALL: hints, wake-ups and caches are gone."""
        with redis.Redis(port=self.redis_port) as client:
            client.flushall()

    def restart_postgres(self) -> None:
        """Ends every connection and transaction, as a restart of the server does."""
        _end(self.postgres, signal.SIGINT)
        self.postgres = start_postgres(self.processes, self.home, self.database_port, test=True)

    def stop(self) -> None:
        """End both by their own ids, and remove their data."""
        _end(self.postgres, signal.SIGINT)
        _end(self.valkey, signal.SIGTERM)
        shutil.rmtree(self.home, ignore_errors=True)


def _end(child: Child, how: signal.Signals) -> None:
    child.signal(how)
    with suppress(Exception):
        child.popen.wait(timeout=10)
    if child.running:
        child.signal(signal.SIGKILL, group=True)
        child.popen.wait(timeout=10)


class Crew:
    """The portal's processes under a watchman who starts again whatever ended."""

    def __init__(self, servers: Servers, sandbox_url: str, clock_file: Path, *, cpu: bool = True) -> None:
        # Needs the settings, which need the servers.
        from tests.running import Portal, Process

        logs = servers.home / "log"
        logs.mkdir()
        (servers.home / "var").mkdir(exist_ok=True)
        self.portal = Portal(logs, sandbox_url=sandbox_url, clock_file=clock_file)
        self.portal.environment |= {"VAR_DIR": str(servers.home / "var"), "WEB_THREADS": "16"}
        self.kills: Counter[str] = Counter()
        self.running: dict[str, Process] = {}
        self.names = ["web", "io", "cpu", "beat"] if cpu else ["web", "io", "beat"]
        # Whoever kills starts anew, and so does the watchman: not both.
        self._lock = threading.Lock()

    def start(self, name: str) -> None:
        """Start one process; nobody waits until it is ready."""
        portal = self.portal
        if name == "web":
            arguments = ["gunicorn", "tests.campaign.web", "-c", "config/gunicorn.py"]
        elif name == "beat":
            arguments = ["celery", "-A", "tests.campaign.hasty", "beat", "-l", "WARNING"]
        else:
            pool = ["threads", "24"] if name == "io" else ["prefork", "1"]
            arguments = ["celery", "-A", "tests.campaign.hasty", "worker", "-Q", name, "-P", pool[0], "-c", pool[1]]
            arguments += ["-n", f"{name}-{time.monotonic_ns()}@campaign", "--without-gossip", "--without-mingle"]
            arguments += ["-l", "WARNING"]
        # A pool does not outlive the fork of the cpu worker.
        self.running[name] = portal.start(name, *arguments, DATABASE_POOL="24" if name in {"web", "io"} else "")

    def kill(self, name: str) -> None:
        """SIGKILL, and a new one at once, as whoever watches over processes does."""
        with self._lock:
            self.running[name].kill()
            self.kills[name] += 1
            self.start(name)

    def mind(self) -> list[str]:
        """Start again what ended by itself; its last words."""
        said = []
        with self._lock:
            for name, process in list(self.running.items()):
                if not process.is_running():
                    said.append(f"{name} ended by itself: {process.tail()[-1500:]}")
                    self.start(name)
        return said

    def stop(self) -> None:
        """End all of them."""
        self.portal.stop()

    def tails(self) -> str:
        """The end of what each printed."""
        return "\n".join(f"--- {name}\n{process.tail()}" for name, process in self.running.items())


def take_environment(values: dict[str, str]) -> None:
    """This process sees the campaign's servers and clock, too."""
    os.environ.update(values)
