"""Notice when something blocks the event loop."""

from __future__ import annotations

import asyncio
import logging
import time

from .metrics import Metrics

log = logging.getLogger("dotscience.loop")
INTERVAL = 0.25
LIMIT = 0.1


async def watch_loop(metrics: Metrics) -> None:
    """Measure how late the loop wakes this coroutine, until cancelled; over 100 ms is logged."""
    while True:
        began = time.monotonic()
        await asyncio.sleep(INTERVAL)
        late = time.monotonic() - began - INTERVAL
        if late > LIMIT:
            metrics.count_blocked(late)
            log.warning("the event loop was blocked for %.0f ms", late * 1000)
