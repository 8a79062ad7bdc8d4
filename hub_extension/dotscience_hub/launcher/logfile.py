"""What a child prints: into a file that does not grow for ever."""

from __future__ import annotations

import asyncio
import sys
from logging import LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path

MAX_BYTES = 10_000_000
BACKUPS = 3
_LINE = 1 << 20


class _Lines(RotatingFileHandler):
    """Rotates, but writes bytes as they came."""

    def format(self, record: LogRecord) -> str:
        """The line itself."""
        return str(record.msg)


class LogFile:
    """The log of one child, over its restarts."""

    def __init__(self, folder: Path, name: str, *, echo: bool) -> None:
        """Args.

        folder: Where logs are.
        name: The child's name.
        echo: Whether lines go to the terminal too.
        """
        self.path = folder / f"{name}.log"
        self.path.touch(mode=0o600)
        self._name = name
        self._echo = echo
        self._file = _Lines(self.path, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8", errors="replace")

    async def copy(self, stream: asyncio.StreamReader) -> None:
        """Copy lines until the stream ends."""
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                # A line longer than the reader's buffer: what is there goes out as it is.
                line = await stream.read(_LINE)
            if not line:
                return
            self.write(line.decode(errors="replace").rstrip("\n"))

    def write(self, text: str) -> None:
        """Add a line."""
        record = LogRecord(self._name, 20, "", 0, text, None, None)
        self._file.emit(record)
        if self._echo:
            sys.stderr.write(f"[{self._name}] {text}\n")

    def tail(self, lines: int = 8) -> str:
        """The last lines, for a message about a failure."""
        text = self.path.read_text(errors="replace")[-20_000:]
        return "\n".join(text.splitlines()[-lines:])

    def close(self) -> None:
        """Close the file."""
        self._file.close()
