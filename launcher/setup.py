"""What must be there before anything starts: the virtual environment, and libraries that only apt brings."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from launcher.places import PYTHON, ROOT, VENV, Failure, say
from launcher.ports import only_one
from launcher.processes import Processes

LOCK = ROOT / "requirements" / "dev.txt"
INSTALLED = VENV / "installed.sha256"
INSTALLING = VENV / "installing"
NETWORK = "see that the package index can be reached, then start again: it goes on where it stopped"


@dataclass(frozen=True)
class System:
    """Something that packages cannot bring: its apt packages, what goes without it, and how it is noticed."""

    packages: tuple[str, ...]
    without: str
    present: Callable[[], bool]


def find_chromium() -> str | None:
    """Return the path of Chromium, if it is there with libatomic, which Playwright's driver loads and a bare Debian lacks."""
    return shutil.which("chromium") if _loads("libatomic.so.1") else None


def find_nginx() -> str | None:
    """Return the path of nginx, also where /usr/sbin is not on a normal user's PATH."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


def _loads(*names: str) -> bool:
    try:
        for name in names:
            ctypes.CDLL(name)
    except OSError:
        return False
    return True


PANGO = System(
    ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"),
    "PDF documents cannot be made",
    lambda: _loads("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0"),
)
CHROMIUM = System(("chromium", "libatomic1"), "browser tests cannot run", lambda: find_chromium() is not None)
NGINX = System(("nginx-light",), "nginx's files cannot be tried", lambda: find_nginx() is not None)


def in_ci() -> bool:
    """Whether a continuous-integration system runs this: there nothing may be left out."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def prepare(processes: Processes, *needed: System) -> None:
    """Make the virtual environment and, as root, install what apt must bring."""
    with only_one("setup", busy="another set-up is under way in this checkout: waiting for it", wait=True):
        install_packages(processes)
        install_system(processes, needed)


def install_packages(processes: Processes) -> None:
    """Install requirements/dev.txt into .venv; nothing to do while the lock is the one installed.

    What was cut off is not mended but begun anew: half a package can look like a whole one.
    """
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    whole = PYTHON.exists() and INSTALLED.exists() and not INSTALLING.exists()
    if whole and INSTALLED.read_text(encoding="ascii") == wanted:
        return
    env = dict(os.environ)
    uv = shutil.which("uv")
    say(f"installing the Python packages of {LOCK.relative_to(ROOT)} with {'uv' if uv else 'pip'} ...")
    if not whole:
        mend = "install python3-venv (apt-get install python3-venv), then start again"
        processes.step("making .venv", [sys.executable, "-m", "venv", "--clear", VENV], env=env, mend=mend)
    INSTALLING.touch()
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--no-input", "--no-deps"]
    fast: list[str | Path] = [uv or "", "pip", "install", "--python", PYTHON, "--compile-bytecode", "--no-deps"]
    argv = fast if uv else pip
    processes.step("installing packages", [*argv, "--require-hashes", "-r", LOCK], env=env, mend=NETWORK)
    INSTALLED.write_text(wanted, encoding="ascii")
    INSTALLING.unlink()


def install_system(processes: Processes, needed: tuple[System, ...]) -> None:
    """As root, apt-get what is missing. Otherwise one line names it, and everything else goes on."""
    missing = [system for system in needed if not system.present()]
    if not missing:
        return
    packages = [package for system in missing for package in system.packages]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        try:
            apt_install(processes, packages)
        except Failure as failure:
            say(str(failure))
        missing = [system for system in missing if not system.present()]
    if missing:
        names = " ".join(package for system in missing for package in system.packages)
        effects = ", ".join(system.without for system in missing)
        say(f"missing: {effects}; everything else runs. As root: apt-get install --no-install-recommends {names}")


def apt_install(processes: Processes, packages: list[str]) -> None:
    """Install Debian packages, finishing first what an interrupted run of dpkg left half done."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-y", "-o", "DPkg::Lock::Timeout=60"]
    say(f"installing with apt: {' '.join(packages)} ...")
    mend = "see that the Debian mirror can be reached"
    processes.step("dpkg --configure", ["dpkg", "--configure", "-a"], env=env, mend=mend)
    processes.step("apt-get update", [*apt, "update"], env=env, mend=mend)
    processes.step("apt-get install", [*apt, "install", "--no-install-recommends", *packages], env=env, mend=mend)
