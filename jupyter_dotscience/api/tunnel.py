"""What the agent of a runner and the hub's gateway say to each other: the tunnel to JupyterLab.

The agent only calls out, with the runner's token, over websockets below :data:`PREFIX`:

- one **control** connection. The gateway says :class:`Session` first, with a secret that opens data connections. The
  agent offers each JupyterLab whose lease it holds; the gateway accepts or refuses.
- a pool of **data** connections, which wait until the gateway hands one a browser's connection by :class:`Open`. From
  then on binary messages are bytes, in both directions, and the text :data:`EOF` is half a close. Closing the websocket
  is the whole. How many shall wait the gateway says by :class:`Dial`.

Control messages are JSON with a ``type``. What a side does not know it ignores.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from ._base import Id, Int64

SERVICE = "dotscience-gateway"
PREFIX = f"/services/{SERVICE}"
CONTROL, DATA = "/control", "/data"
SESSION_HEADER = "X-Dotscience-Session"
"""Carries the session's secret on data connections, beside the runner's token."""
EOF = "eof"
CHUNK = 128 * 1024
"""Bytes of one message at the most. Measured: more is no faster, less costs."""
MAX_MESSAGE = 4 * CHUNK


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A control message. Unknown fields are ignored."""


class Session(_Message, frozen=True, kw_only=True, tag="session"):
    """The gateway's first word on a control connection."""

    secret: Annotated[str, Meta(description="Opens data connections of this session. Secret.")]

    def __repr__(self) -> str:
        """Without the secret."""
        return "Session()"


class Offer(_Message, frozen=True, kw_only=True, tag="offer"):
    """The agent: browsers may reach this task's JupyterLab through me."""

    task: Id
    fence: Int64


class Withdraw(_Message, frozen=True, kw_only=True, tag="withdraw"):
    """The agent: no longer. The gateway: your lease is gone, so no longer."""

    task: Id
    fence: Int64


class Accepted(_Message, frozen=True, kw_only=True, tag="accepted"):
    """The gateway: a port listens for this task."""

    task: Id
    fence: Int64


class Refused(_Message, frozen=True, kw_only=True, tag="refused"):
    """The gateway: not this task."""

    task: Id
    fence: Int64
    reason: str
    again: Annotated[bool, Meta(description="Whether it may be different in a moment.")] = False


class Dial(_Message, frozen=True, kw_only=True, tag="dial"):
    """The gateway: open so many more data connections."""

    count: Annotated[int, Meta(ge=1, le=1000)]


class Open(_Message, frozen=True, kw_only=True, tag="open"):
    """The gateway, on a data connection: it is a browser's now, for this task."""

    task: Id


FromAgent = Offer | Withdraw
FromGateway = Session | Accepted | Refused | Withdraw | Dial
