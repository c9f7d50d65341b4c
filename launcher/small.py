"""The small commands: format, bench, faults, manage (and shell), clean."""

from __future__ import annotations

import json
import os
import shutil

from launcher.places import PYTHON, ROOT, STATE, VAR, VENV, Failure, say
from launcher.ports import is_free, only_one
from launcher.processes import Processes
from launcher.run import BUSY, Target, given, manage
from launcher.servers import postgres_home, server_account, staging
from launcher.setup import PANGO, prepare
from launcher.testing import run_tests

CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache", "staticfiles")


def format_code(processes: Processes) -> int:
    """Lay the Python code out and mend what ruff can mend by itself."""
    prepare(processes)
    ruff = VENV / "bin" / "ruff"
    fixed = processes.foreground([ruff, "check", "--fix", "."], env={})
    return processes.foreground([ruff, "format", "."], env={}) or fixed


def bench(processes: Processes, arguments: list[str]) -> int:
    """Run the measurements of tests/bench, with their figures on the terminal."""
    return run_tests(processes, ["tests/bench", "-s", "-o", "python_files=bench_*.py", *arguments])


def faults(processes: Processes, arguments: list[str]) -> int:
    """Run a campaign, on servers of its own; its plan, facts and what the processes printed are kept in var/faults."""
    prepare(processes, PANGO)
    env = {**os.environ, "PATH": f"{VENV / 'bin'}:{os.environ.get('PATH', os.defpath)}"}
    keep = ["--keep", str(VAR / "faults")]
    return processes.foreground([PYTHON, "-m", "tests.campaign", *keep, *arguments], env=env)


def manage_running(processes: Processes, arguments: list[str]) -> int:
    """Run a management command on the running portal's database. Raises Failure when the portal does not run."""
    ports: dict[str, int] = {}
    if (STATE / "ports.json").exists():
        ports = json.loads((STATE / "ports.json").read_text(encoding="utf-8"))
    external = given("DATABASE_URL")
    if not ports or (not external and is_free(ports["postgres"])):
        raise Failure("the portal does not run", "make run in another terminal first")
    home = None if external else postgres_home(VAR, server_account())
    target = Target(home, not given("REDIS_URL"), ports)
    return processes.foreground(manage(*arguments), env=target.environment())


def clean() -> int:
    """Remove the virtual environment, var/ and all caches; the next command begins from nothing."""
    with only_one("run", busy=BUSY):
        for name in (VENV.name, VAR.name, *CACHES):
            shutil.rmtree(ROOT / name, ignore_errors=True)
        shutil.rmtree(staging(), ignore_errors=True)
    say("clean")
    return 0
