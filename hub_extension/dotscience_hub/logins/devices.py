"""Logins of machines without a browser, confirmed on another device (RFC 8628)."""

from __future__ import annotations

import datetime as dt
import enum
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.problems import BadRequest, Unavailable

from .approval import Approval, digest

DEVICE_SECONDS = 600.0
INTERVAL_SECONDS = 2.0
COLLECT_SECONDS = 120.0
"""So long a confirmed login waits for its machine, which asks every other second, with somebody's OAuth token."""
MAX_PENDING = 10_000
"""Logins at once: anyone may begin one, and each takes about a kilobyte for ten minutes."""
# RFC 8628, section 6.1: no vowels, so no words, and nothing that looks like something else. 20^8 is 34 bits.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
_HASTE = 0.75
"""A question that comes after this part of the interval is not called hasty: clocks and networks are not exact."""


class _State(enum.Enum):
    WAITING = enum.auto()
    CONFIRMED = enum.auto()
    REFUSED = enum.auto()


@dataclass
class Pending:
    """A login that waits.

    Attributes:
        user_code: XXXX-XXXX.
        machine: What the machine calls itself.
        begun: When.
    """

    user_code: str
    machine: str
    begun: dt.datetime
    deadline: float = field(repr=False)
    device: str = field(repr=False)
    state: _State = _State.WAITING
    approval: Approval | None = field(default=None, repr=False)
    decided_by: str | None = None
    asked: float | None = field(default=None, repr=False)


class Devices:
    """Pending logins by the hashes of their codes. In memory, and on the event loop alone, as :class:`.codes.Codes`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: the clock, in seconds."""
        self._clock = clock
        self._by_device: dict[str, Pending] = {}
        self._by_user_code: dict[str, Pending] = {}

    def begin(self, machine: str) -> tuple[str, Pending]:
        """A new login: the device code, which is shown this once, and what is known of it.

        Raises:
            Unavailable: There are very many.
        """
        self._forget_old()
        if len(self._by_user_code) >= MAX_PENDING:
            raise Unavailable("Too many logins are under way; try again in some minutes.")
        device_code = secrets.token_urlsafe(32)
        pending = Pending(self._new_user_code(), machine, now(), self._clock() + DEVICE_SECONDS, digest(device_code))
        self._by_device[pending.device] = self._by_user_code[_key(pending.user_code)] = pending
        return device_code, pending

    def _new_user_code(self) -> str:
        while True:
            letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
            if _key(letters) not in self._by_user_code:
                return f"{letters[:4]}-{letters[4:]}"

    def find(self, user_code: str) -> Pending | None:
        """The login that waits under a code, however it is typed; None when there is none (any more)."""
        found = self._by_user_code.get(_key(user_code))
        if found is None or found.state is not _State.WAITING or self._clock() >= found.deadline:
            return None
        return found

    def decide(self, pending: Pending, approval: Approval, *, allowed: bool) -> None:
        """Confirm a login or refuse it."""
        pending.state = _State.CONFIRMED if allowed else _State.REFUSED
        pending.approval = approval if allowed else None
        pending.decided_by = approval.user
        pending.deadline = min(pending.deadline, self._clock() + COLLECT_SECONDS)

    def decision(self, user_code: str, user: str) -> bool | None:
        """What a user has decided before, who perhaps clicked twice; None for nothing."""
        found = self._by_user_code.get(_key(user_code))
        return found.state is _State.CONFIRMED if found is not None and found.decided_by == user else None

    def collect(self, device_code: str) -> tuple[Pending, Approval]:
        """What was confirmed; it is handed out once.

        Raises:
            BadRequest: With the codes of RFC 8628, section 3.5.
        """
        pending = self._by_device.get(digest(device_code))
        if pending is None or self._clock() >= pending.deadline:
            raise BadRequest("This login has expired; begin again with `ds login --device`.", code="expired_token")
        if pending.state is _State.REFUSED:
            del self._by_device[pending.device]
            raise BadRequest("The login was refused in the browser.", code="access_denied")
        if pending.approval is None:
            raise self._not_yet(pending)
        del self._by_device[pending.device]
        approval, pending.approval = pending.approval, None
        return pending, approval

    def put_back(self, pending: Pending, approval: Approval) -> None:
        """A confirmed login whose token could not be made for now: the next question finds it again."""
        pending.approval = approval
        self._by_device[pending.device] = pending

    def _not_yet(self, pending: Pending) -> BadRequest:
        moment, last = self._clock(), pending.asked
        pending.asked = moment
        if last is not None and moment - last < INTERVAL_SECONDS * _HASTE:
            return BadRequest("Ask less often: wait 5 seconds more between two questions.", code="slow_down")
        return BadRequest("Nobody has confirmed this login yet; ask again.", code="authorization_pending")

    def _forget_old(self) -> None:
        moment = self._clock()
        self._by_device = {key: each for key, each in self._by_device.items() if moment < each.deadline}
        self._by_user_code = {key: each for key, each in self._by_user_code.items() if moment < each.deadline}


def _key(user_code: str) -> str:
    """The hash of a code, typed with or without hyphen and spaces, in capitals or not."""
    return digest("".join(letter for letter in user_code.upper() if letter.isalnum()))
