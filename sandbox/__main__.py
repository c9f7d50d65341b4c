"""Starts the sandbox: python -m sandbox --port 8300 --state-dir var/sandbox --clock-file var/clock."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from sandbox.clock import Clock
from sandbox.inventory import load
from sandbox.server import Sandbox, Server
from sandbox.state import State
from sandbox.world import World


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Plays suppliers of business travel.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    parser.add_argument("--state-dir", type=Path, required=True, help="where the journal is kept")
    parser.add_argument("--clock-file", type=Path, help="holds the whole seconds by which business time is shifted")
    parser.add_argument("--seed", type=int, default=1, help="decides seats and rooms; a journal keeps its own")
    parser.add_argument("--data-dir", type=Path, default=Path(__file__).resolve().parent.parent / "data")
    return parser.parse_args()


def main() -> None:
    """Serves until SIGTERM or SIGINT."""
    wanted = arguments()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    world = World(Clock(wanted.clock_file), State(wanted.state_dir, wanted.seed), load(wanted.data_dir))
    server = Server((wanted.host, wanted.port), Sandbox(world))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    print(f"sandbox listening on http://{wanted.host}:{server.server_port}", flush=True)
    stop.wait()
    server.shutdown()
    server.server_close()
    world.state.close()


if __name__ == "__main__":
    main()
