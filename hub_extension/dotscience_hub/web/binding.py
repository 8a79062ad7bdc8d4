"""From ROUTES and service objects to endpoints. What does not fit is refused at start-up."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jupyter_dotscience.api.routes import ROUTES, Raw, Route, Stream


class BindingError(Exception):
    """Services and ROUTES do not fit together: a defect, found before the first request."""


class Kind(enum.Enum):
    """How a service's method runs."""

    THREAD = enum.auto()
    """A plain function, on a worker thread."""
    COROUTINE = enum.auto()
    """A coroutine, on the event loop."""
    STREAM = enum.auto()
    """An async generator, on the event loop."""


@dataclass(frozen=True)
class Endpoint:
    """A route with the method that serves it.

    Attributes:
        route: The route.
        call: The method of its name.
        kind: How it runs.
        prepare: A method ``prepare_`` with its name, called before it and outside of the transaction that it shares
            with its idempotency key: for what takes long and must not hold up all writers.
    """

    route: Route
    call: Callable[..., Any]
    kind: Kind
    prepare: Callable[..., Any] | None = None

    @property
    def takes_upload(self) -> bool:
        """Whether the request's body is handed on while it arrives."""
        return self.route.request is Raw.BYTES


def bind(services: Iterable[object], routes: Iterable[Route] = ROUTES) -> list[Endpoint]:
    """Find the method of each route.

    Args:
        services: Objects with methods named as the routes they serve.
        routes: The routes to serve.

    Raises:
        BindingError: A route has no method or two, or one whose arguments do not fit.
    """
    services = list(services)
    found = [(route, [s for s in services if callable(getattr(s, route.name, None))]) for route in routes]
    missing = [f"{route.name} ({route.method} {route.path})" for route, owners in found if not owners]
    if missing:
        raise BindingError(f"No service has a method for: {', '.join(missing)}.")
    return [_endpoint(route, owners) for route, owners in found]


def _endpoint(route: Route, owners: list[object]) -> Endpoint:
    if len(owners) > 1:
        names = ", ".join(type(owner).__name__ for owner in owners)
        raise BindingError(f"Several services serve {route.name}: {names}.")
    call = getattr(owners[0], route.name)
    kind = _kind(call)
    _check(route, call, kind)
    return Endpoint(route, call, kind, _prepare(route, owners[0], kind))


def _prepare(route: Route, owner: object, kind: Kind) -> Callable[..., Any] | None:
    prepare: Callable[..., Any] | None = getattr(owner, f"prepare_{route.name}", None)
    if prepare is not None:
        _check(route, prepare, _kind(prepare))
        if kind is not Kind.THREAD or not route.idempotency:
            raise BindingError(f"{prepare.__qualname__} is never called: only what is done once is prepared.")
    return prepare


def _kind(call: Callable[..., Any]) -> Kind:
    if inspect.isasyncgenfunction(call):
        return Kind.STREAM
    return Kind.COROUTINE if inspect.iscoroutinefunction(call) else Kind.THREAD


def _check(route: Route, call: Callable[..., Any], kind: Kind) -> None:
    expected = dict.fromkeys(route.parameters)
    if route.request is not None:
        expected["body"] = None
    if route.query is not None:
        expected["query"] = None
    try:
        inspect.signature(call).bind(None, **expected)
    except TypeError as error:
        names = ", ".join(("caller", *expected))
        raise BindingError(f"{call.__qualname__} must take ({names}): {error}.") from None
    if isinstance(route.response, Stream) != (kind is Kind.STREAM):
        raise BindingError(f"{call.__qualname__} must be an async generator exactly if its route answers a stream.")
    if route.idempotency and kind is not Kind.THREAD:
        raise BindingError(f"{call.__qualname__} must be a plain function: it shares a transaction with its key.")
    if route.request is Raw.BYTES and kind is not Kind.COROUTINE:
        raise BindingError(f"{call.__qualname__} must be a coroutine: its body is an async iterator.")
