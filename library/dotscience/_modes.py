"""How the code runs: as a script, in a notebook, or remote from the hub."""

from __future__ import annotations

import os
import sys

from dotscience._files import relative

INTERACTIVE = "interactive"
SCRIPT = "script"
REMOTE = "remote"

_BY_WORKLOAD = {"jupyter": INTERACTIVE, "command": SCRIPT}


class Mode:
    """The chosen mode, and the workload file that comes with it. Once chosen it stays.

    Args:
        root: the root of the workspace, which workload files are relative to.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self.name: str | None = None
        self.workload_file: str | None = None

    def select(self, name: str, script: object = None) -> None:
        """Choose a mode.

        Args:
            name: one of `INTERACTIVE`, `SCRIPT`, `REMOTE`.
            script: the workload file in script mode; `None` for the program that was started.

        Raises:
            RuntimeError: another mode was chosen before.
        """
        if self.name not in (None, name):
            raise RuntimeError(f"Cannot select {name} mode: the library is already in {self.name} mode.")
        self.name = name
        self.workload_file = self._script(script) if name == SCRIPT else None

    def settle(self) -> None:
        """Choose by ``DOTSCIENCE_WORKLOAD_TYPE``, where the user has not; outside a task no mode is chosen."""
        detected = self._detected()
        if self.name is None and detected is not None:
            self.select(detected)

    def foreseen_workload_file(self) -> str | None:
        """The workload file that a publish would record by now; chooses nothing, so that the user still can."""
        if self.name is None and self._detected() == SCRIPT:
            return self._script(None)
        return self.workload_file

    def _script(self, path: object) -> str | None:
        script = _program() if path is None else path
        return relative(script, self._root) if script else None

    @staticmethod
    def _detected() -> str | None:
        return _BY_WORKLOAD.get(os.environ.get("DOTSCIENCE_WORKLOAD_TYPE", ""))


def _program() -> str:
    """The started program; empty for `python` alone, and in an embedded Python, which may have no ``sys.argv``."""
    argv: list[str] = getattr(sys, "argv", [])
    return argv[0] if argv else ""
