"""Whatever the launcher started ends with it, and a second one in the same checkout stands back."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.processes import MARK, is_alive
from tests.launcher.conftest import Checkout, eventually


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_in_the_middle_of_set_up_leaves_no_process(checkout: Checkout, signum: signal.Signals) -> None:
    launched = checkout.launch("run")
    eventually(lambda: len(checkout.pids) == 3)

    launched.send_signal(signum)

    assert launched.wait(timeout=5) == 128 + signum
    assert [pid for pid in checkout.pids if is_alive(pid)] == []


def test_a_cut_off_installation_is_begun_anew(checkout: Checkout) -> None:
    launched = checkout.launch("run")
    eventually(lambda: len(checkout.pids) == 3)
    launched.terminate()
    launched.wait(timeout=5)

    assert (checkout.root / ".venv" / "installing").exists()
    assert (checkout.root / ".venv" / "installed.sha256").read_text() == "another lock"


def test_the_second_run_in_one_checkout_says_so_in_one_line(checkout: Checkout) -> None:
    checkout.launch("run")
    eventually(lambda: len(checkout.pids) == 3)

    second = checkout.launch("run")
    output, _ = second.communicate(timeout=10)

    assert second.returncode == 1
    assert output == (
        "portal: the portal of this checkout runs already: use that one, or stop it first (Ctrl-C in its terminal)\n"
    )


def test_the_lock_goes_with_a_killed_launcher(checkout: Checkout) -> None:
    first = checkout.launch("run")
    eventually(lambda: len(checkout.pids) == 3)
    first.kill()
    first.wait()
    left = checkout.pids

    second = checkout.launch("run")
    eventually(lambda: len(checkout.pids) == 6)

    assert [pid for pid in left if is_alive(pid)] == []
    second.terminate()
    output, _ = second.communicate(timeout=5)
    assert "processes of a run that was killed" in output


def test_processes_of_other_launchers_are_left_alone(checkout: Checkout) -> None:
    other = subprocess.Popen(["sleep", "1000"], env={MARK: f"{2**22 + 1}:/somewhere/else"})
    try:
        done = checkout.python("from launcher.processes import end_leftovers; print(end_leftovers())")
        assert done.stdout == "0\n", done.stderr
        assert is_alive(other.pid)
    finally:
        other.kill()
        other.wait()


def test_a_process_that_ignores_the_signal_is_killed_within_five_seconds(checkout: Checkout) -> None:
    script = """
import os, sys, time
from launcher.processes import Processes
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(99)"
with Processes() as processes:
    child = processes.start("stubborn", [sys.executable, "-c", stubborn], env=dict(os.environ), show=False)
    while "up" not in child.lines:
        time.sleep(0.02)
    begun = time.monotonic()
print(child.popen.returncode, time.monotonic() - begun < 5)
"""
    assert checkout.python(script).stdout == "-9 True\n"


def test_a_service_that_dies_is_named_with_its_log(checkout: Checkout) -> None:
    script = """
import os, sys
from launcher.places import Failure
from launcher.processes import Processes
from launcher.run import watch
broken = "print('no such setting'); raise SystemExit(3)"
with Processes() as processes:
    processes.start("web", [sys.executable, "-c", broken], env=dict(os.environ))
    try:
        watch(processes.children)
    except Failure as failure:
        print(failure)
"""
    done = checkout.python(script)
    log = Path(checkout.root) / "var" / "log" / "web.log"
    assert f"web ended by itself with exit code 3 — its last lines stand above, all of them in {log}" in done.stdout
    assert "web      | no such setting\n" in done.stdout
    assert log.read_text() == "no such setting\n"


def test_a_program_that_is_missing_is_named(checkout: Checkout) -> None:
    script = """
from launcher.places import Failure
from launcher.processes import Processes
with Processes() as processes:
    try:
        processes.start("beat", ["/nowhere/python"], env={})
    except Failure as failure:
        print(failure)
"""
    assert checkout.python(script).stdout.startswith("beat cannot start: [Errno 2] No such file or directory")


def test_an_old_python_is_told_which_one_is_needed(checkout: Checkout) -> None:
    script = "import sys; sys.version_info = (3, 9); import launcher"
    done = checkout.python(script)
    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11 or newer is needed, this is " + sys.version.split()[0])
