"""What blocks, done beside the server's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from jupyter_dotscience.workspace.threads import Threads

T = TypeVar("T")


async def aside(call: Callable[..., T], *args: Any) -> T:
    """Do something that blocks, on a thread of its own that does not keep the server from ending."""
    thread = Threads(1, "dotscience-aside")
    done = thread.submit(call, *args)
    thread.close(wait=False)
    return await asyncio.wrap_future(done)
