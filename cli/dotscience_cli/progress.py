"""Progress bars on a terminal, drawn by rich; in a pipe a line now and then.

rich takes 50 ms to import and is imported with the first bar. Colour is rich's own affair: none with NO_COLOR, ASCII
instead of lines where the terminal's encoding has no others, nothing that moves on a dumb terminal.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from typing import TYPE_CHECKING

from .guard import say
from .text import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn

WIDE, MIDDLE = 72, 48
"""Columns of a terminal from which on there is room for speed and time, and for sizes."""
LINE_SECONDS = 10.0
"""How often a transfer that nobody watches on a terminal says how far it is."""


class Bar:
    """How much of a transfer is done, on standard error.

    Args:
        label: What is going on, such as "Uploading"; not longer than a line.
    """

    def __init__(self, label: str) -> None:
        self._label = printable(label)
        self._drawn: _Drawn | None = None
        self._said = time.monotonic()

    def __call__(self, done: int, total: int | None) -> None:
        """Show how far it is.

        Args:
            done: Bytes so far.
            total: Bytes in all; None where that is not known.
        """
        if total == 0:  # files without content: there is no share of nothing
            return
        if not on_terminal():
            self._say(done, total)
            return
        if self._drawn is None:
            self._drawn = _Drawn(self._label, done, total)
            self._drawn.start()
        else:
            self._drawn.update(done, total)

    def _say(self, done: int, total: int | None) -> None:
        if time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            say(f"{self._label}: {share_of(done, total)}")

    def end(self) -> None:
        """Leave the bar as it is, and its line."""
        if self._drawn is not None:
            self._drawn.stop()
            self._drawn = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


class _Drawn:
    """A bar on a terminal."""

    def __init__(self, label: str, done: int, total: int | None) -> None:
        width = console().width
        self._progress = progress(_columns(width))
        self._task = self._progress.add_task(cut(label, max(width // 3, 10)), total=total, completed=done)

    def start(self) -> None:
        self._progress.start()

    def update(self, done: int, total: int | None) -> None:
        self._progress.update(self._task, completed=done, total=total)

    def stop(self) -> None:
        self._progress.stop()


def _columns(width: int) -> list[ProgressColumn]:
    """What there is room for beside the bar."""
    from rich.progress import DownloadColumn, TaskProgressColumn, TimeRemainingColumn, TransferSpeedColumn

    columns: list[ProgressColumn] = [plain_text(), line(), TaskProgressColumn()]
    if width >= MIDDLE:
        columns.append(DownloadColumn())
    if width >= WIDE:
        columns += [TransferSpeedColumn(), TimeRemainingColumn(compact=True, elapsed_when_finished=True)]
    return columns


def plain_text() -> ProgressColumn:
    """A progress' description, in which nothing has a special meaning: it may hold names that others chose."""
    from rich.progress import TextColumn
    from rich.table import Column

    return TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="crop"))


def line() -> ProgressColumn:
    """The bar itself, as long as there is room."""
    from rich.progress import BarColumn

    return BarColumn(bar_width=None, complete_style="cyan", finished_style="green")


def progress(columns: list[ProgressColumn], *, transient: bool = False) -> Progress:
    """Columns on this terminal, not yet shown.

    Args:
        columns: From left to right.
        transient: Leave nothing behind.
    """
    from rich.progress import Progress

    # What others print goes past rich: a job's bytes must not be changed.
    return Progress(
        *columns, console=console(), expand=True, transient=transient, redirect_stdout=False, redirect_stderr=False
    )


@functools.cache
def console() -> Console:
    """The terminal that standard error is."""
    from rich.console import Console

    class SteadyConsole(Console):
        """Never hides the cursor: a process that is killed or suspended could not bring it back."""

        def show_cursor(self, show: bool = True) -> bool:
            return False

    # Standard error was looked at; variables of the environment may say otherwise.
    return SteadyConsole(
        stderr=True, highlight=False, markup=False, emoji=False, force_jupyter=False, force_terminal=True
    )


def on_terminal() -> bool:
    """Whether standard error is a terminal on which something can move."""
    return sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


def cut(text: str, width: int) -> str:
    """The beginning of a text that is too long."""
    return text if len(text) <= width else text[: max(width - 3, 1)] + "..."


def share_of(done: int, total: int | None) -> str:
    """``40 % of 5.0 GB``; where the whole is not known, what is done."""
    return f"{100 * min(done, total) // total} % of {human_size(total)}" if total else human_size(done)


def human_size(size: float) -> str:
    """A size with a unit: ``12 B``, ``3.4 kB``, ``5.0 GB`` (powers of 1000)."""
    if size < 1000:
        return f"{size:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.95 or unit == "TB":
            break
    return f"{size:.1f} {unit}"
