"""A progress bar on a terminal."""

from __future__ import annotations

import shutil
import sys
import time

_EVERY = 0.1


class Bar:
    """Shows how much of an upload is done, on stderr; nothing at all when that is no terminal.

    Args:
        label: What is going on.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._shown = sys.stderr.isatty()
        self._last = 0.0
        self._drawn = False

    def __call__(self, done: int, total: int) -> None:
        """Draw.

        Args:
            done: Bytes so far.
            total: Bytes in all.
        """
        moment = time.monotonic()
        if not self._shown or (moment - self._last < _EVERY and done < total):
            return
        self._last, self._drawn = moment, True
        sys.stderr.write("\r" + self._line(done, total))
        sys.stderr.flush()

    def _line(self, done: int, total: int) -> str:
        columns = shutil.get_terminal_size().columns
        share = min(done / total, 1.0) if total else 1.0
        tail = f" {share:4.0%} of {human_size(total)}"
        width = max(columns - len(self._label) - len(tail) - 4, 5)
        filled = int(share * width)
        return f"{self._label} [{'=' * filled}{' ' * (width - filled)}]{tail}"[: columns - 1]

    def end(self) -> None:
        """Leave the line."""
        if self._drawn:
            sys.stderr.write("\n")
            sys.stderr.flush()


def human_size(size: float) -> str:
    """A size with a unit: ``12 B``, ``3.4 kB``, ``5.0 GB`` (powers of 1000)."""
    if size < 1000:
        return f"{size:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.95 or unit == "TB":
            break
    return f"{size:.1f} {unit}"
