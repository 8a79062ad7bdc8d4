"""Paths and query strings of requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from jupyter_dotscience.api.routes import PREFIX, Route


def target(route: Route, parameters: Mapping[str, str], query: msgspec.Struct | None = None) -> str:
    """The request target below the hub's address.

    Args:
        route: The row of the table.
        parameters: Values for the names in the path. Each becomes exactly one path segment, whatever it holds.
        query: The route's query Struct. None is left out, a list is repeated, booleans are ``true`` and ``false``.

    Raises:
        ValueError: a parameter is empty, or is "." or "..", which a proxy would take for another path.
    """
    path = PREFIX + "/".join(
        _segment(parameters[part[1:-1]]) if part.startswith("{") else part for part in route.path.split("/")
    )
    pairs = list(_pairs(msgspec.to_builtins(query))) if query is not None else []
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _segment(value: str) -> str:
    if value in ("", ".", ".."):
        raise ValueError(f"{value!r} cannot be part of an address.")
    return quote(value, safe="")


def _pairs(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, bool):
                yield name, "true" if item else "false"
            elif item is not None:
                yield name, str(item)
