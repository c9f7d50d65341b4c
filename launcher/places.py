"""Where things of development lie, and the two errors that end the launcher."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
VAR = ROOT / "var"
LOGS = VAR / "log"
STATE = VAR / "state"
"""Marks of what was done and with which input: a mark that fits lets the next start skip the step."""


class Failure(Exception):
    """What could not be done and how to mend it: becomes one line and exit code 1."""

    def __init__(self, what: str, mend: str = "", *, details: str = "") -> None:
        super().__init__(f"{what} — {mend}" if mend else what)
        self.details = details


class Stopped(BaseException):
    """SIGINT, SIGTERM or SIGHUP arrived: everything is stopped, the exit code is 128 + the signal."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


def say(line: str) -> None:
    """Print one line of the launcher's own at once."""
    print(line, flush=True)


def read_mark(name: str) -> str:
    """Return the mark of that name, empty when there is none."""
    try:
        return (STATE / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def write_mark(name: str, value: str) -> None:
    """Keep a mark; it appears whole or not at all."""
    STATE.mkdir(parents=True, exist_ok=True)
    fresh = STATE / f"{name}.new"
    fresh.write_text(value, encoding="utf-8")
    fresh.replace(STATE / name)
