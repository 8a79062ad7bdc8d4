"""The tornado application: routes, pages, and the endpoints that are not in the contract."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tornado.web import Application

from jupyter_dotscience.api.routes import PREFIX

from .accesslog import log_request
from .authentication import Authentication
from .base import NothingHere
from .binding import Endpoint
from .dispatch import Dispatcher
from .handler import RouteHandler
from .lifecycle import Lifecycle

_PARAMETER = re.compile(r"\{(\w+)\}")
Rule = tuple[str, type[Any], dict[str, Any]]


def route_rules(
    endpoints: Iterable[Endpoint],
    authentication: Authentication,
    dispatcher: Dispatcher,
    lifecycle: Lifecycle,
    prefix: str = PREFIX,
) -> list[Rule]:
    """One tornado rule per path of the contract."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.route.path, {})[endpoint.route.method] = endpoint
    shared = {"authentication": authentication, "dispatcher": dispatcher, "lifecycle": lifecycle}
    return [
        (prefix + _pattern(path), RouteHandler, {"endpoints": methods, **shared}) for path, methods in by_path.items()
    ]


def _pattern(path: str) -> str:
    parts = _PARAMETER.split(path)
    # Names of parameters stand at the odd places.
    return "".join(f"(?P<{part}>[^/]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts)) + "$"


def make_application(rules: Sequence[Any], *, cookie_secret: bytes, **settings: Any) -> Application:
    """The application with these rules; everything else is a 404 Problem.

    Args:
        rules: Tornado's rules, first match first.
        cookie_secret: 32 bytes that sign the browser's cookie; kept over restarts.
        settings: More of tornado's settings.
    """
    return Application(
        list(rules),
        default_handler_class=NothingHere,
        cookie_secret=cookie_secret,
        log_function=log_request,
        compress_response=False,
        **settings,
    )
