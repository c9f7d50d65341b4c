"""`make run`: the whole portal in the foreground, from nothing or from what the last run left."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from launcher.places import LOGS, PYTHON, ROOT, STATE, VAR, VENV, Failure, Stopped, read_mark, say, write_mark
from launcher.ports import choose_ports, only_one
from launcher.processes import Child, Processes, end_leftovers
from launcher.servers import postgres_home, server_account, start_postgres, start_valkey
from launcher.setup import INSTALLED, PANGO, prepare

PORTS = {"web": 8000, "sandbox": 8300, "postgres": 54320, "valkey": 63790}
HEALTHY_WITHIN = 90.0
BUSY = "the portal of this checkout runs already: use that one, or stop it first (Ctrl-C in its terminal)"
NOT_FOR_BROWSERS = ("pdf", "*.ttf", "*.otf")
"""PDF documents read these from static/ itself; to compress them for browsers would take a minute."""

DATA = ("valkey", "mail", "sandbox", "clock", "beat-schedule", "state")
"""What demo-reset deletes of var/, beside PostgreSQL's folder: all data, but not logs and collected static files."""


@dataclass(frozen=True)
class Target:
    """Where this run's data is: embedded servers, or the ones that the environment names."""

    postgres: Path | None
    """Folder above the embedded PostgreSQL's data; None when DATABASE_URL names a server."""
    valkey: bool
    ports: dict[str, int]

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the portal's processes."""
        database = f"127.0.0.1:{self.ports['postgres']}/portal"
        embedded = {
            "DATABASE_URL": f"postgres://portal_app@{database}",
            "DATABASE_OWNER_URL": f"postgres://portal_owner@{database}",
        }
        return {
            **os.environ,
            "PATH": f"{VENV / 'bin'}:{os.environ.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",
            "PORTAL_ENV": "development",
            "VAR_DIR": str(VAR),
            "CLOCK_FILE": str(VAR / "clock"),
            "MAIL_DIR": str(VAR / "mail"),
            "PORTAL_ORIGIN": f"http://localhost:{self.ports['web']}",
            "BIND": f"127.0.0.1:{self.ports['web']}",
            "SANDBOX_URL": f"http://127.0.0.1:{self.ports['sandbox']}",
            **(embedded if self.postgres else {}),
            **({"REDIS_URL": f"redis://127.0.0.1:{self.ports['valkey']}"} if self.valkey else {}),
        }


def given(name: str) -> bool:
    """Whether the environment gives a setting, as a value or as a file."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def choose_target() -> Target:
    """Decide on servers and ports from the environment. Raises Failure when only half of the database is given."""
    if given("DATABASE_URL") != given("DATABASE_OWNER_URL"):
        raise Failure(
            "only one of DATABASE_URL and DATABASE_OWNER_URL is set",
            "set both (portal_app runs, portal_owner migrates), or neither for the embedded PostgreSQL",
        )
    external = given("DATABASE_URL")
    home = None if external else postgres_home(VAR, server_account())
    return Target(home, not given("REDIS_URL"), choose_ports(PORTS))


def run(processes: Processes, *, reset: bool = False) -> int:
    """Set up, start everything, tell the address, and watch until a signal comes; returns 0.

    Raises Stopped when the signal comes before all is ready, Failure when something does not start or ends by itself.
    """
    begun = time.monotonic()
    with only_one("run", busy=BUSY):
        if left := end_leftovers():
            say(f"ended {left} processes of a run that was killed")
        if reset:
            forget_data()
        prepare(processes, PANGO)
        for folder in (VAR, LOGS, VAR / "mail"):
            folder.mkdir(parents=True, exist_ok=True)
        target = choose_target()
        env = target.environment()
        start_servers(processes, target)
        fill(processes, target, env)
        services = start_services(processes, target, env)
        people = processes.start("people", manage("demo_people"), env=env, show=False)
        wait_until_healthy(services, target)
        people.popen.wait()
        announce(target, people, time.monotonic() - begun)
        processes.children.remove(people)
        try:
            watch(processes.children)
        except Stopped:
            say("stopping ...")
            return 0


def forget_data() -> None:
    """Delete all data of development. Raises Failure when the database is a real server."""
    if given("DATABASE_URL"):
        raise Failure("DATABASE_URL names a real server, whose data this command does not touch", "unset it")
    shutil.rmtree(postgres_home(VAR, server_account()) / "postgres", ignore_errors=True)
    for path in (path for name in DATA for path in VAR.glob(f"{name}*")):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    say("all data of development is deleted")


def manage(*arguments: str) -> list[str | Path]:
    """Return the command line of a management command."""
    return [PYTHON, ROOT / "manage.py", *arguments]


def start_servers(processes: Processes, target: Target) -> None:
    """Start the embedded servers that are wanted; a database whose first filling was cut off is made anew."""
    if target.postgres:
        data = target.postgres / "postgres"
        if data.exists() and read_mark("demo-embedded") != "done":
            say("the first set-up of the database was cut off: beginning anew")
            shutil.rmtree(data)
        if not data.exists():
            (STATE / "demo-embedded").unlink(missing_ok=True)
        start_postgres(processes, target.postgres, target.ports["postgres"])
    if target.valkey:
        start_valkey(processes, VAR, target.ports["valkey"])


def fill(processes: Processes, target: Target, env: dict[str, str]) -> None:
    """Migrate, collect static files when they changed, and load reference and demo data the first time."""
    static = fingerprint_static()
    collecting: Child | None = None
    if read_mark("static") != static:
        collect = manage("collectstatic", "--no-input", "--clear", *(f"--ignore={name}" for name in NOT_FOR_BROWSERS))
        collecting = processes.start("static", collect, env=env, show=False, log=LOGS / "setup.log")
    say("migrating the database ...")
    see = f"the last lines above say why; see {LOGS / 'setup.log'}"
    processes.step("migrate_portal", manage("migrate_portal"), env=env, mend=see)
    database = "embedded" if target.postgres else hashlib.sha256(env["DATABASE_URL"].encode()).hexdigest()[:12]
    if read_mark(f"demo-{database}") != "done":
        say("loading places, tariffs and demo data (first run only) ...")
        processes.step("load_reference_data", manage("load_reference_data"), env=env, mend=see)
        processes.step("demo_data", manage("demo_data"), env=env, mend=see)
        write_mark(f"demo-{database}", "done")
    if collecting:
        if collecting.popen.wait():
            raise Failure("collectstatic failed", see, details="\n".join(collecting.tail))
        processes.children.remove(collecting)
        write_mark("static", static)


def fingerprint_static() -> str:
    """Return a digest of names, sizes and times of all that collectstatic reads, and of the packages installed."""
    digest = hashlib.sha256(INSTALLED.read_bytes())
    for path in sorted((ROOT / "static").rglob("*")):
        status = path.stat()
        digest.update(f"{path.relative_to(ROOT)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def start_services(processes: Processes, target: Target, env: dict[str, str]) -> list[Child]:
    """Start web, both workers, beat and the sandbox."""
    celery: list[str | Path] = [PYTHON, "-m", "celery", "-A", "config"]
    worker = [*celery, "worker", "-l", "INFO", "--without-gossip", "--without-mingle"]
    sandbox: list[str | Path] = [PYTHON, "-m", "sandbox", "--port", str(target.ports["sandbox"])]
    sandbox += ["--state-dir", VAR / "sandbox", "--clock-file", VAR / "clock"]
    return [
        processes.start("sandbox", sandbox, env=env),
        processes.start(
            "web",
            [PYTHON, "-m", "gunicorn", "config.wsgi", "-c", "config/gunicorn.py", "--bind", env["BIND"]],
            env={**env, "DATABASE_POOL": "20"},
        ),
        processes.start(
            "io",
            [*worker, "-Q", "io", "-P", "threads", "-c", "100", "-n", "io@%h"],
            env={**env, "DATABASE_POOL": "20"},
        ),
        processes.start("cpu", [*worker, "-Q", "cpu", "-P", "prefork", "-c", "2", "-n", "cpu@%h"], env=env),
        processes.start("beat", [*celery, "beat", "-l", "INFO"], env=env),
    ]


def wait_until_healthy(services: list[Child], target: Target) -> None:
    """Wait for /readyz and the sandbox. Raises Failure when a service ends or the time is over.

    /readyz must also know a tick of this start: it shows that beat, Redis and the io worker work together.
    """
    begun = time.monotonic()
    answers = {"web": "", "sandbox": ""}
    while answers:
        complain_of_ended(services)
        waited = time.monotonic() - begun
        for name in list(answers):
            path = "/readyz" if name == "web" else "/_control/clock"
            healthy, answers[name] = ask(f"http://127.0.0.1:{target.ports[name]}{path}")
            if healthy and (name != "web" or tick_age(answers[name]) < waited):
                del answers[name]
        if answers and waited > HEALTHY_WITHIN:
            said = ", ".join(f"{name} says {answer}" for name, answer in answers.items())
            raise Failure(f"not ready after {HEALTHY_WITHIN:.0f} s: {said}", f"see the logs in {LOGS}")
        time.sleep(0.2)


def tick_age(answer: str) -> float:
    """Return how many seconds ago beat ticked, by the answer of /readyz; infinity when it does not say."""
    try:
        return float(json.loads(answer)["beat_seconds"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def ask(address: str) -> tuple[bool, str]:
    """Ask a health address: whether it answers 200, and what it says."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=3) as response:
            return response.status == 200, response.read(2000).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return False, error.read(2000).decode("utf-8", "replace")
    except OSError as error:
        return False, str(error)


def complain_of_ended(children: list[Child]) -> None:
    """Raise Failure when one of the processes has ended."""
    for child in children:
        if not child.running:
            if child.pump:
                child.pump.join(timeout=1)
            raise Failure(
                f"{child.name} ended by itself with exit code {child.popen.returncode}",
                f"its last lines stand above, all of them in {LOGS / f'{child.name}.log'}",
                details="\n".join(child.tail),
            )


def announce(target: Target, people: Child, seconds: float) -> None:
    """Tell the address, who may sign in, and where things are."""
    if people.pump:
        people.pump.join(timeout=1)
    say("")
    for line in people.lines:
        say(f"  {line}")
    say("")
    say(f"  portal   http://localhost:{target.ports['web']}")
    say(f"  sandbox  http://127.0.0.1:{target.ports['sandbox']}")
    say(f"  mails    {VAR / 'mail'}      logs  {LOGS}")
    say(f"  ready after {seconds:.1f} s; Ctrl-C stops everything")


def watch(children: list[Child]) -> NoReturn:
    """Watch until a process ends by itself (Failure) or a signal comes (Stopped)."""
    while True:
        complain_of_ended(children)
        time.sleep(0.3)
