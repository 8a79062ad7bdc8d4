"""Run a program that ends when its parent does.

- ``python -I child.py with PARENT COMMAND [ARGUMENT...]`` becomes the command.
- ``python -I child.py keep COMMAND [ARGUMENT...]`` stays, and starts the command again when it dies: JupyterHub looks
  only every 30 seconds whether a service still runs.

Started by path with the standard library only, so that it costs some milliseconds and little memory. Linux alone knows
PR_SET_PDEATHSIG (prctl(2)); elsewhere programs just run.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

_PR_SET_PDEATHSIG = 1
PARENT = "DOTSCIENCE_DIE_WITH_PARENT"
"""Environment variable by which a program of ours hears the same: it holds the parent's process id."""
_SHORTEST_WAIT, _LONGEST_WAIT, _STEADY_SECONDS = 0.2, 10.0, 60.0


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


class Keeper:
    """Keeps one program running, and ends with it when asked to."""

    def __init__(self, command: list[str]) -> None:
        """Args: program and arguments."""
        self._command = command
        self._stopping = False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Run it until SIGTERM or SIGINT, which it gets too, or until its very first start fails.

        Returns:
            Its exit code.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._forward)
        wait, first = _SHORTEST_WAIT, True
        while True:
            began = time.monotonic()
            code = self._once()
            # A failed start is told to who started us; a program that was killed is not a failed start.
            if self._stopping or (first and code > 0):
                return code if code >= 0 else 128 - code
            wait = _SHORTEST_WAIT if time.monotonic() - began > _STEADY_SECONDS else min(2 * wait, _LONGEST_WAIT)
            first = False
            sys.stderr.write(f"{self._command[-1]} ended with {code}; starting it again\n")
            time.sleep(wait)

    def _once(self) -> int:
        self._process = subprocess.Popen(self._command, env={**os.environ, PARENT: str(os.getpid())})
        if self._stopping:
            self._process.terminate()
        return self._process.wait()

    def _forward(self, number: int, _frame: object) -> None:
        self._stopping = True
        if self._process is not None:
            self._process.send_signal(number)


def main(arguments: list[str]) -> None:
    """See the module's description."""
    mode, *rest = arguments
    if mode == "keep":
        parent = os.environ.get(PARENT)
        if parent is not None:
            die_with_parent(int(parent))
        raise SystemExit(Keeper(rest).run())
    die_with_parent(int(rest[0]))
    os.execvp(rest[1], rest[1:])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
