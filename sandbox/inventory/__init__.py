"""What the suppliers sell, read from the CSV files of the data directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandbox.inventory.air import Air
from sandbox.inventory.rail import Rail
from sandbox.inventory.seasons import Seasons
from sandbox.inventory.stays import Stays


@dataclass(frozen=True)
class Inventory:
    """Everything that can be bought."""

    air: Air
    rail: Rail
    stays: Stays


def load(data_dir: Path) -> Inventory:
    """Reads all files. Raises FileNotFoundError or KeyError when the directory is not the expected one."""
    seasons = Seasons(data_dir)
    return Inventory(Air(data_dir, seasons), Rail(data_dir, seasons), Stays(data_dir, seasons))
