"""Ids: UUID version 7 (RFC 9562, section 5.7), whose order is the order of creation."""

from __future__ import annotations

import os
import threading
import time
import uuid

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A new UUIDv7 as text. Ids made by one process are strictly increasing, also within one millisecond.

    Layout (RFC 9562, section 6.2, method 3): 48 bits of Unix milliseconds, then 12 bits that hold the fraction of the
    millisecond, then 62 random bits.
    """
    global _last  # noqa: PLW0603 - one counter per process is the point
    with _lock:
        moment = max(time.time_ns() * 4096 // 1_000_000, _last + 1)
        _last = moment
    milliseconds, fraction = divmod(moment, 4096)
    random = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    value = (milliseconds << 80) | (0x7 << 76) | (fraction << 64) | (0b10 << 62) | random
    return str(uuid.UUID(int=value))
