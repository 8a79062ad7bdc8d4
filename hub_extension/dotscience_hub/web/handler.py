"""The tornado handler of all routes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

from tornado.web import stream_request_body

from jupyter_dotscience.api.problems import BadRequest, NotFound, TooLarge, Unavailable
from jupyter_dotscience.api.routes import Raw, Route

from .answers import send_download, send_stream, send_text
from .authentication import Authentication
from .binding import Endpoint, Kind
from .decoding import MAX_JSON, decode_json, decode_query
from .dispatch import Call, Dispatcher, encode
from .lifecycle import Lifecycle
from .patience import PatientHandler
from .problems import MethodNotAllowed
from .uploads import Upload

_UNLIMITED = 1 << 62
"""Tornado's own limit answers without a Problem; the limits are checked here."""


@stream_request_body
class RouteHandler(PatientHandler):
    """Serves all methods of one path."""

    def initialize(
        self,
        endpoints: Mapping[str, Endpoint],
        authentication: Authentication,
        dispatcher: Dispatcher,
        lifecycle: Lifecycle,
    ) -> None:
        """Args: the path's endpoints by method, and the collaborators that all handlers share."""
        self._endpoints = endpoints
        self._authentication = authentication
        self._dispatcher = dispatcher
        self._lifecycle = lifecycle
        self._buffer = bytearray()
        self._upload: Upload | None = None
        self._work: asyncio.Task[Any] | None = None
        self._call: Call | None = None
        self._complete = False

    async def prepare(self) -> None:
        """Everything that can be refused before the body has arrived."""
        self._lifecycle.begin(self)
        self.request.connection.set_max_body_size(_UNLIMITED)  # type: ignore[union-attr]
        if self.request.method == "OPTIONS":
            return
        with self.refusing():
            await self._prepare()

    async def _prepare(self) -> None:
        if any("\0" in value for value in self.path_kwargs.values()):
            raise NotFound("There is nothing at this address: it holds a NUL byte.")
        endpoint = self._endpoint()
        route = endpoint.route
        self.route_name = route.name
        query = decode_query(route, self.request.query_arguments)
        self._check_length(route)
        if route.access.principals:
            self.caller = await self._authentication.identify(self)
        key = self.request.headers.get("Idempotency-Key") if route.idempotency else None
        self._call = Call(endpoint, self.caller, dict(self.path_kwargs), query, key=key)
        if endpoint.takes_upload:
            await self._begin_upload()

    def _endpoint(self) -> Endpoint:
        method = "GET" if self.request.method == "HEAD" else str(self.request.method)
        if method not in self._endpoints:
            raise MethodNotAllowed(f"{method} is not possible here; possible: {', '.join(sorted(self._endpoints))}.")
        return self._endpoints[method]

    def _check_length(self, route: Route) -> None:
        headers = self.request.headers
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            raise BadRequest("Send the body without Content-Encoding.", code="content_encoding")
        length = headers.get("Content-Length", "")
        # What is no number tornado refuses itself, when it comes to the body.
        if route.request is not Raw.BYTES and length.isdecimal() and int(length[:20]) > MAX_JSON:
            raise _too_large()

    async def _begin_upload(self) -> None:
        """The service reads while the body arrives."""
        assert self._call is not None
        call = await self._dispatcher.admit(self._call)
        self._upload = upload = Upload()
        self._work = asyncio.ensure_future(call.endpoint.call(call.caller, **call.arguments(upload)))
        self._work.add_done_callback(upload.done)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """A piece of the body; an upload's sender waits for its reader."""
        if self.refusal is not None or self._call is None:
            self.discard(chunk)
        elif self._upload is not None:
            return self._feed(self._upload, chunk)
        elif self._call.endpoint.route.request is None:
            self.discard(chunk)
        elif len(self._buffer) + len(chunk) > MAX_JSON:
            self._buffer, self.refusal = bytearray(), _too_large()
        else:
            self._buffer += chunk
        return None

    async def _feed(self, upload: Upload, chunk: bytes) -> None:
        if self._work_task().done():
            self.discard(chunk)
            return
        upload.feed(chunk)
        await upload.room()

    def on_connection_close(self) -> None:
        """The caller is gone: nobody waits for the answer."""
        super().on_connection_close()
        self._lifecycle.end(self)
        if self._upload is not None:
            self._upload.abandon()
        elif self._work is not None:
            self._work.cancel()

    def on_finish(self) -> None:
        """The answer is complete."""
        self._lifecycle.end(self)

    async def _serve(self, **_parameters: str) -> None:
        """The body is there: call the service and answer."""
        self._complete = True
        self.raise_refusal()
        assert self._call is not None
        call = self._call
        endpoint, route = call.endpoint, call.endpoint.route
        if self._upload is not None:
            self._upload.end()
            result = encode(route, await self._guarded(self._work_task()))
        elif endpoint.kind is Kind.THREAD:
            result = await self._dispatcher.in_one_step(replace(call, body=bytes(self._buffer)))
        else:
            result = await self._serve_on_loop(call)
        if not self._finished:
            await self._answer(route, result)

    get = head = post = put = patch = delete = _serve

    async def options(self, **_parameters: str) -> None:
        """Say which methods there are."""
        self._complete = True
        self.set_header("Allow", self._allow())
        self.set_status(204)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with a Problem, and say after a 405 which methods there are (RFC 9110, section 15.5.6)."""
        if isinstance(kwargs.get("exc_info", (None, None))[1], MethodNotAllowed):
            self.set_header("Allow", self._allow())
        if not self._complete:
            # Tornado closes it, but does not say so.
            self.set_header("Connection", "close")
        super().write_error(status_code, **kwargs)

    def _allow(self) -> str:
        return ", ".join(sorted({*self._endpoints, "OPTIONS"}))

    async def _serve_on_loop(self, call: Call) -> Any:
        route = call.endpoint.route
        call = await self._dispatcher.admit(call)
        body = None if route.request is None else decode_json(route, self._buffer)
        self._buffer = bytearray()
        if call.endpoint.kind is Kind.STREAM:
            items = call.endpoint.call(call.caller, **call.arguments(body))
            await self._interruptible(send_stream(self, items))
            return None
        coroutine = call.endpoint.call(call.caller, **call.arguments(body))
        waits = bool(getattr(body, "wait", 0) or getattr(call.query, "wait", 0))
        return encode(route, await (self._interruptible(coroutine) if waits else self._cancellable(coroutine)))

    async def _answer(self, route: Route, result: Any) -> None:
        self.set_status(route.status)
        if route.response is Raw.TEXT:
            send_text(self, result)
        elif isinstance(route.response, Raw):
            await self._interruptible(send_download(self, result))
        elif route.response is None:
            self.finish()
        else:
            self.send_json(result)

    def _work_task(self) -> asyncio.Task[Any]:
        assert self._work is not None
        return self._work

    async def _cancellable(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Cancelled when the caller goes away."""
        self._work = asyncio.ensure_future(coroutine)
        return await self._guarded(self._work)

    async def _interruptible(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Cancelled also when the service stops: a long poll would hold it up."""
        self._work = asyncio.ensure_future(coroutine)
        with self._lifecycle.interruptible(self._work):
            return await self._guarded(self._work)

    async def _guarded(self, work: asyncio.Task[Any]) -> Any:
        try:
            return await work
        except asyncio.CancelledError:
            if not work.cancelled():
                raise
            if self._headers_written:
                self.abort()
                return None
            raise Unavailable("The hub is stopping; try again in a moment.") from None


def _too_large() -> TooLarge:
    return TooLarge(f"A JSON body has at most {MAX_JSON // 2**20} MiB; send it in parts.")
