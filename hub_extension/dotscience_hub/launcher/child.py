"""Run a program that ends when its parent does: ``python -I child.py PARENT COMMAND [ARGUMENT...]``.

Started by path with the standard library only, so that it costs some milliseconds and, after exec, no memory. Linux
alone knows PR_SET_PDEATHSIG (prctl(2)); elsewhere the program just runs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
PARENT = "DOTSCIENCE_DIE_WITH_PARENT"
"""Environment variable by which a Python program of ours hears the same: it holds the parent's process id."""


def die_with_parent(parent: int, number: int = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal when its parent is gone. It holds over exec, not over fork.

    Args:
        parent: Process id of the parent; when it is gone already, this process ends here.
        number: The signal.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(0)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell is wanted
