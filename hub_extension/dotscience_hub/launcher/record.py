"""Which processes a launcher started, for the next one to clean up after a kill."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dotscience_hub.privatefile import write_private

from .processes import Process, end_all

PATIENCE = 5.0


class Record:
    """A file with the processes of the present start."""

    def __init__(self, path: Path) -> None:
        """Args: where it is."""
        self._path = path
        self.saved: list[Process] = []

    def save(self, processes: list[Process]) -> None:
        """Note the processes, if they are others than before."""
        if processes != self.saved:
            write_private(self._path, msgspec.json.encode(processes))
            self.saved = processes

    def clean(self) -> int:
        """End what an earlier launcher left running; returns how many. To be called with the folder's lock held."""
        try:
            noted = msgspec.json.decode(self._path.read_bytes(), type=list[Process])
        except (OSError, msgspec.MsgspecError):
            return 0
        left = [process for process in noted if process.alive()]
        end_all(left, PATIENCE)
        self.clear()
        return len(left)

    def clear(self) -> None:
        """Forget them: all have ended."""
        self._path.unlink(missing_ok=True)
