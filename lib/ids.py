"""Public identifiers: UUIDv7 (RFC 9562), sorted by time, never the primary key."""

import os
import uuid

from lib import clock


def uuid7() -> uuid.UUID:
    """A fresh UUIDv7: 48 bits of wall-clock milliseconds, 74 random bits."""
    milliseconds = int(clock.wall_seconds() * 1000)
    noise = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds << 80) | (0x7 << 76) | ((noise >> 68 & 0xFFF) << 64) | (0b10 << 62) | (noise & (1 << 62) - 1)
    return uuid.UUID(int=value)
