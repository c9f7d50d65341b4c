"""`make check`: everything that can be judged without running the tests. All of it runs, even when one part fails."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from launcher.places import PYTHON, ROOT, VENV, Failure, say
from launcher.processes import Child, Processes
from launcher.setup import NGINX, find_nginx, in_ci, prepare
from launcher.testing import test_environment, test_servers

NGINX_FILES = ROOT / "deploy" / "nginx"
OURS = ("PORTAL_", "DATABASE_", "REDIS_", "CLOCK_", "SANDBOX_", "MAIL_", "SECRET_", "PASSWORD_", "FIELD_")


class Checks:
    """Runs checks one after the other, a line for each, and remembers which failed."""

    def __init__(self, processes: Processes) -> None:
        self.processes = processes
        self.failed: list[str] = []

    def run(self, title: str, argv: Sequence[str | Path], env: Mapping[str, str], *, cwd: Path = ROOT) -> None:
        """Run one check; its output is shown only when it fails."""
        begun = time.monotonic()
        try:
            child: Child | None = self.processes.start("check", argv, env=env, cwd=cwd, show=False)
        except Failure as failure:
            child, output, code = None, [str(failure)], 1
        if child is not None:
            code = child.popen.wait()
            if child.pump is not None:
                child.pump.join(timeout=2)
            output = list(child.lines)
            self.processes.children.remove(child)
        say(f"{'ok  ' if code == 0 else 'FAIL'}  {title:<36} {time.monotonic() - begun:5.1f} s")
        if code:
            say("\n".join(f"      {line}" for line in output))
            self.failed.append(title)


def check(processes: Processes) -> int:
    """Run all checks; returns 1 when one of them failed."""
    begun = time.monotonic()
    prepare(processes, NGINX)
    checks = Checks(processes)
    tools = VENV / "bin"
    with test_servers(processes) as servers:
        env = test_environment(servers)
        checks.run("ruff check", [tools / "ruff", "check", "."], env)
        checks.run("ruff format", [tools / "ruff", "format", "--check", "."], env)
        checks.run("mypy --strict", [tools / "mypy", "."], env)
        checks.run("import contracts", [tools / "lint-imports"], env)
        checks.run("templates: lint", [tools / "djlint", "templates", "--lint", "--quiet"], env)
        checks.run("no migration missing", [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"], env)
        deploy: list[str | Path] = [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
        checks.run("production settings", deploy, production_environment())
        compose: list[str | Path] = [
            tools / "docker-compose",
            "-f",
            "docker-compose.yml",
            "--profile",
            "*",
            "config",
            "-q",
        ]
        checks.run("docker-compose.yml", compose, env)
        if nginx := find_nginx():
            with nginx_folder(processes, env) as folder:
                argv: list[str | Path] = [nginx, "-t", "-q", "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"]
                checks.run("nginx -t", argv, env, cwd=folder)
        elif in_ci():
            say("FAIL  nginx -t: nginx is missing, and CI may leave no check out")
            checks.failed.append("nginx -t")
    names = ", ".join(checks.failed)
    say(f"{f'failed: {names}' if names else 'all checks passed'} ({time.monotonic() - begun:.0f} s)")
    return 1 if checks.failed else 0


def production_environment() -> dict[str, str]:
    """Return an environment as production has it, with throw-away secrets and nothing of development in it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    database = "@db.portal.invalid:5432/portal?sslmode=verify-full&sslrootcert=/run/secrets/internal_ca"
    return {
        **inherited,
        "PORTAL_ENV": "production",
        "PORTAL_ORIGIN": "https://portal.travel.example",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "PASSWORD_PEPPER": secrets.token_urlsafe(40),
        "FIELD_KEYS": json.dumps({"k1": base64.b64encode(secrets.token_bytes(32)).decode()}),
        "DATABASE_URL": f"postgres://portal_app:{secrets.token_hex(16)}{database}",
        "REDIS_URL": f"rediss://portal:{secrets.token_hex(16)}@redis.portal.invalid:6379",
        "SMTP_URL": "smtp://portal@mail.travel.example:587",
        "SMTP_PASSWORD": secrets.token_hex(16),
    }


@contextmanager
def nginx_folder(processes: Processes, env: Mapping[str, str]) -> Iterator[Path]:
    """Yield a copy of the shipped nginx files, with a throw-away certificate where production has its own."""
    with tempfile.TemporaryDirectory(prefix="portal-nginx-") as name:
        folder = Path(name)
        shutil.copytree(NGINX_FILES, folder, dirs_exist_ok=True)
        (folder / "tls").mkdir()
        certificate: list[str | Path] = [PYTHON, "-m", "launcher.self_signed", folder / "tls"]
        processes.step("throw-away certificate", certificate, env=env, mend="delete .venv and start again")
        yield folder
