"""A checkout of nothing but the launcher, in which it can be started as a person starts it.

The launcher ends all processes that come from it: what calls it runs in a process of its own, never in pytest's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

SLOW_UV = """#!/bin/sh
# Stands for an installer in the middle of its work, with a child and one in a session of its own.
sleep 1000 & echo $! >> "$PIDS"
setsid sleep 1000 & echo $! >> "$PIDS"
echo $$ >> "$PIDS"
while :; do sleep 1; done
"""


@dataclass
class Checkout:
    """A copy of the launcher whose installer never ends."""

    root: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def pids(self) -> list[int]:
        """What the installer and its children wrote down as their ids."""
        path = self.root / "pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def launch(self, command: str) -> subprocess.Popen[str]:
        """Start the launcher with the command."""
        env = {**os.environ, "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", "PIDS": str(self.root / "pids")}
        popen = subprocess.Popen(
            [sys.executable, "-m", "launcher", command], cwd=self.root, env=env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.started.append(popen)
        return popen

    def python(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script in which the launcher's modules can be imported."""
        return subprocess.run(
            [sys.executable, "-c", script], cwd=self.root, text=True, capture_output=True, timeout=60, check=False
        )


def eventually(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until the condition holds; fails when it does not within the seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    shutil.copytree(REPOSITORY / "launcher", tmp_path / "launcher", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(REPOSITORY / "requirements", tmp_path / "requirements")
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (venv / "lib").symlink_to(REPOSITORY / ".venv" / "lib")
    (venv / "installed.sha256").write_text("another lock")
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text(SLOW_UV)
    uv.chmod(0o755)
    checkout = Checkout(tmp_path)
    yield checkout
    for popen in checkout.started:
        if popen.poll() is None:
            popen.terminate()
        popen.communicate(timeout=10)
    # Below pytest's folder, which only its owner enters, root's PostgreSQL runs from a copy in /var/tmp.
    checkout.python("import shutil; from launcher.servers import staging; shutil.rmtree(staging())")
