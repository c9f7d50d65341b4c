"""The only source of time.

Business time (`now`, `today`) is what offers, deadlines, travel, closing and events live by. It can be shifted, forwards
only and for web, workers, beat and the supplier sandbox together, so that a month can pass in a test or a demo: the shift
stands as whole seconds in one small file (`CLOCK_FILE`). Wall time (`wall`) is never shifted: leases, sessions, one-time
codes, limits and retries live by it, so that a shift ends nobody's session.
"""

import datetime as dt
import os
import time
from pathlib import Path
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")


def _shift_file() -> Path | None:
    name = os.environ.get("CLOCK_FILE", "")
    return Path(name) if name else None


def shift_seconds() -> int:
    """Whole seconds that business time is ahead of wall time; 0 without a clock file."""
    path = _shift_file()
    if path is None:
        return 0
    try:
        return int(path.read_text(encoding="ascii").strip() or "0")
    except FileNotFoundError:
        return 0


def shift_by(seconds: int) -> int:
    """Move business time forwards by `seconds` and return the new shift.

    Raises ValueError for a move backwards (time never runs back: events would lie) or without a clock file.
    """
    path = _shift_file()
    if path is None:
        raise ValueError("CLOCK_FILE is not set: business time cannot be shifted here")
    if seconds < 0:
        raise ValueError("business time moves forwards only")
    total = shift_seconds() + seconds
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{total}\n", encoding="ascii")
    fresh.replace(path)
    return total


def wall() -> dt.datetime:
    """Real time, UTC."""
    return dt.datetime.now(dt.UTC)


def wall_seconds() -> float:
    """Real time as seconds since 1970, for one-time codes and deadlines."""
    return time.time()


def now() -> dt.datetime:
    """Business time, UTC."""
    return wall() + dt.timedelta(seconds=shift_seconds())


def today() -> dt.date:
    """The business day in Japan."""
    return now().astimezone(JST).date()
