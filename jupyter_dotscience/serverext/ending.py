"""The end of a server process, which a thread of anyio's pool may put off for ever.

anyio ends such a thread with the request that it was made for. A request that is cut off, as when a file is opened
while the server stops, never ends: the thread waits for work, and Python for the thread.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Final

_POOL: Final = "AnyIO worker thread"
"""What the names of such threads begin with. Any other thread is somebody's, who wants it to be waited for."""
_GRACE_SECONDS: Final = 3.0


def end_with_main_thread() -> None:
    """Let the process end soon after its main thread, though threads of the pool are left: what they do is cut off."""
    threading.Thread(target=_end, name="dotscience-end", daemon=True).start()


def _end() -> None:
    threading.main_thread().join()
    deadline = time.monotonic() + _GRACE_SECONDS
    for thread in _waited_for():
        thread.join(max(0.0, deadline - time.monotonic()))
    if _waited_for():
        os._exit(0)


def _waited_for() -> list[threading.Thread]:
    """The threads that Python waits for, when they are of pools, all of them."""
    main = threading.main_thread()
    kept = [thread for thread in threading.enumerate() if not thread.daemon and thread is not main]
    return kept if all(thread.name.startswith(_POOL) for thread in kept) else []
