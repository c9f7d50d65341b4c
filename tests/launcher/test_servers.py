"""Ports, and the embedded servers on them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from launcher.places import Failure
from launcher.ports import choose_port, is_free
from launcher.processes import Account
from launcher.servers import can_reach, package_folder
from tests.launcher.conftest import Checkout


def listen(port: int = 0, family: int = socket.AF_INET) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", port))
    listener.listen()
    return listener


def test_a_taken_port_gives_way_to_the_next_free_one() -> None:
    with listen() as listener:
        taken = listener.getsockname()[1]
        chosen = choose_port(taken)
        assert chosen != taken
        assert is_free(chosen)


def test_a_port_promised_to_another_server_is_not_given_twice() -> None:
    first = choose_port(0)
    assert choose_port(first, {first}) != first


def test_a_port_taken_on_ipv6_alone_counts_as_taken() -> None:
    try:
        listener = listen(family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert not is_free(listener.getsockname()[1])


def test_a_server_whose_port_is_taken_is_named_with_what_it_said(checkout: Checkout) -> None:
    with listen() as listener:
        script = f"""
from pathlib import Path
from launcher.places import Failure
from launcher.processes import Processes
from launcher.servers import start_valkey
with Processes() as processes:
    try:
        start_valkey(processes, Path("var"), {listener.getsockname()[1]}, test=True)
    except Failure as failure:
        print(failure, failure.details)
"""
        done = checkout.python(script)
    assert done.stdout.startswith("the Redis-compatible server does not start — delete .venv and start again"), done
    assert "Address already in use" in done.stdout


def test_both_servers_start_and_are_gone_afterwards(checkout: Checkout) -> None:
    script = """
import os, subprocess
from launcher.processes import Processes, descendants
from launcher.testing import test_servers
with Processes() as processes:
    with test_servers(processes) as env:
        for name in sorted(env):
            print(name, env[name])
        homes = [child.popen.args[2] for child in processes.children if child.name == "postgres"]
    print(len(descendants(os.getpid())), [home for home in homes if os.path.exists(home)])
"""
    done = checkout.python(script)
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert names == ["DATABASE_OWNER_URL", "DATABASE_URL", "PORTAL_ENV", "REDIS_URL", "0"], done
    assert done.stdout.endswith("0 []\n")


def test_a_database_folder_that_was_cut_off_is_not_taken_for_a_whole_one(checkout: Checkout) -> None:
    script = """
from pathlib import Path
from launcher.ports import choose_port
from launcher.processes import Processes
from launcher.servers import start_postgres
from launcher.testing import make_home
home = make_home()
(home / "postgres.new").mkdir()
(home / "postgres.new" / "PG_VERSION").write_text("half")
with Processes() as processes:
    start_postgres(processes, home, choose_port(0), test=True)
    print((home / "postgres" / "PG_VERSION").read_text().strip(), (home / "postgres.new").exists())
import shutil
shutil.rmtree(home)
"""
    assert checkout.python(script).stdout == "18 False\n"


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(Failure, match="the package no_such_package is not installed"):
        package_folder("no_such_package")


def test_a_home_that_only_its_owner_enters_is_out_of_reach_for_others(tmp_path: Path) -> None:
    inside = tmp_path / "home" / "checkout"
    inside.mkdir(parents=True)
    (tmp_path / "home").chmod(0o700)
    assert not can_reach(inside, Account(os.geteuid() + 4242, 0))
    assert can_reach(inside, None)
