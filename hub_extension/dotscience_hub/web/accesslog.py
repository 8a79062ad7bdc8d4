"""The access log and the figures for Prometheus: what was asked and how it went, never with which token."""

from __future__ import annotations

import logging
import time

from tornado.web import RequestHandler

from .base import BaseHandler
from .metrics import Metrics

access_log = logging.getLogger("dotscience.access")
_QUIET = {"claim", "sync", "append_logs", "append_task_points", "get_health", "get_readiness", "get_metrics"}


def log_request(handler: RequestHandler) -> None:
    """Called by tornado when an answer is complete."""
    status = handler.get_status()
    seconds = handler.request.request_time()
    name, kind = "other", "-"
    if isinstance(handler, BaseHandler):
        seconds = time.monotonic() - handler.started
        name = handler.route_name
        kind = handler.caller.kind.value if handler.caller is not None else "-"
    metrics: Metrics | None = handler.settings.get("metrics")
    if metrics is not None:
        metrics.observe(name, status, seconds)
    level = logging.DEBUG if name in _QUIET and status < 400 else logging.INFO
    # The path alone: a query can hold an OAuth code.
    access_log.log(level, "%s %s %d %.1fms %s", handler.request.method, _path(handler), status, seconds * 1000, kind)


def _path(handler: RequestHandler) -> str:
    return handler.request.path[:300].encode("ascii", "backslashreplace").decode()
