"""Takes each safeguard out in turn and runs the test that must fail then: `make safeguards`."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable

from tests.campaign.without import SAFEGUARDS, VARIABLE

FAILED = 1


def prove(names: Iterable[str]) -> int:
    """One line for each safeguard; 0 when every test failed without its safeguard, and told so."""
    unseen = 0
    for name in names:
        begun = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", SAFEGUARDS[name].test]
        ran = subprocess.run(command, env={**os.environ, VARIABLE: name}, capture_output=True, text=True, check=False)
        seen = [line for line in ran.stdout.splitlines() if line.startswith("FAILED")]
        unseen += ran.returncode != FAILED or not seen
        says = (
            "; ".join(line.removeprefix("FAILED ")[:150] for line in seen[:3]) or ran.stdout[-300:] + ran.stderr[-300:]
        )
        sys.stdout.write(f"{name}: {len(seen)} failed in {time.monotonic() - begun:.0f} s: {says}\n")
        sys.stdout.flush()
    return min(unseen, 1)


if __name__ == "__main__":
    sys.exit(prove(sys.argv[1:] or SAFEGUARDS))
