"""Each import contract was broken once on purpose: the linter reports it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("config", "billing", "workflow", "delivery", "booking", "accounts", "audit", "lib", "sandbox", "launcher")
# contract -> (file, import that breaks it)
BREAKS = {
    "rooms": ("lib/yen.py", "import audit.models"),
    "inside": ("booking/models/places.py", "import booking.services.trips"),
    "inside-audit": ("audit/models/mail.py", "import audit.changes"),
    "doors-billing": ("sandbox/clock.py", "import billing.documents"),
    "doors-booking": ("billing/errors.py", "import booking.suppliers.http"),
    "doors-accounts": ("booking/errors.py", "import accounts.forms"),
    "doors-audit": ("accounts/errors.py", "import audit.tasks"),
    "network": ("billing/errors.py", "import httpx"),
    "adapters": ("booking/suppliers/ex.py", "import booking.suppliers.jal_online"),
    "adapters-are-plain": ("booking/suppliers/ex.py", "import booking.models"),
    "sandbox-knows-no-portal": ("sandbox/clock.py", "import lib.clock"),
    "portal-knows-no-sandbox": ("lib/jst.py", "import sandbox.clock"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the tree's packages, to break."""
    place = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__", "*.csv"))
    shutil.copy(ROOT / ".importlinter", place)
    return place


def lint(place: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    wanted = [word for contract in contracts for word in ("--contract", contract)]
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    return subprocess.run(
        [*command, "--no-cache", *wanted], cwd=place, capture_output=True, text=True, check=False, timeout=120
    )


def test_every_contract_is_broken_here_once():
    text = (ROOT / ".importlinter").read_text(encoding="utf-8")
    names = {
        line[len("[importlinter:contract:") : -1] for line in text.splitlines() if line.startswith("[importlinter:c")
    }
    assert names == set(BREAKS)


def test_the_unbroken_tree_keeps_all_contracts(copy):
    answer = lint(copy)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("contract", BREAKS)
def test_a_broken_contract_is_reported(copy, contract):
    name, line = BREAKS[contract]
    file = copy / name
    before = file.read_text(encoding="utf-8")
    file.write_text(f"{before}\n{line}\n", encoding="utf-8")
    try:
        answer = lint(copy, contract)
    finally:
        file.write_text(before, encoding="utf-8")
    assert answer.returncode != 0
    assert "BROKEN" in answer.stdout
