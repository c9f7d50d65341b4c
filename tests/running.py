"""The portal's own processes on the test database: web server, both workers; each listens on this machine only."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connections

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """One process of the portal; its output goes to a file, which `tail` shows when something fails."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], logs: Path) -> None:
        self.name = name
        self.log = logs / f"{name}-{time.monotonic_ns()}.log"
        with self.log.open("wb") as output:
            self.popen = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    def tail(self) -> str:
        """The end of what it printed."""
        return self.log.read_text(errors="replace")[-4000:]

    def kill(self) -> None:
        """SIGKILL to it and its children."""
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(timeout=10)

    def is_running(self) -> bool:
        return self.popen.poll() is None


class Portal:
    """Starts processes of the portal that see the test's database, Redis, clock and sandbox."""

    def __init__(self, logs: Path, *, sandbox_url: str, clock_file: Path) -> None:
        now = connections["default"].settings_dict
        password = f":{now['PASSWORD']}" if now["PASSWORD"] else ""
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.logs = logs
        self.processes: list[Process] = []
        self.environment = {
            **os.environ,
            "PORTAL_ENV": "test",
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": f"postgres://{now['USER']}{password}@{now['HOST']}:{now['PORT']}/{now['NAME']}",
            "REDIS_URL": settings.REDIS_URL,
            "SANDBOX_URL": sandbox_url,
            "CLOCK_FILE": str(clock_file),
            "PORTAL_ORIGIN": self.url,
            "BIND": f"127.0.0.1:{self.port}",
            "WEB_WORKERS": "1",
            "BEAT_SCHEDULE": str(logs / "beat-schedule"),
            "VAR_DIR": str(logs),
        }

    def start(self, name: str, *command: str, **environment: str) -> Process:
        """Start `python -m command…`; stopped by `stop`."""
        process = Process(name, [sys.executable, "-m", *command], {**self.environment, **environment}, self.logs)
        self.processes.append(process)
        return process

    def start_web(self, **environment: str) -> Process:
        """The web server, answering."""
        pooled = {"DATABASE_POOL": "20", **environment}
        web = self.start("web", "gunicorn", "config.wsgi", "-c", "config/gunicorn.py", **pooled)
        self._wait_for(web, lambda: _answers(f"{self.url}/healthz"))
        return web

    def start_worker(self, queue: str, *, threads: int = 20, **environment: str) -> Process:
        """A worker of `io` or `cpu`, ready to take tasks."""
        pool = ["threads", str(threads)] if queue == "io" else ["prefork", "1"]
        worker = self.start(
            queue, "celery", "-A", "tests.campaign.plain", "worker", "-Q", queue, "-P", pool[0], "-c", pool[1], "-n",
            f"{queue}-{time.monotonic_ns()}@test", "--without-gossip", "--without-mingle", "-l", "INFO", **environment,
        )  # fmt: skip
        self._wait_for(worker, lambda: " ready." in worker.tail())
        return worker

    def start_beat(self) -> Process:
        """Beat, which wakes the sweepers."""
        return self.start("beat", "celery", "-A", "config", "beat", "-l", "INFO")

    def stop(self) -> None:
        """End everything that was started here, by the processes' own ids."""
        for process in reversed(self.processes):
            process.kill()
        self.processes.clear()

    @staticmethod
    def _wait_for(process: Process, ready: Callable[[], bool], seconds: float = 40.0) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not process.is_running():
                raise AssertionError(f"{process.name} ended: {process.tail()}")
            if ready():
                return
            time.sleep(0.1)
        raise AssertionError(f"{process.name} is not ready after {seconds} s: {process.tail()}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until(true: Callable[[], bool], *, seconds: float = 30.0, what: str = "") -> None:
    """Wait for something that other processes bring about; fails with `what` when it does not come."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return
        time.sleep(0.1)
    raise AssertionError(what or "it did not come about")
