"""A request whose body is stored while it arrives, for handlers beside the contract's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from .patience import PatientHandler
from .uploads import Upload


class ReceivingHandler(PatientHandler):
    """Base of such handlers; with `stream_request_body`. Their ``put`` awaits :meth:`received`."""

    _upload: Upload | None = None
    _work: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Before the body: who calls; then it is stored while it arrives."""
        self.request.connection.set_max_body_size(1 << 62)  # type: ignore[union-attr]  # the quota bounds it
        if self.request.method == "PUT":
            with self.refusing():
                await self.begin()

    async def begin(self) -> None:
        """Find out who calls and what for, and :meth:`receive`.

        Raises:
            ApiError: the body is not wanted.
        """
        raise NotImplementedError

    def receive(self, store: Callable[[Upload], Coroutine[Any, Any, None]]) -> None:
        """Have the body stored."""
        self._upload = Upload()
        self._work = asyncio.ensure_future(store(self._upload))
        self._work.add_done_callback(self._upload.done)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """A piece of the body; its sender waits for the disk."""
        if self.refusal is not None or self._upload is None or (self._work is not None and self._work.done()):
            self.discard(chunk)
            return None
        self._upload.feed(chunk)
        return self._upload.room()

    async def received(self) -> None:
        """The body is there: wait until it is stored.

        Raises:
            ApiError: it is refused.
        """
        self.raise_refusal()
        if self._upload is not None and self._work is not None:
            self._upload.end()
            await self._work

    def on_connection_close(self) -> None:
        """The caller is gone: nothing is kept of a part."""
        super().on_connection_close()
        if self._upload is not None:
            self._upload.abandon()
