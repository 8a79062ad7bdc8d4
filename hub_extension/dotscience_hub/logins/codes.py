"""Codes that the browser carries from the confirmation to the program on the same machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_dotscience.api.problems import BadRequest, Unavailable

from .approval import Approval, digest

CODE_SECONDS = 60.0
MAX_CODES = 10_000
"""Codes at once; each took the click of a logged-in user."""


@dataclass(frozen=True)
class _Issued:
    approval: Approval
    challenge: str
    deadline: float


class Codes:
    """Codes by their hash. In memory: they live a minute, and who loses one to a restart begins again.

    Used on the event loop alone, so that a code is taken by one request only.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: the clock, in seconds."""
        self._clock = clock
        self._issued: dict[str, _Issued] = {}

    def issue(self, approval: Approval, challenge: str) -> str:
        """A new code.

        Args:
            approval: What it stands for.
            challenge: PKCE's challenge: BASE64URL(SHA256(verifier)), RFC 7636, section 4.2.

        Raises:
            Unavailable: There are very many.
        """
        self._forget_old()
        if len(self._issued) >= MAX_CODES:
            raise Unavailable("Too many logins are under way; try again in a minute.")
        code = secrets.token_urlsafe(32)
        self._issued[digest(code)] = _Issued(approval, challenge, self._clock() + CODE_SECONDS)
        return code

    def redeem(self, code: str, verifier: str) -> Approval:
        """What a code stands for. It is spent, also when the verifier is wrong.

        Raises:
            BadRequest: An unknown, spent or expired code, or another program's: all told alike.
        """
        found = self._issued.pop(digest(code), None)
        if found is None or self._clock() >= found.deadline or not _fits(verifier, found.challenge):
            raise BadRequest(
                "This login has expired or was used already; begin again with `ds login --web`.", code="invalid_grant"
            )
        return found.approval

    def _forget_old(self) -> None:
        now = self._clock()
        self._issued = {key: issued for key, issued in self._issued.items() if now < issued.deadline}


def _fits(verifier: str, challenge: str) -> bool:
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(made, challenge.encode())
