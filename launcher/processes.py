"""Child processes: started in sessions of their own, logged, and stopped without a rest."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from launcher.places import LOGS, ROOT, Failure, Stopped

MARK = "PORTAL_LAUNCHER"
"""In every child's environment, `<pid of its launcher>:<checkout>`: by it we find what a killed launcher left."""

GRACE = 3.0
"""Seconds that processes have to end by themselves before SIGKILL."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOG_LIMIT = 10_000_000
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Account:
    """The user that a server runs as when the launcher is root."""

    uid: int
    gid: int


class Child:
    """One process, with its output pumped to a log file and, if wanted, to the terminal."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes], *, last: bool, stop_signal: signal.Signals) -> None:
        self.name = name
        self.popen = popen
        self.last = last
        self.stop_signal = stop_signal
        self.lines: deque[str] = deque(maxlen=500)
        self.pump: threading.Thread | None = None

    @property
    def tail(self) -> list[str]:
        """The last 15 lines of its output."""
        return list(self.lines)[-15:]

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def follow(self, log: Path, *, show: bool, width: int) -> None:
        """Copy the output to `log` and, with `show`, line by line behind the name to the terminal."""
        assert self.popen.stdout is not None
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        arguments = (self.popen.stdout, log, width if show else 0)
        self.pump = threading.Thread(target=self._copy, args=arguments, daemon=True)
        self.pump.start()

    def _copy(self, source: IO[bytes], log: Path, width: int) -> None:
        with log.open("ab", buffering=0) as target:
            for line in source:
                target.write(line)
                text = line.decode("utf-8", "replace").rstrip("\n")
                self.lines.append(text)
                if width:
                    with contextlib.suppress(OSError, ValueError):
                        sys.stdout.write(f"{self.name:<{width}} | {text}\n")
                        sys.stdout.flush()

    def signal(self, signum: int, *, group: bool = False) -> None:
        if not self.running:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if group:
                os.killpg(self.popen.pid, signum)
            else:
                self.popen.send_signal(signum)


class Processes:
    """All children of this launcher. As a context manager it stops every one of them on leaving, however it is left."""

    def __init__(self) -> None:
        self.children: list[Child] = []

    def __enter__(self) -> Processes:
        adopt_orphans()
        for signum in SIGNALS:
            signal.signal(signum, _raise_stopped)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        account: Account | None = None,
        cwd: Path = ROOT,
        show: bool = True,
        log: Path | None = None,
        last: bool = False,
        stop_signal: signal.Signals = signal.SIGTERM,
        stdin: str = "",
    ) -> Child:
        """Start a process in a session of its own. `last`: it is stopped after the others (databases).

        Raises Failure when the program is missing.
        """
        try:
            popen = subprocess.Popen(
                [str(part) for part in argv],
                env={**env, MARK: f"{os.getpid()}:{ROOT}"},
                cwd=cwd,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        except OSError as error:
            raise Failure(f"{name} cannot start: {error}", "make clean, then again") from error
        child = Child(name, popen, last=last, stop_signal=stop_signal)
        self.children.append(child)
        child.follow(log or LOGS / f"{name}.log", show=show, width=8)
        if stdin:
            assert popen.stdin is not None
            with contextlib.suppress(BrokenPipeError), popen.stdin as pipe:
                pipe.write(stdin.encode())
        return child

    def step(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        mend: str,
        account: Account | None = None,
        cwd: Path = ROOT,
        log: Path | None = None,
        stdin: str = "",
    ) -> str:
        """Run one step of the set-up to its end and return its last lines; raises Failure with them when it fails."""
        log = log or LOGS / "setup.log"
        child = self.start(name, argv, env=env, account=account, cwd=cwd, show=False, log=log, stdin=stdin)
        code = child.popen.wait()
        assert child.pump is not None
        child.pump.join(timeout=2)
        self.children.remove(child)
        tail = "\n".join(child.tail)
        if code:
            raise Failure(f"{name} failed with exit code {code} (whole output: {log})", mend, details=tail)
        return tail

    def foreground(self, argv: Sequence[str | Path], *, env: Mapping[str, str]) -> int:
        """Run a program on the terminal itself (tests, a shell) and return its exit code."""
        popen = subprocess.Popen([str(part) for part in argv], env={**env, MARK: f"{os.getpid()}:{ROOT}"}, cwd=ROOT)
        try:
            return popen.wait()
        except Stopped as stopped:
            # Ctrl-C reached it too; a SIGTERM did not. Its own tidying up (fixtures' servers) gets the grace.
            if stopped.signum != signal.SIGINT:
                popen.send_signal(signal.SIGINT)
            ignore_signals()
            with contextlib.suppress(subprocess.TimeoutExpired):
                popen.wait(timeout=GRACE)
            raise

    def stop(self) -> None:
        """Stop everything within 5 s: programs first, then databases, then whatever else has come from them."""
        ignore_signals()
        programs = [child for child in self.children if not child.last]
        databases = [child for child in self.children if child.last]
        end = time.monotonic() + GRACE
        _stop_all(programs, end)
        _stop_all(databases, max(end, time.monotonic() + 1))
        kill_all(descendants(os.getpid()))
        for child in self.children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.popen.wait(timeout=0.5)
            if child.pump is not None:
                child.pump.join(timeout=0.5)
        self.children.clear()


def _stop_all(children: Iterable[Child], end: float) -> None:
    waiting = [child for child in children if child.running]
    for child in waiting:
        child.signal(child.stop_signal)
    while waiting and time.monotonic() < end:
        time.sleep(0.02)
        waiting = [child for child in waiting if child.running]
    for child in waiting:
        child.signal(signal.SIGKILL, group=True)


def _raise_stopped(signum: int, _frame: FrameType | None) -> None:
    raise Stopped(signum)


def ignore_signals() -> None:
    """From here on nothing interrupts: the end is under way and bounded in time."""
    for signum in SIGNALS:
        signal.signal(signum, signal.SIG_IGN)


def adopt_orphans() -> None:
    """Let grandchildren whose parent dies become our children (Linux), so that `stop` finds them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes that come from `pid`, by /proc; empty where there is none."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if fields[0] != "Z":
                parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found: list[int] = []
    queue = [pid]
    while queue:
        below = parents.get(queue.pop(), [])
        found += below
        queue += below
    return found


def kill_all(pids: Iterable[int]) -> None:
    """SIGKILL to each, and wait shortly until they are gone."""
    left = list(pids)
    for pid in left:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 1
    while left and time.monotonic() < end:
        left = [pid for pid in left if is_alive(pid)]
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def end_leftovers() -> int:
    """Kill what a launcher of this checkout left behind when it was killed itself; returns how many there were."""
    left = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            for entry in environ.read_bytes().split(b"\0"):
                name, _, value = entry.decode("utf-8", "replace").partition("=")
                launcher, _, checkout = value.partition(":")
                if name == MARK and checkout == str(ROOT) and not is_alive(int(launcher)):
                    left.append(int(environ.parent.name))
    kill_all(left)
    return len(left)
