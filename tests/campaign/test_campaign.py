"""A small campaign, as `make faults` runs it: real processes on servers of their own, faults, kills, and the judge."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.mark.worker
def test_no_promise_is_broken_under_faults_and_kills(tmp_path):
    # Servers, clock and limits are the campaign's own, not those of this run.
    ours = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR"}
    environment = {name: value for name, value in os.environ.items() if name in ours}
    command = [sys.executable, "-m", "tests.campaign", "--seed", "1", "--wishes", "60", "--keep", tmp_path]
    ended = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=420, check=False
    )
    assert ended.returncode == 0, f"{ended.stdout[-6000:]}\n{ended.stderr[-3000:]}"
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    counts = report["counts"]
    assert all(counts[f"kill {name}"] for name in ("web", "io", "cpu", "beat")), counts
    assert counts["flush redis"], counts
    assert counts["restart postgres"], counts
    assert counts["wishes confirmed"] >= 44, report["abandoned"]
