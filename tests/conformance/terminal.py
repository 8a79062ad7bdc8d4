"""The program on a pseudo-terminal: what a person types, and all that they see."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from tests.cli.program import COMMAND, Program

SECONDS = 60.0
"""How long something may be waited for."""
ROWS, COLUMNS = 40, 100
# Makes the terminal the controlling one, so that a typed Ctrl-C becomes a SIGINT of the kernel's own.
_ATTACH = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
INTERRUPT = b"\x03"


class Terminal:
    """One command on a terminal of its own. As a context: ends what has not ended.

    Args:
        program: Whose settings and environment the command has.
        arguments: Of the command.
        pipe: Give the command a pipe as standard output; the terminal is its standard input and error only.
        columns: Width of the terminal.
    """

    def __init__(self, program: Program, *arguments: str, pipe: bool = False, columns: int = COLUMNS) -> None:
        self.seen = b""
        """Everything that was shown so far."""
        self._handle, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        environment = {name: value for name, value in program.environment.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-c", _ATTACH, *COMMAND, *arguments],
            stdin=slave,
            stdout=subprocess.PIPE if pipe else slave,
            stderr=slave,
            env={"TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        os.close(self._handle)

    def type(self, text: bytes) -> None:
        """Type."""
        os.write(self._handle, text)

    def expect(self, text: bytes, start: int = 0) -> int:
        """Wait until something is shown.

        Args:
            text: What is waited for.
            start: Where in :attr:`seen` to begin to look.

        Returns:
            Where it ends.
        """
        pieces = self._pieces()
        while (found := self.seen.find(text, start)) < 0:
            assert next(pieces, None) is not None, f"{text!r} never came:\n{self.seen.decode(errors='replace')}"
        return found + len(text)

    def settle(self) -> None:
        """Wait until the command waits: between a prompt and the reading of an answer a signal may get lost."""
        deadline = time.monotonic() + SECONDS
        while Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
            assert time.monotonic() < deadline, "the command never waited"
            time.sleep(0.01)

    def end(self) -> int:
        """Wait until the command has ended; its exit status."""
        for _ in self._pieces():
            pass
        return self.process.wait(SECONDS)

    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._handle)[3] & termios.ECHO)

    def _pieces(self) -> Iterator[bytes]:
        deadline = time.monotonic() + SECONDS
        while select.select([self._handle], [], [], max(deadline - time.monotonic(), 0))[0]:
            piece = b""
            with contextlib.suppress(OSError):  # Linux reports the end of a pseudo-terminal as EIO
                piece = os.read(self._handle, 65536)
            if not piece:
                return
            self.seen += piece
            yield piece
        raise AssertionError(f"nothing more came in {SECONDS} s after:\n{self.seen.decode(errors='replace')}")
