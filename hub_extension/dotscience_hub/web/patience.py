"""Refusals that wait until the request's body is through."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from jupyter_dotscience.api.problems import TooLarge

from .base import BaseHandler

_PATIENCE = 1 << 30
"""Bytes of an unwanted body that are read before the connection is closed."""


class PatientHandler(BaseHandler):
    """A handler that gets its body in pieces, and may know early that it wants none of it.

    A refusal is kept until the body is through: were the connection closed while the caller still sends, a reset could
    overtake the answer, and a proxy between would make a 503 of it. Who asks before sending (Expect: 100-continue) is
    answered at once.
    """

    refusal: Exception | None = None
    _discarded = 0

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Around all that is done before the body has arrived: keeps what is raised."""
        try:
            yield
        except Exception as error:
            if "Expect" in self.request.headers:
                raise
            self.refusal = error

    def raise_refusal(self) -> None:
        """To be called when the body is through."""
        if self.refusal is not None:
            raise self.refusal

    def discard(self, chunk: bytes) -> None:
        """Nobody wants the rest of the body. When it is very long, answer at once and close the connection."""
        self._discarded += len(chunk)
        if self._discarded > _PATIENCE and not self._finished:
            error = self.refusal or TooLarge("The request's body is too long, and nobody wanted it.")
            self.send_error(500, exc_info=(type(error), error, error.__traceback__))
