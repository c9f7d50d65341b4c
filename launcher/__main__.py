"""`python3 -m launcher <command> [arguments]`: what the Makefile calls."""

from __future__ import annotations

import sys
from collections.abc import Callable

from launcher.check import check
from launcher.places import Failure, Stopped
from launcher.processes import Processes
from launcher.run import run
from launcher.small import bench, clean, faults, format_code, manage_running
from launcher.testing import keep_servers, run_tests

COMMANDS: dict[str, Callable[[Processes, list[str]], int]] = {
    "run": lambda processes, _: run(processes),
    "demo-reset": lambda processes, _: run(processes, reset=True),
    "test": run_tests,
    "test-servers": lambda processes, _: keep_servers(processes),
    "check": lambda processes, _: check(processes),
    "format": lambda processes, _: format_code(processes),
    "bench": bench,
    "faults": faults,
    "manage": manage_running,
    "clean": lambda _, __: clean(),
}


def main(command: str, arguments: list[str]) -> int:
    """Carry the command out and return the exit code; nothing that was started outlives this call."""
    try:
        with Processes() as processes:
            return COMMANDS[command](processes, arguments)
    except Failure as failure:
        if failure.details:
            print(failure.details, file=sys.stderr)
        print(f"portal: {failure}", file=sys.stderr)
        return 1
    except Stopped as stopped:
        return 128 + stopped.signum


if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in COMMANDS:
        sys.exit(f"one of: {' '.join(COMMANDS)}")
    sys.exit(main(sys.argv[1], sys.argv[2:]))
