"""The client: one method per endpoint, by way of the generated :mod:`._methods`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from jupyter_dotscience import _version
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.routes import BY_NAME, Raw, Route

from . import address, answers, body, retry, targets, transport
from ._methods import Methods
from .responses import ItemStream, Reader

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

T = TypeVar("T")
STREAM_TIMEOUT = 16.0
"""Seconds without even a blank line, of which the hub sends one every 5, after which a stream counts as broken."""
NDJSON = "application/x-ndjson"


class Client(Methods):
    """A caller of one hub.

    The methods are those of ROUTES: names in the path are keyword arguments, a body comes first, ``query`` is the
    route's query Struct. ``client.get_project(project=ID)``, ``client.create_task(body, project=ID)``,
    ``client.list_runs(project=ID, query=RunQuery(summary="accuracy"))``. A route with an idempotency key gets a new one
    per call unless ``idempotency_key`` is given. Safe to use from several threads.

    Requests that may be repeated (GET, PUT, DELETE, those with an idempotency key, and :data:`.retry.REPEATABLE`) are
    tried again for ``retry_for`` seconds when the connection breaks or a proxy answers 502, 503 or 504; any request is
    when the hub was certainly not reached.

    Args:
        url: The hub's address: scheme, host and port.
        token: A user's, a runner's or a task's.
        timeout: Seconds to wait for the next byte of an answer, beside what a long poll waits.
        retry_for: Seconds to go on trying.
        pool: Connections of another client to share.

    Raises:
        BadAddress: ``url`` is no address of a hub.
        NotLoggedIn: the token is malformed.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout: float = 30.0,
        retry_for: float = 30.0,
        pool: PoolManager | None = None,
    ) -> None:
        self._timeout = timeout
        self._retry_for = retry_for
        self._transport = transport.Transport(address.normalize(url), _headers(token), retry_for, pool)

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    @property
    def url(self) -> str:
        """The hub's address, normalized."""
        return self._transport.url

    @property
    def credentials(self) -> dict[str, str]:
        """The headers with this client's token, for what speaks to the hub beside it. Secret."""
        return self._transport.headers

    @property
    def pool(self) -> PoolManager:
        """The connections, for what speaks to the hub beside this client."""
        return self._transport.pool

    def derive(self, *, token: str | None, retry_for: float | None = None, timeout: float | None = None) -> Client:
        """A client of the same hub for another token that shares this one's connections.

        Args:
            token: A user's, a runner's or a task's; None for none.
            retry_for: As for the class; this client's when absent.
            timeout: As for the class; this client's when absent.
        """
        timeout = self._timeout if timeout is None else timeout
        retry_for = self._retry_for if retry_for is None else retry_for
        return Client(self.url, token, timeout=timeout, retry_for=retry_for, pool=self._transport.pool)

    def close(self) -> None:
        """Close idle connections, also those shared with derived clients."""
        self._transport.pool.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What the generated methods call.

    def _json(self, kind: type[T], name: str, path: Mapping[str, str], **rest: Any) -> T:
        data = self._complete(BY_NAME[name], path, **rest)
        try:
            return _decode(kind, data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise answers.not_ours(self.url) from error

    def _empty(self, name: str, path: Mapping[str, str], **rest: Any) -> None:
        self._complete(BY_NAME[name], path, **rest)

    def _text(self, name: str, path: Mapping[str, str], **rest: Any) -> str:
        return self._complete(BY_NAME[name], path, **rest).decode(errors="replace")

    def _bytes(self, name: str, path: Mapping[str, str], *, start: int = 0, **rest: Any) -> Reader:
        resume = None
        if "{sha256}" in BY_NAME[name].path:  # content by hash is the same whenever it is asked for

            def resume(position: int) -> BaseHTTPResponse:
                return self._from(start + position, name, path, **rest)

        return Reader(self.url, self._from(start, name, path, **rest), resume)

    def _stream(self, kind: type[T], name: str, path: Mapping[str, str], **rest: Any) -> ItemStream[T]:
        rest["timeout"] = rest.get("timeout") or STREAM_TIMEOUT
        response = self._send(BY_NAME[name], path, headers={"Accept": NDJSON}, **rest)
        if not response.headers.get("Content-Type", "").startswith(NDJSON):
            response.close()
            raise answers.not_ours(self.url)
        return ItemStream(self.url, response, kind)

    def _from(self, start: int, name: str, path: Mapping[str, str], **rest: Any) -> BaseHTTPResponse:
        """The answer from byte ``start`` on, by a range request (RFC 9110, section 14)."""
        if not start:
            return self._send(BY_NAME[name], path, **rest)
        response = self._send(BY_NAME[name], path, headers={"Range": f"bytes={start}-"}, **rest)
        if not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            response.close()
            raise answers.not_ours(self.url)
        return response

    def _complete(self, route: Route, path: Mapping[str, str], **rest: Any) -> bytes:
        import urllib3

        response = self._send(route, path, **rest)
        try:
            return response.read()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise answers.unreachable(self.url, error) from error
        finally:
            response.release_conn()

    def _send(
        self,
        route: Route,
        path: Mapping[str, str],
        *,
        request: Any = None,
        length: int | None = None,
        query: msgspec.Struct | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> BaseHTTPResponse:
        extra = dict(headers or {})
        if route.idempotency:
            extra["Idempotency-Key"] = idempotency_key or new_id()
        return self._transport.send(
            transport.Request(
                method=route.method,
                target=targets.target(route, path, query),
                body=_body(route, request, length),
                headers=extra,
                timeout=(self._timeout if timeout is None else timeout) + _waits(request, query),
                repeatable=retry.repeatable(route),
            )
        )


def _headers(token: str | None) -> dict[str, str]:
    return {
        "User-Agent": f"dotscience/{_version.__version__}",
        "Accept": "application/json, application/octet-stream, text/plain",
    } | transport.credentials(token)


def _body(route: Route, request: Any, length: int | None) -> body.Body | None:
    if route.request is None:
        # A POST without a body still says so: some proxies wait for one otherwise.
        return body.of(b"", "application/json") if route.method in ("POST", "PUT", "PATCH") else None
    if isinstance(route.request, Raw):
        return body.of(request, route.request.value, length)
    return body.of(msgspec.json.encode(request), "application/json")


def _waits(*bodies: object) -> float:
    """Seconds that a long poll may take before it answers."""
    return max(float(getattr(item, "wait", 0) or 0) for item in bodies)


_decoder: Callable[[Any], msgspec.json.Decoder[Any]] = functools.cache(msgspec.json.Decoder)


def _decode(kind: type[T], data: bytes) -> T:
    value: T = _decoder(kind).decode(data)
    return value
