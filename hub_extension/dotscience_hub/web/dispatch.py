"""One request's way through access control, idempotency and a service."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import msgspec

from dotscience_hub.services.caller import Caller
from dotscience_hub.store import idempotency
from dotscience_hub.store.database import Database
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.routes import Raw, Route

from .binding import Endpoint
from .decoding import decode_json

Result = TypeVar("Result")


class Access(Protocol):
    """Decides who may call what."""

    def check(self, route: Route, caller: Caller | None, parameters: Mapping[str, str], /) -> Caller | None:
        """The caller with their role, or an ApiError."""
        ...


@dataclass(frozen=True)
class Call:
    """A request with all that was found out about it.

    Attributes:
        endpoint: What serves it.
        caller: Who calls; None on a route for anyone.
        parameters: Of the path.
        query: Decoded query, or None.
        body: JSON as it came, or an async iterator of bytes, or None.
        key: The Idempotency-Key, or None.
    """

    endpoint: Endpoint
    caller: Caller | None
    parameters: Mapping[str, str]
    query: Any = None
    body: Any = None
    key: str | None = None

    def arguments(self, body: Any) -> dict[str, Any]:
        """Keyword arguments of the service's method."""
        found: dict[str, Any] = dict(self.parameters)
        if self.endpoint.route.request is not None:
            found["body"] = body
        if self.endpoint.route.query is not None:
            found["query"] = self.query
        return found


class Dispatcher:
    """Runs calls: plain functions on worker threads, everything else on the event loop."""

    def __init__(self, access: Access, database: Database, pool: ThreadPoolExecutor) -> None:
        """Args: who may, where keys are remembered, and the threads that do the work."""
        self._access = access
        self._database = database
        self._pool = pool

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        """The result of ``work``, done on a worker thread."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._pool, context.run, work)

    async def admit(self, call: Call) -> Call:
        """The call with the caller's role.

        Raises:
            ApiError: The caller may not.
        """
        return await self.in_thread(lambda: self._admit(call))

    def _admit(self, call: Call) -> Call:
        if not call.endpoint.route.access.principals:
            return call
        return replace(call, caller=self._access.check(call.endpoint.route, call.caller, call.parameters))

    async def in_one_step(self, call: Call) -> Any:
        """Admit, decode, call and encode on one worker thread. Returns bytes, or what a raw route answers."""
        return await self.in_thread(lambda: self._step(self._admit(call)))

    def _step(self, call: Call) -> Any:
        route = call.endpoint.route
        body = None if route.request is None else decode_json(route, call.body)

        def prepare() -> None:
            if call.endpoint.prepare is not None:
                call.endpoint.prepare(call.caller, **call.arguments(body))

        def work() -> Any:
            return encode(route, call.endpoint.call(call.caller, **call.arguments(body)))

        if call.key is None or not route.idempotency or call.caller is None:
            prepare()
            return work()
        return self._once(call, call.caller, call.key, prepare, work)

    def _once(
        self, call: Call, caller: Caller, key: str, prepare: Callable[[], None], work: Callable[[], bytes]
    ) -> bytes:
        """The answer that this request got before, or that of ``work``, remembered in the same transaction.

        What is prepared is prepared before it: never twice for one that was answered.
        """
        request = idempotency.Request(
            principal=f"{caller.kind}:{caller.name}",
            route="/".join((call.endpoint.route.name, *call.parameters.values())),
            key=key,
            body=call.body,
        )
        if call.endpoint.prepare is not None:
            with self._database.read() as session:
                before = idempotency.lookup(session, request)
            if before is not None:
                return before.response
            prepare()
        with self._database.write() as session:
            before = idempotency.lookup(session, request)
            if before is not None:
                return before.response
            response = work()
            answer = idempotency.Answer(status=call.endpoint.route.status, response=response)
            idempotency.save(session, request, answer, now())
            return response


def encode(route: Route, result: Any) -> Any:
    """JSON for what travels as JSON; raw answers as they are."""
    if route.response is None:
        return b""
    return result if isinstance(route.response, Raw) else msgspec.json.encode(result)
