"""What a person waits for: on a terminal a line that moves and leaves nothing behind, in a pipe a line now and then."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .guard import say
from .progress import LINE_SECONDS, MIDDLE, console, cut, line, on_terminal, plain_text, progress
from .text import printable

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

PATIENCE = 1.5
"""Seconds that something may take before it is worth a line."""
_SHARE = re.compile(r"\b(\d{1,3}) %")
_FIGURES = re.compile(r"\d[\d.,]*( [kMGT]?B\b)?")
_BESIDE = 11
"""Columns of the spinner and of the time."""
_BAR = 14
"""Columns of the shortest bar worth drawing."""


class Waiting:
    """Tells what is waited for, once it takes long. Output of others passes through :meth:`aside`.

    No lock is held while others write: a terminal that takes no more must not keep Ctrl-C from being heard.

    Args:
        new_line: Called before a line is drawn: ends a line that somebody else has begun.
    """

    def __init__(self, new_line: Callable[[], None] = lambda: None) -> None:
        self._new_line = new_line
        self._lock = threading.RLock()
        self._writers = 0
        self._text: str | None = None
        self._due: float | None = None
        self._said = ("", 0.0)
        self._line: _Line | None = None

    def tell(self, text: str | None) -> None:
        """Something is waited for, or with None nothing.

        Args:
            text: One sentence or so; a share such as ``40 %`` in it is drawn as a bar too.
        """
        with self._lock:
            if text == self._text:
                return
            changed = text is None or self._text is None or _words(text) != _words(self._text)
            self._text = text
            if self._line is not None and text is not None:
                self._draw(text)
            elif text is None:
                self._erase()
                self._due = None
            elif changed:
                self._due = time.monotonic() + PATIENCE
            elif self._due is None:
                self._due = self._said[1] + LINE_SECONDS

    def seconds(self) -> float | None:
        """How long until :meth:`show` has something to do; None: until :meth:`tell` was called."""
        with self._lock:
            return None if self._due is None else max(self._due - time.monotonic(), 0.01)

    def show(self) -> None:
        """Show what is waited for, when it is time to."""
        with self._lock:
            if self._text is None or self._due is None or time.monotonic() < self._due:
                return
            if self._writers:
                self._due = time.monotonic() + PATIENCE
                return
            self._due = None
            if on_terminal():
                self._new_line()
                self._draw(self._text)
            elif _words(self._text) != self._said[0] or time.monotonic() - self._said[1] >= LINE_SECONDS:
                self._said = (_words(self._text), time.monotonic())
                say(printable(self._text))

    def say(self, message: str) -> None:
        """A message that stays."""
        with self.aside():
            say(message)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Out of the way of what is written meanwhile; back after a while if the waiting goes on."""
        with self._lock:
            self._writers += 1
            self._erase()
        try:
            yield
        finally:
            with self._lock:
                self._writers -= 1

    def _draw(self, text: str) -> None:
        if self._line is not None and self._line.has_share == _has_share(text):
            self._line.show(text)
            return
        if self._line is not None:
            self._line.erase()
        # Known before it is shown: Ctrl-C may come in between, and what was shown has to be erased then.
        self._line = _Line(text)
        self._line.start()

    def _erase(self) -> None:
        if self._line is not None:
            self._line.erase()
            self._line = None
            self._due = time.monotonic() + PATIENCE


class _Line:
    """The line that moves: a spinner, what is waited for, a bar when its share is known, the time."""

    def __init__(self, text: str) -> None:
        from rich.progress import SpinnerColumn, TimeElapsedColumn

        screen = console()
        self.has_share = _has_share(text)
        has_bar = self.has_share and screen.width >= MIDDLE
        spinner = SpinnerColumn("dots" if screen.encoding.startswith("utf") else "line")
        middle: list[ProgressColumn] = [plain_text(), line()] if has_bar else [plain_text()]
        self._room = screen.width - _BESIDE - (_BAR if has_bar else 0)
        self._progress = progress([spinner, *middle, TimeElapsedColumn()], transient=True)
        self._task = self._progress.add_task("", total=100)
        self.show(text)

    def start(self) -> None:
        """Show it."""
        self._progress.start()

    def show(self, text: str) -> None:
        """Another text."""
        share = _SHARE.search(text)
        done = min(int(share[1]), 99) if share else 0  # at 100 the spinner would stop, though we still wait
        self._progress.update(self._task, description=_fitting(printable(text), self._room), completed=done)

    def erase(self) -> None:
        """Leave nothing behind."""
        self._progress.stop()


def _fitting(text: str, width: int) -> str:
    """A text in so many columns; where it has a share, that is what a person looks for, and it stands at the end."""
    if len(text) <= width or not _has_share(text):
        return cut(text, width)
    kept = max(width // 2, 1)
    return cut(text, width - kept) + text[-kept:]


def _has_share(text: str) -> bool:
    return _SHARE.search(text) is not None


def _words(text: str) -> str:
    """A text without its figures, which change all the time."""
    return _FIGURES.sub("0", text)
