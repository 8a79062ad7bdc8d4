"""The clock of leases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]


def wall_clock() -> dt.datetime:
    """The present instant, in UTC."""
    return dt.datetime.now(dt.UTC)
