"""What the suppliers remember: records in memory behind one lock, and a journal on disk that survives SIGKILL.

Each write is one line of JSON, flushed to the operating system before the answer goes out. At start the journal is
replayed; a line that was cut by a kill is the last one and is dropped, since nobody was answered for it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from sandbox.messages import Json

Change = tuple[str, str, Json]


class State:
    """Tables of records. Take `lock` around whatever reads and then writes; treat records as unchangeable."""

    def __init__(self, directory: Path, seed: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.seed = seed
        self._tables: dict[str, dict[str, Json]] = {}
        self._path = directory / "journal.jsonl"
        self._journal = self._replay()
        if self._journal.tell() == 0:
            self._append({"seed": seed})

    def table(self, name: str) -> dict[str, Json]:
        """All records of a table by key, in the order in which they were first written."""
        return self._tables.setdefault(name, {})

    def write(self, *changes: Change) -> None:
        """Sets records `(table, key, record)`, all or none."""
        with self.lock:
            self._append({"put": changes})
            self._apply(changes)

    def reset(self, seed: int | None) -> int:
        """Forgets everything; returns the seed now in force."""
        with self.lock:
            self.seed = self.seed if seed is None else seed
            self._tables.clear()
            self._journal.truncate(0)
            self._journal.seek(0)
            self._append({"seed": self.seed})
            return self.seed

    def close(self) -> None:
        """Closes the journal."""
        with self.lock:
            self._journal.close()

    def _append(self, entry: Json) -> None:
        self._journal.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        self._journal.flush()

    def _apply(self, changes: Iterable[Change]) -> None:
        for table, key, record in changes:
            self.table(table)[key] = record

    def _replay(self) -> BinaryIO:
        good = 0
        if self._path.exists():
            for line in self._path.read_bytes().splitlines(keepends=True):
                if not line.endswith(b"\n"):
                    break
                entry = json.loads(line)
                self.seed = entry.get("seed", self.seed)
                self._apply(entry.get("put", ()))
                good += len(line)
        journal = self._path.open("r+b" if self._path.exists() else "w+b")
        journal.seek(good)
        journal.truncate()
        return journal
