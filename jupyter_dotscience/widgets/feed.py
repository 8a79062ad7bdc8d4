"""Looks again and again, on a thread of its own, for as long as somebody sees the result."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable

from jupyter_dotscience.api.problems import DotscienceError

SILENCE_SECONDS = 75.0
"""A page that is open says so three times in this time; one that says nothing for so long was closed."""
_RATIO = 5
"""A look that takes long is followed by a pause that is longer, so that it takes a sixth of anybody's time at most."""
_LONGEST_PAUSE = 60.0


class Feed:
    """The thread.

    Args:
        look: Reads; may take its time.
        failed: Told what went wrong, and an empty text once it no longer does.
        pause: Seconds between two looks.
    """

    def __init__(self, look: Callable[[], None], failed: Callable[[str], None], pause: float) -> None:
        self._look, self._failed, self._pause = look, failed, pause
        self._looking = threading.Lock()
        self._seen: dict[str, float] = {"display": time.monotonic()}
        self._changed, self._closed = threading.Event(), False
        self._idle = 0.0
        self._loop = _loop()
        threading.Thread(target=self._run, name="dotscience-widget", daemon=True).start()

    def see(self, page: str, *, visible: bool) -> None:
        """A page says that it is seen, or no longer is. What was said of the display itself ends with it."""
        self._seen.pop("display", None)
        if visible:
            self._seen[page] = time.monotonic()
        else:
            self._seen.pop(page, None)
        self._changed.set()

    def refresh(self) -> None:
        """Look now, on this thread.

        Raises:
            DotscienceError: what went wrong.
        """
        with self._looking:
            self._look()

    def close(self) -> None:
        """Look no more. A look under way comes to its end by itself."""
        self._closed = True
        self._changed.set()

    def _run(self) -> None:
        while not self._closed:
            if not self._is_seen():
                self._changed.wait()
                self._changed.clear()
                continue
            began = time.monotonic()
            self._try()
            took = time.monotonic() - began
            self._wait(min(max(self._pause, took * _RATIO), _LONGEST_PAUSE))

    def _wait(self, seconds: float) -> None:
        """A pause. What a page says does not make it shorter: pages say much."""
        self._note_idle()
        ends = time.monotonic() + seconds
        while not self._closed and (left := ends - time.monotonic()) > 0:
            self._changed.wait(left)
            self._changed.clear()

    def _try(self) -> None:
        try:
            self.refresh()
            self._failed("")
        except DotscienceError as error:
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - a thread that ends would leave an old picture without a word
            self._failed(f"It cannot be brought up to date: {type(error).__name__}: {error}")

    def _is_seen(self) -> bool:
        """Whether a page shows it. While the kernel works, what pages say waits: then silence means nothing."""
        return any(self._idle - said < SILENCE_SECONDS for said in list(self._seen.values()))

    def _note_idle(self) -> None:
        """Have the kernel's own thread note the time as soon as it has nothing else to do."""
        if self._loop is None:
            return

        def note() -> None:
            self._idle = time.monotonic()

        with contextlib.suppress(RuntimeError):  # the loop is closed: the kernel ends
            self._loop.call_soon_threadsafe(note)


def _loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
