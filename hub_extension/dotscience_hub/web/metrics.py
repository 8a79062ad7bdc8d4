"""Figures for Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(frozen=True)
class Figures:
    """What others count.

    Attributes:
        tasks: Number of tasks by status, as they are now.
        runners_online: Number of runners that were heard of lately.
        log_entries: Log entries received since the start.
    """

    tasks: Mapping[str, int]
    runners_online: int
    log_entries: int


class Metrics:
    """The service's own registry, so that two services in one process (in tests) do not meet."""

    def __init__(self) -> None:
        """All figures at zero."""
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._requests = Counter(
            "dotscience_requests", "Requests that were answered.", ("route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "dotscience_request_seconds", "From headers to answer.", ("route",), buckets=_SECONDS, registry=registry
        )
        self._entries = Counter("dotscience_log_entries", "Log entries that agents sent.", registry=registry)
        self._counted = 0
        self._blocked = Counter(
            "dotscience_event_loop_blocked_seconds", "Time in which the event loop served nobody.", registry=registry
        )
        self._runners = Gauge("dotscience_runners_online", "Runners that were heard of lately.", registry=registry)
        self._tasks = Gauge("dotscience_tasks", "Tasks by status.", ("status",), registry=registry)

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_blocked(self, seconds: float) -> None:
        """Count time in which the event loop was held up."""
        self._blocked.inc(seconds)

    def expose(self, figures: Figures) -> bytes:
        """Everything in Prometheus' text format.

        Args:
            figures: What others count.
        """
        self._entries.inc(figures.log_entries - self._counted)
        self._counted = figures.log_entries
        self._runners.set(figures.runners_online)
        self._tasks.clear()
        for status, number in figures.tasks.items():
            self._tasks.labels(status).set(number)
        return generate_latest(self._registry)
